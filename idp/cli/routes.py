"""`idp routes`: every address that is answered."""

import click
from flask import current_app

from idp.cli.application import with_application
from idp.cli.output import json_option, print_records

BY_ITSELF = frozenset({"HEAD", "OPTIONS"})
"""What Flask adds to every address."""


@click.command(short_help="List every address: method, path, endpoint.")
@json_option
@with_application
def routes(*, as_json: bool) -> None:
    """List every address, by path: its methods, itself, and the endpoint, which names its room and its function."""
    rules = sorted(current_app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))
    records = [
        {"method": " ".join(sorted((rule.methods or set()) - BY_ITSELF)), "path": rule.rule, "endpoint": rule.endpoint}
        for rule in rules
    ]
    print_records(records, as_json=as_json)
