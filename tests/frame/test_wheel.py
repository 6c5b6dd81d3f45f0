"""The wheel is the whole product: a fresh virtual environment, and nothing of the checkout."""

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    place = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", place, ROOT, cwd=place)
    return next(place.glob("*.whl"))


def test_templates_migrations_static_files_and_translations_are_inside(wheel: Path) -> None:
    """What is not code travels inside the package."""
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"idp/templates/base.html", "idp/static/informer.css"} <= names
    assert {"idp/migrations/env.py", "idp/translations/nl/LC_MESSAGES/messages.po"} <= names
    assert not [name for name in names if not name.startswith(("idp/", "informer_idp-"))]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_it_runs_in_a_fresh_environment(wheel: Path, tmp_path: Path) -> None:
    """`idp --help` and `idp migrate` from the installed wheel, with the locked dependencies."""
    _run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv", cwd=tmp_path)
    (packages,) = (tmp_path / "venv" / "lib").glob("python3.*/site-packages")
    for name, version in locked():
        link(name, version, packages)
    pip = (sys.executable, "-m", "pip", "--python", tmp_path / "venv", "--quiet", "--disable-pip-version-check")
    _run(*pip, "install", "--no-deps", "--no-compile", wheel, cwd=tmp_path)
    idp = tmp_path / "venv" / "bin" / "idp"
    assert "migrate" in _run(idp, "--help", cwd=tmp_path)
    assert _run(idp, "migrate", cwd=tmp_path) == "The database was made.\n"
    assert _run(idp, "migrate", cwd=tmp_path) == "The database is up to date.\n"
    assert (tmp_path / "idp.sqlite").is_file()


def locked() -> Iterator[tuple[str, str]]:
    """Yield what the product's lock names, of which `pip install --require-hashes` put exactly this into our own environment."""
    for line in re.findall(r"^[^#\s][^\\\n]*", (ROOT / "requirements.lock").read_text(), re.MULTILINE):
        required = Requirement(line)
        if required.marker is None or required.marker.evaluate():
            (specifier,) = required.specifier
            yield required.name, specifier.version


def link(name: str, version: str, packages: Path) -> None:
    """Lay the files of a package that we have beside those of the others, without a copy."""
    ours = distribution(name)
    assert ours.version == version, f"{name} {ours.version} is not the locked {version}"
    for file in ours.files or ():
        if ".." not in file.parts:
            (packages / file).parent.mkdir(parents=True, exist_ok=True)
            (packages / file).symlink_to(file.locate())


def _run(*command: str | Path, cwd: Path) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("IDP_", "PYTHONPATH"))}
    settings = {
        "IDP_ISSUER": "https://login.informer.example",
        "IDP_DATABASE_URL": f"sqlite:///{cwd}/idp.sqlite",
        "IDP_SECRET_KEYS": "5f0c2d9e41b7a836c5d1e0f9284b6a7390ce1d2f3a4b5c6d7e8f90a1b2c3d4e5",
    }
    run = subprocess.run(command, cwd=cwd, env=kept | settings, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout
