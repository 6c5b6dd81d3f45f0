"""A short-lived value: kept under its handle, for its kind, until its end, given away once. In every place alike."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from idp import shortlived
from idp.platform import cache
from idp.platform.extensions import db
from tests.support.moving_clock import MovingClock

LIFETIME = timedelta(minutes=1)
VALUE = {"client_id": "books", "scopes": ["openid"], "nested": {"né": None, "n": 1.5}}

pytestmark = pytest.mark.usefixtures("clock", "stores")


def put(value: dict[str, object] | None = None) -> str:
    handle = shortlived.put("code", value or VALUE, LIFETIME)
    db.session.commit()
    return handle


def test_a_value_comes_back_as_it_was() -> None:
    """Any JSON object, as often as one asks."""
    handle = put()
    assert shortlived.get("code", handle) == VALUE
    assert shortlived.get("code", handle) == VALUE


def test_the_first_character_names_the_home(stores: Flask) -> None:
    """`r` where Redis answers, `s` where there is none; 43 more characters of base64url are 256 random bits."""
    handle = put()
    assert handle[0] == ("r" if cache.current().configured else "s")
    assert len(handle) == 44
    assert handle.isascii()
    assert len({put()[1:] for _ in range(20)}) == 20


def test_taken_once() -> None:
    """Who takes gets the value; afterwards there is nothing to get, take or replace."""
    handle = put()
    assert shortlived.take("code", handle) == VALUE
    db.session.commit()
    assert shortlived.take("code", handle) is None
    assert shortlived.get("code", handle) is None
    assert not shortlived.replace("code", handle, {})
    assert shortlived.get("code", handle) is None


def test_replaced_until_the_same_end(clock: MovingClock) -> None:
    """Another value stands under the handle, and its time goes on from where it was."""
    handle = put()
    clock.advance(seconds=40)
    assert shortlived.replace("code", handle, {"step": 2})
    db.session.commit()
    assert shortlived.get("code", handle) == {"step": 2}
    clock.advance(seconds=19)
    assert shortlived.get("code", handle) == {"step": 2}
    clock.advance(seconds=1)
    assert shortlived.get("code", handle) is None


def test_over_at_its_end_to_the_microsecond(clock: MovingClock) -> None:
    """There until just before its end by our clock, and then neither got, replaced nor taken."""
    handle = put()
    clock.advance(seconds=60, microseconds=-1)
    assert shortlived.get("code", handle) == VALUE
    clock.advance(microseconds=1)
    assert shortlived.get("code", handle) is None
    assert not shortlived.replace("code", handle, {})
    assert shortlived.take("code", handle) is None


def test_another_kind_does_not_exist() -> None:
    """A handle of one kind opens nothing of another kind, and asking so spends nothing."""
    handle = put()
    assert shortlived.get("pushed_request", handle) is None
    assert shortlived.take("pushed_request", handle) is None
    assert not shortlived.replace("pushed_request", handle, {})
    assert shortlived.take("code", handle) == VALUE


@pytest.mark.parametrize(
    "handle",
    [
        "",
        "r",
        "s",
        "x" * 44,
        "r" + "A" * 43,
        "s" + "A" * 43,
        "s" * 100_000,
        "\0" * 44,
        "r" + "\ud800" * 43,
        "s" + "é" * 43,
    ],
    ids=["empty", "r", "s", "no home", "unknown r", "unknown s", "long", "nul", "surrogates", "accents"],
)
def test_what_is_no_handle_is_nothing(handle: str) -> None:
    """Any text may arrive as a handle: nothing is there, and nothing breaks."""
    assert shortlived.get("code", handle) is None
    assert shortlived.take("code", handle) is None
    assert not shortlived.replace("code", handle, {})


def test_a_handle_that_names_the_other_home_is_nothing() -> None:
    """The character is part of the handle: what lives in one home is not found from the other."""
    handle = put()
    other = ("s" if handle[0] == "r" else "r") + handle[1:]
    assert shortlived.get("code", other) is None
    assert shortlived.take("code", other) is None


def test_what_is_no_json_is_refused_at_once() -> None:
    """A value that could not be read back is a mistake of the programmer, and never stored."""
    with pytest.raises(TypeError):
        shortlived.put("code", {"at": object()}, LIFETIME)


def test_once() -> None:
    """The first use of a name is the only one; another kind or name is another matter."""
    assert shortlived.once("jti", "client:1", LIFETIME)
    db.session.commit()
    assert not shortlived.once("jti", "client:1", LIFETIME)
    assert shortlived.once("jti", "client:2", LIFETIME)
    assert shortlived.once("other", "client:1", LIFETIME)


def test_once_again_when_over(clock: MovingClock) -> None:
    """A name is used for its lifetime; then it may be used again, once."""
    assert shortlived.once("jti", "client:1", LIFETIME)
    clock.advance(seconds=60, microseconds=-1)
    assert not shortlived.once("jti", "client:1", LIFETIME)
    clock.advance(microseconds=1)
    assert shortlived.once("jti", "client:1", LIFETIME)
    assert not shortlived.once("jti", "client:1", LIFETIME)


@pytest.mark.parametrize(
    "name", ["", "\0", "é", "\ud800", "x" * 100_000], ids=["empty", "nul", "accent", "surrogate", "long"]
)
def test_any_text_is_a_name(name: str) -> None:
    """A client chooses its `jti`; whatever it chooses is used once."""
    assert shortlived.once("jti", name, LIFETIME)
    assert not shortlived.once("jti", name, LIFETIME)


def test_what_is_rolled_back_was_not_used() -> None:
    """A name counts when its unit of work commits, with what was made of it."""
    assert shortlived.once("jti", "client:1", LIFETIME)
    db.session.rollback()
    assert shortlived.once("jti", "client:1", LIFETIME)


def test_pace(clock: MovingClock) -> None:
    """So many together, and then one each time that a part of the time is over; whoever comes too early loses nothing."""

    def ask(name: str = "books") -> float | None:
        wait = shortlived.pace("push", name, 4, LIFETIME)
        db.session.commit()
        return None if wait is None else wait.total_seconds()

    assert [ask() for _ in range(6)] == [None, None, None, None, 15, 15]
    assert ask("shop") is None
    clock.advance(seconds=14)
    assert ask() == 1
    clock.advance(seconds=1)
    assert [ask(), ask()] == [None, 15]
    clock.advance(seconds=45)
    assert [ask() for _ in range(4)] == [None, None, None, 15]
    clock.advance(hours=1)
    assert [ask() for _ in range(5)] == [None, None, None, None, 15]
    clock.advance(hours=-1)
    assert [ask() for _ in range(5)] == [None, None, None, None, 15]  # a clock that is set back keeps nobody out


def test_a_pace_of_what_counts_for_several(clock: MovingClock) -> None:
    """Each takes so many places; who does not fit loses nothing, and somebody smaller may still fit."""

    def ask(cost: int) -> float | None:
        wait = shortlived.pace("left", "network", 4, LIFETIME, cost)
        db.session.commit()
        return None if wait is None else wait.total_seconds()

    assert [ask(cost) for cost in (3, 2, 1, 1)] == [None, 15, None, 15]
    assert shortlived.ahead("left", "network", LIFETIME) == LIFETIME
    clock.advance(seconds=30)
    assert [ask(cost) for cost in (3, 2, 1)] == [15, None, 15]
