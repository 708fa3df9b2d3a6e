"""Leading an older state to this version of the schema, in the transaction of the caller."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tablemend.errors import StateError
from tablemend.store import schema

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent / "migrations"


def upgrade(connection: sa.Connection, found: str, target: str = schema.VERSION) -> None:
    """Run every migration from a version to another; StateError where the version is not known here."""
    from alembic import command

    if found != "base":
        require_known(found)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, target)


def require_known(version: str) -> None:
    """Raise StateError for a version of the schema that this version of tablemend does not know."""
    from alembic.script import ScriptDirectory

    if version not in {each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions()}:
        raise StateError(
            f"the state was written by another version of tablemend (schema {version}, this one knows "
            f"{schema.VERSION})",
            hint="Install that version, or choose another folder with TABLEMEND_DATA.",
        )


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config
