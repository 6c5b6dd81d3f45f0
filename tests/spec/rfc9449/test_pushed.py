"""Section 10.1: a pushed request says what key its code is for, by a parameter or by a proof."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.browser import Browser
from tests.support.dpop import Prover
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.stores import ISSUER
from tests.support.world import World


def push(rp: RelyingParty, proof: str, **changes: str | None) -> httpx.Response:
    """A pushed request with a proof beside it."""
    asked = rp.push_request(rp.parameters(**changes))
    asked.headers["DPoP"] = proof
    return rp.http.send(asked)


def proof_for_par(prover: Prover, **changes: Any) -> str:
    """A proof for that endpoint."""
    return prover.proof("POST", f"{ISSUER}/par", **changes)


@pytest.mark.parametrize("twice", [False, True], ids=["by proof", "by proof and parameter"])
def test_the_code_is_for_the_key(
    public: RelyingParty, at_work: Browser, prover: Prover, stranger: Prover, twice: bool
) -> None:
    """Whoever else gets hold of the code gets nothing for it."""
    answer = push(public, proof_for_par(prover), dpop_jkt=prover.jkt if twice else None)
    assert answer.status_code == 201
    assert answer.headers["dpop-nonce"]
    code = public.answer(at_work.get(public.pushed_url(answer.json()["request_uri"])))["code"]
    assert public.redeem(code).json()["error"] == "invalid_grant"
    assert stranger.redeem(public, code).json()["error"] == "invalid_grant"
    assert prover.redeem(public, code).json()["token_type"] == "DPoP"


def test_by_the_parameter(public: RelyingParty, at_work: Browser, prover: Prover, stranger: Prover) -> None:
    """The same without a proof."""
    pushed = public.push(dpop_jkt=prover.jkt).json()["request_uri"]
    code = public.answer(at_work.get(public.pushed_url(pushed)))["code"]
    assert stranger.redeem(public, code).json()["error"] == "invalid_grant"
    assert prover.redeem(public, code).status_code == 200


def test_two_keys(public: RelyingParty, prover: Prover, stranger: Prover) -> None:
    """They must be one."""
    answer = push(public, proof_for_par(prover), dpop_jkt=stranger.jkt)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


def test_a_wrong_proof(public: RelyingParty, prover: Prover) -> None:
    """Section 4.3: it is for this endpoint, and good once."""
    assert push(public, prover.proof()).json()["error"] == "invalid_dpop_proof"
    once = proof_for_par(prover)
    assert push(public, once).status_code == 201
    assert push(public, once).json()["error"] == "invalid_dpop_proof"


def test_a_nonce(world: World, new_rp: NewRp, prover: Prover) -> None:
    """Section 8: of a client that must use one, here too."""
    strict = new_rp(world.client("strict", dpop_require_nonce=True))
    refused = push(strict, proof_for_par(prover))
    assert refused.json()["error"] == "use_dpop_nonce"
    assert push(strict, proof_for_par(prover, nonce=refused.headers["dpop-nonce"])).status_code == 201
