"""Section 8: a person has one name for all applications, or one for each sector."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

import pytest
from flask import Flask

from idp.oidc.models import Client, PairwiseKey
from idp.oidc.userinfo.subjects import NOBODY, subject_of, user_id_of
from idp.platform.extensions import db
from tests.support.browser import Browser
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.stores import SECRET_KEY, Store, make_app
from tests.support.world import KnownUser, World


def pairwise(host: str = "maps.example", **registration: str) -> Client:
    """An application that nobody registered yet."""
    metadata = {"redirect_uris": [f"https://{host}/cb"], "subject_type": "pairwise", **registration}
    return Client(client_id="maps", name="Maps", registration=metadata)


@pytest.fixture
def maps(world: World, new_rp: NewRp) -> RelyingParty:
    """An application that knows people by names of its own."""
    return new_rp(world.client("maps", subject_type="pairwise", redirect_uris=["https://maps.example/cb"]))


def test_a_public_subject_is_the_same_everywhere(in_app: Flask) -> None:
    """Section 8: the default; it is the person's id."""
    anna = uuid.uuid4()
    client = Client(client_id="books", name="Books", registration={"redirect_uris": ["https://books.example/cb"]})
    assert subject_of(client, anna) == str(anna) == user_id_of(client, str(anna))


def test_a_pairwise_subject_is_one_for_a_sector(in_app: Flask) -> None:
    """Section 8.1: the same each time and for each host of the sector, another for each other; nobody can compare."""
    anna, bert = uuid.uuid4(), uuid.uuid4()
    shared = "https://group.example/sector.json"
    names = [
        subject_of(pairwise("maps.example"), anna),
        subject_of(pairwise("maps.example"), bert),
        subject_of(pairwise("mail.example"), anna),
        subject_of(pairwise("mail.example", sector_identifier_uri=shared), anna),
    ]
    assert len({*names, str(anna), anna.hex}) == 6
    assert subject_of(pairwise("maps.example"), anna) == names[0]
    assert subject_of(pairwise("maps.example", sector_identifier_uri=shared), anna) == names[3]
    assert all(len(name) <= 255 and name.isascii() for name in names)


def test_only_we_know_whom_it_means(in_app: Flask) -> None:
    """Section 8.1: it is read back here, for its own sector; a name that was made up is nobody's."""
    anna = uuid.uuid4()
    maps, mail = pairwise("maps.example"), pairwise("mail.example")
    told = subject_of(maps, anna)
    assert user_id_of(maps, told) == str(anna)
    for client, name in [
        (mail, told),
        (maps, str(anna)),
        (maps, told + "="),
        (maps, told[:-1]),
        (maps, "é"),
        (maps, ""),
    ]:
        assert user_id_of(client, name) == NOBODY


def test_it_survives_a_change_of_the_secret_keys(store: Store, in_app: Flask) -> None:
    """Section 8.1: never reassigned. Its key stands in the database, under none of IDP_SECRET_KEYS."""
    anna = uuid.uuid4()
    before = subject_of(pairwise(), anna)
    other = make_app(store.settings(secret_keys=SECRET_KEY[::-1]))
    with other.app_context():
        assert subject_of(pairwise(), anna) == before
        db.engine.dispose()


def test_each_installation_has_a_key_of_its_own(in_app: Flask) -> None:
    """One row, random, made by the migration."""
    (row,) = db.session.query(PairwiseKey)
    assert len(bytes.fromhex(row.key)) == 32


def test_all_places_say_the_same(maps: RelyingParty, anna: KnownUser, browser: Browser) -> None:
    """Sections 2 and 5.3.2, RFC 9068 section 2.2, RFC 7662 section 2.2: one name in each token and answer."""
    scope = "openid offline_access"
    tokens = maps.finish(browser.get(maps.authorize_url(scope=scope)).login(anna))
    told = [tokens.claims["sub"], maps.userinfo(tokens).json()["sub"]]
    for token in (tokens.access_token, tokens.refresh_token):
        request = maps.token_request(token=token)
        request.url = request.url.copy_with(path="/introspect")
        told.append(maps.http.send(request).json()["sub"])
    again = maps.verified(maps.refresh(tokens).json()["id_token"])
    assert {*told, again["sub"]} == {tokens.claims["sub"]}
    assert tokens.claims["sub"] != str(anna.id)


def test_two_applications_cannot_compare(
    maps: RelyingParty, rp: RelyingParty, anna: KnownUser, browser: Browser
) -> None:
    """Section 8: no claim tells the one what the other is told."""
    here = maps.finish(browser.get(maps.authorize_url(scope="openid")).login(anna))
    there = rp.finish(browser.get(rp.authorize_url()))
    assert here.claims["sub"] != there.claims["sub"]
    assert str(anna.id) not in json.dumps([here.claims, maps.userinfo(here).json()])


def test_the_hint_names_who_is_meant(maps: RelyingParty, anna: KnownUser, browser: Browser) -> None:
    """Section 3.1.2.1: an ID token with a pairwise subject is a hint like any other."""
    tokens = maps.finish(browser.get(maps.authorize_url()).login(anna))
    browser.get(maps.authorize_url(prompt="none", id_token_hint=tokens.id_token))
    assert maps.finish(browser).claims["sub"] == tokens.claims["sub"]


def test_the_hint_of_somebody_else(
    maps: RelyingParty, world: World, anna: KnownUser, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    """Section 3.1.2.1: another person than the hint's is logged in."""
    bert = maps.finish(new_browser().get(maps.authorize_url()).login(world.user("bert", anna.tenant)))
    browser.get(maps.authorize_url()).login(anna)
    maps.finish(browser)
    browser.get(maps.authorize_url(prompt="none", id_token_hint=bert.id_token))
    assert maps.answer(browser)["error"] == "login_required"


def test_a_sub_with_a_value(maps: RelyingParty, anna: KnownUser, browser: Browser) -> None:
    """Section 5.5.1: the application asks for the person by the name that it was given; the id itself is nobody's."""
    tokens = maps.finish(browser.get(maps.authorize_url()).login(anna))
    asked = {"id_token": {"sub": {"value": tokens.claims["sub"]}}}
    assert "code" in maps.answer(browser.get(maps.authorize_url(claims=json.dumps(asked), prompt="none")))
    asked["id_token"]["sub"]["value"] = str(anna.id)
    browser.get(maps.authorize_url(claims=json.dumps(asked), prompt="none"))
    assert maps.answer(browser)["error"] == "login_required"
