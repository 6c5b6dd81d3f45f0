"""Foreign software, installed where the tests may: `var/interop` (ignored by git), and Debian's packages as root.

npm and pip by lock files with the hash of everything · Go and Maven by version · apt-get as root.
A step that fails skips the test, with the reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PLACE = HERE.parents[1] / "var" / "interop"
PATIENCE = 600


def debian(file: str, *packages: str) -> None:
    """Packages of Debian, of which `file` is one file."""
    if Path(file).exists():
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        pytest.skip(f"{file} is not there, and only root can install {' '.join(packages)} by apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _run(["apt-get", "update", "-qq"], environment=environment)
    _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], environment=environment)
    if not Path(file).exists():
        pytest.skip(f"apt-get could not install {' '.join(packages)}")


def npm(name: str) -> Path:
    """The folder tests/interop/<name> with what its lock file names installed beside it; anew when a file changed."""
    ours, place = HERE / name, PLACE / name
    command, node = shutil.which("npm"), shutil.which("node")
    if not command or not node:
        pytest.skip("node and npm are not installed")
    _copied(ours, place)
    lock, stamp = ours / "package-lock.json", place / "node_modules" / ".installed"
    if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
        _run([command, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], place=place)
        shutil.copy(lock, stamp)
    return place


def pip(name: str) -> Path:
    """The same for Python: what requirements.lock names is in the folder `packages` of it."""
    ours, place = HERE / name, PLACE / name
    _copied(ours, place)
    lock, packages, stamp = ours / "requirements.lock", place / "packages", place / "packages" / ".installed"
    if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
        shutil.rmtree(packages, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
        _run([*command, "--no-deps", "--require-hashes", "--only-binary=:all:", "-r", str(lock), "-t", str(packages)])
        shutil.copy(lock, stamp)
    return place


def go(module: str) -> Path:
    """The program of a Go module, with its version; Go's checksum database vouches for what was fetched."""
    command, program = shutil.which("go"), PLACE / "bin" / module.partition("@")[0].split("/")[2]
    if not program.exists():
        if not command:
            pytest.skip("go is not installed")
        _run([command, "install", module], environment={**os.environ, "GOBIN": str(program.parent)})
    return program


def maven(name: str, place: Path, files: Mapping[str, str]) -> Path:
    """The jar of tests/interop/<name>, made in `place` with these files beside its own, by their path in the project."""
    command = shutil.which("mvn")
    if not command or not shutil.which("java"):
        pytest.skip("java and maven are not installed")
    for file, text in [*files.items(), *((f.name, f.read_text()) for f in (HERE / name).iterdir() if f.is_file())]:
        java = file.endswith(".java")
        path = place / (f"src/main/java/informer/{file}" if java else file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"package informer;\n{text}" if java else text)
    _run([command, "-q", "-B", "-DskipTests", "package"], place=place)
    return place / "target" / "application.jar"


def _copied(ours: Path, place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for file in ours.iterdir():
        if file.is_file():
            shutil.copy(file, place / file.name)


def _run(command: list[str], *, place: Path | None = None, environment: dict[str, str] | None = None) -> None:
    run = subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if run.returncode:
        pytest.skip(f"{' '.join(command[:3])} failed: {run.stderr.strip().splitlines()[-1:]}")
