"""`idp routes` and `idp shell`: for whoever works on the code."""

from __future__ import annotations

import json

from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo

from idp.cli import main
from tests.cli.conftest import Idp


def test_every_address_is_listed(app: Flask, idp: Idp) -> None:
    """Each rule of the application once, with its methods and the function that answers."""
    rows = json.loads(idp("routes", "--json").output)
    assert len(rows) == len(list(app.url_map.iter_rules()))
    assert {"method": "POST", "path": "/console/security-code/rotate", "endpoint": "console.rotate"} in rows
    assert [row["path"] for row in rows] == sorted(row["path"] for row in rows)


def test_it_is_a_table_for_people(idp: Idp) -> None:
    """Three columns under their names."""
    first, *lines = idp("routes").output.splitlines()
    assert first.split() == ["method", "path", "endpoint"]
    assert ["GET", "/healthz"] in [line.split()[:2] for line in lines]


def test_the_shell_stands_in_the_application(app: Flask) -> None:
    """What is typed sees the application and its database; the end of the input leaves."""
    typed = "print(app.name, db.session.scalar(sa.select(sa.literal(41))) + 1)\n"
    info = ScriptInfo(create_app=lambda: app, set_debug_flag=False)
    result = CliRunner().invoke(main, ["shell"], obj=info, input=typed)
    assert result.exit_code == 0, result.output
    assert "idp 42" in result.output
