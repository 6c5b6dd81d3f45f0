"""`idp check`: whether everything is usable that the settings name."""

import json
from dataclasses import asdict

import click

from idp.cli import probes
from idp.cli.probes import Finding
from idp.platform.errors import Misconfigured
from idp.platform.settings import Settings
from idp.platform.stores import open_stores
from idp.web import logs


@click.command(short_help="Say whether everything that the settings name is usable.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(ctx: click.Context, *, as_json: bool) -> None:
    """Say whether settings, database, Redis, keys and mail are usable; exit 1 if one is not."""
    findings = _look()
    if as_json:
        click.echo(json.dumps({"ok": _all_ok(findings), "parts": [asdict(finding) for finding in findings]}))
    else:
        for finding in findings:
            click.echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.part:<10}{finding.reason}")
    ctx.exit(0 if _all_ok(findings) else 1)


def _look() -> list[Finding]:
    logs.configure()
    try:
        app = open_stores(Settings.load())
    except Misconfigured as error:
        return [Finding("settings", ok=False, reason=fault) for fault in error.faults]
    with app.app_context():
        return list(probes.everything())


def _all_ok(findings: list[Finding]) -> bool:
    return all(finding.ok for finding in findings)
