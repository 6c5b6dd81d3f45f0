"""What the command line imports, and when (issue 10, "The suite on a busy machine")."""

import json
import os
import subprocess
import sys

import click
import pytest

from idp.cli import COMMANDS
from tests.cli.conftest import Idp
from tests.support.stores import Store
from tests.support.world import World

AT_THE_END = (
    "import atexit, json, sys; atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))"
)
HEAVY = {"alembic", "authlib", "cryptography", "flask", "granian", "pydantic", "redis", "sqlalchemy", "webauthn"}
MOST_OF_THE_CLOCK = 20


def modules(code: str) -> set[str]:
    """What a fresh Python has imported when that code is over."""
    command = (sys.executable, "-c", f"{AT_THE_END}\n{code}")
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(run.stderr.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
def test_the_list_of_commands_imports_none_of_them(arguments: list[str]) -> None:
    """`idp --help` costs what it prints."""
    found = modules(f"from idp.cli import main\ntry: main({arguments!r})\nexcept SystemExit: pass")
    assert not found & HEAVY
    assert {name for name in found if name.startswith("idp")} == {
        "idp",
        "idp.cli",
        "idp.platform",
        "idp.platform.errors",
    }


def test_explain_and_check_do_not_import_the_pages() -> None:
    """They look into the stores: `idp.app`, with every page, is not theirs."""
    found = modules("import idp.cli.check, idp.cli.explain")
    assert not found & {"idp.app", "idp.cli.application", "idp.console", "idp.selfservice", "granian"}


def test_the_clock_is_the_clock_alone() -> None:
    """`import idp.platform.clock` brings fewer than twenty modules that Python did not have."""
    found = modules("import idp.platform.clock") - modules("pass")
    assert "idp.platform.clock" in found
    assert len(found) < MOST_OF_THE_CLOCK, sorted(found)


def test_explain_says_in_a_process_of_its_own_what_it_says_here(idp: Idp, world: World, store: Store) -> None:
    """The stores and the language are all that it needs of the application."""
    world.user("anna", world.tenant("de-zon"))
    arguments = ("explain", "anna", "--ip", "203.0.113.7")
    own = os.environ | store.environment("https://login.informer.example")
    run = subprocess.run(
        (sys.executable, "-m", "idp.cli", *arguments), env=own, capture_output=True, text=True, check=False
    )
    assert run.stderr == ""
    assert run.stdout == idp(*arguments).stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says(name: str) -> None:
    """The list's short help and name are the command's own."""
    command = COMMANDS[name].load()
    assert isinstance(command, click.Command)
    assert command.name == name
    assert COMMANDS[name].short_help == command.get_short_help_str(limit=80)
