"""Leading an older state to this version of the schema, in the transaction of the caller."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from tablemend.errors import StateError
from tablemend.store import schema

_FOLDER = Path(__file__).parent / "migrations"


def upgrade(connection: sa.Connection, found: str, target: str = schema.VERSION) -> None:
    """Run every migration from a version to another; StateError where the version is not known here."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    if found != "base" and found not in {
        each.revision for each in ScriptDirectory.from_config(config).walk_revisions()
    }:
        raise StateError(
            f"the state was written by another version of tablemend (schema {found}, this one knows {schema.VERSION})",
            hint="Install that version, or choose another folder with TABLEMEND_DATA.",
        )
    command.upgrade(config, target)
