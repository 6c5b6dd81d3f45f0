"""Packages of npm for a test, by a lock file beside it: installed once, and again when the lock changed."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

CACHE = Path(__file__).parents[2] / "var"
COMMAND = ("ci", "--no-audit", "--no-fund", "--ignore-scripts")


def installed(folder: Path) -> Path:
    """Return `node_modules` with what the lock in `folder` names; skips where there is no npm, or no registry."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    cache = CACHE / folder.name
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        return _up_to_date(npm, folder, cache)


def _up_to_date(npm: str, folder: Path, cache: Path) -> Path:
    lock, stamp = folder / "package-lock.json", cache / "node_modules" / ".installed"
    if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
        for file in (folder / "package.json", lock):
            shutil.copy(file, cache)
        run = subprocess.run([npm, *COMMAND], cwd=cache, capture_output=True, text=True, timeout=300, check=False)
        if run.returncode:
            pytest.skip(f"npm could not install what {lock.name} names: {run.stderr.strip().splitlines()[-1:]}")
        shutil.copy(lock, stamp)
    return cache / "node_modules"
