"""A8: a new step of the login is one file and one line of the registry; its name and its title are words."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STEP = '''"""The terms of use: asked of everybody, once in every login."""

from collections.abc import Mapping

from idp.platform import clock
from idp.login.steps.base import ByForm, Context, Page, Proved, Rejected
from idp.login.core.types import Evidence, Need, ReasonCode, Requirement, Situation, StepName


class Terms(ByForm):
    name = StepName.TERMS
    instead_of = frozenset[StepName]()
    asked = None

    def required(self, s: Situation) -> Requirement:
        return Requirement(Need.OWED, ReasonCode.POLICY)

    def answerable(self, s: Situation) -> bool:
        return True

    def render(self, ctx: Context) -> Page:
        return Page("login/terms.html")

    def verify(self, ctx: Context, answer: Mapping[str, str]) -> Proved | Rejected:
        if answer.get("terms") != "yes":
            return Rejected("Only who agrees goes on.", ctx.user)
        covers = frozenset({self.name})
        return Proved(ctx.user, Evidence(self.name, clock.now(), covers=covers, epoch=ctx.user.epoch))
'''
PAGE = """{% extends "login/step.html" %}
{% block fields %}<label>Terms <input name="terms"></label><p>{{ page.error or "" }}</p>{% endblock %}
"""
LINES = {
    "idp/login/steps/__init__.py": (
        ("import SetUpTotp\n", "import SetUpTotp\nfrom idp.login.steps.terms import Terms\n"),
        ("    SecurityCode(),\n", "    SecurityCode(),\n    Terms(),\n"),
    ),
    "idp/login/core/types.py": (('    NEW_IP = "new_ip"\n', '{}    TERMS = "terms"\n'),),
    "idp/login/core/reasons.py": (("    StepName.TOTP:", '    StepName.TERMS: "Terms",\n{}'),),
}
CLAIM = '''"""The step of the copy."""


def test_it_is_asked_at_its_turn(world, rp, new_browser):
    anna = world.user("anna", world.tenant(), totp=True)
    browser = new_browser().get(rp.authorize_url()).login(anna, until="terms")
    assert browser.steps == ["password", "security_code"]
    page = browser.page.address
    browser.get(page.replace("terms", "totp"))
    assert browser.step == "terms"
    browser.fill(terms="no").submit()
    assert (browser.step, browser.landed) == ("terms", None)
    assert "Only who agrees goes on." in browser.text
    browser.fill(terms="yes").submit()
    assert browser.step == "totp"
    browser.login(anna)
    assert browser.steps == ["totp"]
    assert "code" in rp.answer(browser)
    again = browser.get("/account/security/history")
    assert "Terms asked" in again.text
'''


def test_a_step_is_a_file_and_a_line(tmp_path: Path) -> None:
    """In a copy of the product with one more step a login asks it, at its turn, and the history says why."""
    for folder in ("idp", "templates", "migrations", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "browser"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "idp/login/steps/terms.py").write_text(STEP)
    (tmp_path / "templates/login/terms.html").write_text(PAGE)
    for name, changes in LINES.items():
        text = (tmp_path / name).read_text()
        for before, after in changes:
            assert text.count(before) == 1, (name, before)
            text = text.replace(before, after.replace("{}", before))
        (tmp_path / name).write_text(text)
    claim = tmp_path / "tests/flows/test_terms.py"
    claim.write_text(CLAIM)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(claim)]
    run = subprocess.run(
        command, check=False, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]
    assert "1 passed" in run.stdout
