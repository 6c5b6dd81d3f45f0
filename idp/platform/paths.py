"""Where the files are that are not code: templates, migrations, static files, translations.

A checkout keeps `templates/` and `migrations/` at its top level, where people look for them. In an installed wheel they
stand inside the package. Nothing else in the code knows the difference.
"""

from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def _beside_or_inside(name: str) -> Path:
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


TEMPLATES = _beside_or_inside("templates")
MIGRATIONS = _beside_or_inside("migrations")
STATIC = PACKAGE / "static"
TRANSLATIONS = PACKAGE / "translations"
