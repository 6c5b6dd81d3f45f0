"""For commands that need the whole application: its pages, its letters, its rules.

Importing this file imports everything; a command that only looks into the stores takes `idp.cli.context.with_stores`.
"""

from idp.app import create_app
from idp.cli.context import within

with_application = within(create_app)
"""Run a command in the context of the whole application."""
