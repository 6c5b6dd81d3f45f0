"""Import files for tests: a whole one, and how to change it."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from idp.provisioning.import_file import import_file
from idp.provisioning.people.faults import Refused

WHOLE = """\
[[tenants]]
slug = "de-zon"
name = "Bakkerij De Zon"
locale = "nl"
security_code = "482915"
[tenants.policy]
two_factor_mandatory = true

[[tenants.users]]
username = "anna"
name = "Anna de Vries"
email = "anna@de-zon.example"
type = "employee"
password = "warme-krentenbol"
totp_secret = "JBSWY3DPEHPK3PXP"
two_factor_every_30_days = true
locale = "en"

[[tenants.users]]
username = "eva"
name = "Eva Visser"
email = "eva@visser.example"
type = "accountant"
[[tenants.users.memberships]]
tenant = "fietsen-bv"

[[tenants]]
slug = "fietsen-bv"
name = "Fietsen BV"

[[clients]]
client_id = "books"
client_secret = "the secret of books, and a long one"
name = "Informer Books"
tenant = "de-zon"
first_party = true
redirect_uris = ["https://books.example/cb"]
"""


class File:
    """An import file on disk, imported into `app`."""

    def __init__(self, app: Flask, path: Path, text: str = WHOLE) -> None:
        self.app = app
        self.path = path
        self.text = text

    def replace(self, old: str, new: str) -> File:
        """Change the file; `old` is in it."""
        assert old in self.text, old
        self.text = self.text.replace(old, new)
        return self

    def add(self, text: str) -> File:
        """Add to the file's end."""
        self.text += text
        return self

    def imported(self, *, set_credentials: bool = False) -> list[str]:
        """Import, and say what changed."""
        self.path.write_text(self.text, encoding="utf-8")
        with self.app.app_context():
            return [str(change) for change in import_file(str(self.path), set_credentials=set_credentials)]

    def faults(self, *, set_credentials: bool = False) -> list[str]:
        """Import what is refused, and say why: `LINE: key.path: what is wrong`."""
        try:
            changes = self.imported(set_credentials=set_credentials)
        except Refused as refused:
            return [str(fault).removeprefix(f"{self.path}:") for fault in refused.faults]
        raise AssertionError(f"was not refused: {changes}")
