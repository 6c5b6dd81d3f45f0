"""`idp import FILE`."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.platform.extensions import db
from tests.cli.conftest import Idp
from tests.importing.importing import WHOLE


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "import.toml"
    path.write_text(WHOLE)
    return path


def test_it_says_what_it_did_and_then_nothing(idp: Idp, path: Path) -> None:
    """One line for each thing; the same file again: nothing changed."""
    first, again = idp("import", str(path)), idp("import", str(path))
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert first.stdout.splitlines()[-1] == "client books: created"
    assert again.stdout == "nothing changed\n"


EXAMPLE = Path(__file__).parents[2] / "config" / "company.example.toml"


def test_the_example_with_its_placeholder(idp: Idp) -> None:
    """Whoever imports it as it stands makes no client with a secret that everybody can read."""
    refused = idp("import", str(EXAMPLE))
    assert refused.exit_code == 1
    assert "clients[0].client_secret: is the placeholder of an example" in refused.stderr
    assert "REPLACE" not in refused.stderr
    assert json.loads(idp("client", "list", "--json").stdout) == []


def test_the_example_and_what_comes_next(idp: Idp, path: Path) -> None:
    """config/company.example.toml with a secret of one's own; its administrator has no password, but a link by mail."""
    path.write_text(EXAMPLE.read_text("utf-8").replace("REPLACE-ME-by-a-long-random-text", "0123456789abcdef" * 4))
    first, again = idp("import", str(path)), idp("import", str(path))
    assert first.stderr == "without a password, such as sanne: idp user invite sanne mails a link to choose one\n"
    assert again.stderr == ""


def test_changes_as_json(idp: Idp, path: Path) -> None:
    """--json lists the changes."""
    said = json.loads(idp("import", str(path), "--json").stdout)
    assert said["changes"][0] == {"kind": "tenant", "name": "de-zon", "created": True, "fields": [], "note": ""}
    assert json.loads(idp("import", str(path), "--json").stdout) == {"changes": []}


def test_a_bad_file(idp: Idp, path: Path) -> None:
    """Every fault is a line on stderr that begins with file and line; exit code 1, nothing imported."""
    path.write_text(WHOLE.replace('"employee"', '"boss"').replace("482915", "12"))
    result = idp("import", str(path))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        f"{path}:5: tenants[0].security_code: must have 4 to 12 digits",
        f"{path}:13: tenants[0].users[0].type: must be employee, administrator, accountant, support",
        "nothing was imported",
    ]
    assert json.loads(idp("tenant", "list", "--json").stdout) == []


def test_faults_as_json(idp: Idp, path: Path) -> None:
    """--json lists the faults, and the exit code is 1 all the same."""
    path.write_text("nonsense")
    result = idp("import", str(path), "--json")
    assert result.exit_code == 1
    assert [fault["line"] for fault in json.loads(result.stdout)["faults"]] == [1]


def test_a_database_without_the_schema(idp: Idp, path: Path, app: Flask) -> None:
    """An old or empty database is one line that says what to do."""
    with app.app_context():
        db.session.execute(sa.text("DELETE FROM alembic_version"))
        db.session.commit()
    result = idp("import", str(path))
    assert result.exit_code == 1
    assert result.stderr == "The database does not have the newest schema; run: idp migrate\n"


def test_secret_keys_that_open_nothing(idp: Idp, path: Path, app: Flask) -> None:
    """A credential that is sealed under a lost key is one line, and changes nothing."""
    idp("import", str(path))
    with app.app_context():
        db.session.execute(sa.text("UPDATE tenants SET security_code_sealed = 'AAAA'"))
        db.session.commit()
    result = idp("import", str(path), "--set-credentials")
    assert result.exit_code == 1
    assert result.stderr.startswith("IDP_SECRET_KEYS: ")
