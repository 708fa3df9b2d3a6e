"""From when on decisions count for what is learned from them; the decisions themselves stay."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from tablemend.records import Record, now
from tablemend.store import schema
from tablemend.store.codec import moment, stamp
from tablemend.store.database import Database


class Reset(Record, frozen=True, kw_only=True):
    """What was decided up to a moment no longer counts; an empty field means every kind."""

    check: str = ""
    operation: str = ""
    semantic: str = ""
    when: datetime
    by: str = ""


class Resets:
    """The resets of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, *, check: str = "", operation: str = "", semantic: str = "", by: str) -> Reset:
        """Let decisions of a kind up to now count no longer."""
        made = Reset(check=check, operation=operation, semantic=semantic, when=now(), by=by)
        values = {"check_name": check, "operation": operation, "semantic": semantic, "when": stamp(made.when), "by": by}
        with self._database.transaction() as connection:
            connection.execute(schema.learning_resets.insert().values(**values))
        return made

    def all(self) -> list[Reset]:
        """Every reset, oldest first."""
        table = schema.learning_resets
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(table).order_by(table.c.seq)).mappings().all()
        return [
            Reset(
                check=row["check_name"],
                operation=row["operation"],
                semantic=row["semantic"],
                when=moment(row["when"]) or now(),
                by=row["by"],
            )
            for row in rows
        ]
