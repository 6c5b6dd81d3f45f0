"""The import file: tenants and users from TOML, all of it or nothing.

    FILE ─▶ document.py   the bytes as TOML, and on which line each key stands (positions.py)
              │
              ▼
            entries.py    each table alone: known keys, right types, usable values
              │
              ▼
            checks.py     the tables together, and against what exists (existing.py): names that are taken, tenants that
              │           are nowhere. Every fault found so far is one line `FILE:LINE: key.path: what is wrong`
              │           (faults.py); with a single one the import ends here, before anything is written
              ▼
            apply.py      creates what is new, changes what differs, leaves the rest; says what it did (report.py)

What the file does not name stays as it is. A credential (password, TOTP secret, security code) is set when its owner
is new; for an owner who exists it is looked at only when the operator asks for it, and one that differs counts as any
other change of a credential does: sessions, grants and refresh tokens of before end.

Applications are the other half of the file. They are read by `idp.provisioning.import_file`, from the same document and into the
same list of faults; `idp.cli.import_` puts the halves together and commits once.
"""
