"""Sixteen at the same moment: exactly one wins, wherever the value lives."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

import pytest
from flask import Flask

from idp import shortlived
from idp.platform.extensions import db

AT_ONCE = 16
ROUNDS = 10
LIFETIME = timedelta(minutes=1)
T = TypeVar("T")

pytestmark = pytest.mark.usefixtures("clock")


def all_at_once(app: Flask, act: Callable[[], T]) -> list[T]:
    """Return what each of sixteen got, each in a unit of work of its own, begun together."""
    barrier = threading.Barrier(AT_ONCE, timeout=300)

    def one(_: int) -> T:
        with app.app_context():
            barrier.wait()
            answer = act()
            db.session.commit()
            return answer

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def test_of_sixteen_takes_one_gets_it(stores: Flask) -> None:
    """One value, one taker; the others see nothing, and none sees an error."""
    for n in range(ROUNDS):
        handle = shortlived.put("code", {"n": n}, LIFETIME)
        db.session.commit()
        answers = all_at_once(stores, lambda handle=handle: shortlived.take("code", handle))  # type: ignore[misc]
        assert [answer for answer in answers if answer is not None] == [{"n": n}]


def test_of_sixteen_first_uses_one_is_first(stores: Flask) -> None:
    """One name, one first use."""
    for n in range(ROUNDS):
        answers = all_at_once(stores, lambda n=n: shortlived.once("jti", f"client:{n}", LIFETIME))  # type: ignore[misc]
        assert sorted(answers) == [False] * (AT_ONCE - 1) + [True]


def test_of_sixteen_uses_of_an_expired_name_one_is_first(stores: Flask) -> None:
    """A name whose time is over is taken over by one."""
    assert shortlived.once("jti", "client", timedelta(0))
    db.session.commit()
    answers = all_at_once(stores, lambda: shortlived.once("jti", "client", LIFETIME))
    assert sum(answers) == 1


def test_of_sixteen_at_a_pace_so_many_go_on(stores: Flask) -> None:
    """However close together they come, no more than may."""
    for n in range(ROUNDS):
        answers = all_at_once(stores, lambda n=n: shortlived.pace("push", f"client:{n}", 5, LIFETIME))  # type: ignore[misc]
        assert answers.count(None) == 5


def test_replace_never_brings_back_what_was_taken(stores: Flask) -> None:
    """Eight replace while eight take: one takes, and afterwards nothing is there."""
    for n in range(ROUNDS):
        handle = shortlived.put("login", {"n": n}, LIFETIME)
        db.session.commit()
        turns = itertools.count()

        def act(handle: str = handle, turns: itertools.count[int] = turns) -> object:
            if next(turns) % 2:
                return shortlived.take("login", handle)
            shortlived.replace("login", handle, {"n": "later"})
            return None

        assert sum(answer is not None for answer in all_at_once(stores, act)) == 1
        assert shortlived.get("login", handle) is None
        db.session.rollback()
