"""The command line in this process: `idp("user", "show", "anna")`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo

from idp.cli import main

Idp = Callable[..., Result]


@pytest.fixture
def idp(app: Flask) -> Idp:
    """Runs a command against the application of this test."""

    def run(*arguments: str) -> Result:
        info = ScriptInfo(create_app=lambda: app, set_debug_flag=False)
        result = CliRunner().invoke(main, arguments, obj=info)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    return run
