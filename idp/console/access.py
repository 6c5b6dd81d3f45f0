"""The gate of the console.

not logged in ─▶ login ─▶ an administrator, working for the home tenant? ──no──▶ 403
                                 │ yes
                                 ▼
                          password and second factor within 15 minutes? ──no──▶ asked once more, then back
"""

from collections.abc import Callable

from idp.login import own_pages
from idp.login.own_pages import OwnPage, Proof, View


def page(rule: str, view: View, method: str = "GET", back: Callable[[], str] = own_pages.here) -> OwnPage:
    """A page of the console: each of them has the same gate."""
    return OwnPage(rule, view, method, Proof.FRESH, back, own_pages.administers)
