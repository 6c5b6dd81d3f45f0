"""The secrets of the running process: the ring that seals what is at rest, and the password hasher.

`set_up` reads both from the settings once; the rooms ask for them with `sealer()` and `hasher()`.
"""

import os
from typing import cast

from flask import Flask, current_app

from idp.crypto.passwords import Hasher, Parameters
from idp.crypto.sealed import Sealer
from idp.platform import settings

_SEALER = "idp.sealer"
_HASHER = "idp.hasher"


def set_up(app: Flask) -> None:
    """Make the ring and the hasher of this process."""
    ours = settings.of(app)
    app.extensions[_SEALER] = Sealer.from_hex(ours.secret_keys)
    cost = Parameters(memory_kib=ours.argon2_memory_kib, passes=ours.argon2_passes)
    app.extensions[_HASHER] = Hasher(cost, at_most=ours.argon2_at_once or os.cpu_count() or 1)


def sealer() -> Sealer:
    """The ring of the running app."""
    return cast("Sealer", current_app.extensions[_SEALER])


def hasher() -> Hasher:
    """The password hasher of the running app."""
    return cast("Hasher", current_app.extensions[_HASHER])
