"""Runs found, listed and counted over the whole store."""

from __future__ import annotations

import sqlalchemy as sa

from tablemend.errors import NotFound, StateError
from tablemend.records import Run
from tablemend.store import schema
from tablemend.store.database import Database
from tablemend.store.runs import STATUSES, Runs, as_run

_table = schema.runs
_HINT = "`tablemend runs list` lists the runs."


class Overview:
    """All runs of a store, of every kind and status."""

    def __init__(self, database: Database, runs: Runs) -> None:
        self._database = database
        self._runs = runs

    def find(self, beginning: str | None = None) -> Run:
        """The run whose id begins so, by default the newest; NotFound where there is none or several."""
        query = sa.select(_table.c.id).order_by(_table.c.seq.desc())
        if beginning is not None:
            query = query.where(_table.c.id.startswith(beginning, autoescape=True))
        with self._database.reading() as connection:
            found = list(connection.execute(query.limit(3)).scalars())
        if not found:
            raise NotFound("there is no run yet" if beginning is None else f"there is no run {beginning}", hint=_HINT)
        if beginning is not None and len(found) > 1 and beginning not in found:
            raise NotFound(f"{beginning} is the beginning of several runs: {', '.join(found)}", hint="Give more of it.")
        return self._runs.get(beginning if beginning is not None and beginning in found else found[0])

    def listed(self, *, kind: str | None = None, status: str | None = None, limit: int = 20) -> list[Run]:
        """Runs, newest first; StateError for a status or a kind that no run can have or has."""
        return self.page(kind=kind, status=status, limit=limit)[0]

    def page(
        self,
        *,
        kind: str | None = None,
        status: str | None = None,
        dataset: str | None = None,
        limit: int = 20,
        offset: int = 0,
    ) -> tuple[list[Run], int]:
        """A page of runs, newest first, and how many there are in all; raises as `listed`."""
        chosen = self._conditions(kind, status, dataset)
        query = sa.select(_table).where(*chosen).order_by(_table.c.seq.desc()).limit(limit).offset(offset)
        count = sa.select(sa.func.count()).select_from(_table).where(*chosen)
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
            return [as_run(row) for row in rows], int(connection.execute(count).scalar_one())

    def _conditions(self, kind: str | None, status: str | None, dataset: str | None) -> list[sa.ColumnElement[bool]]:
        if status is not None and status not in STATUSES:
            raise StateError(f"a run cannot be {status!r}", hint=f"It is one of {', '.join(STATUSES)}.")
        if kind is not None:
            known = sorted(self.totals())
            if kind not in known:
                raise NotFound(
                    f"there is no run of kind {kind!r}", hint=f"There are: {', '.join(known) or 'none yet'}."
                )
        given = ((_table.c.kind, kind), (_table.c.status, status), (_table.c.dataset, dataset))
        return [column == value for column, value in given if value is not None]

    def totals(self) -> dict[str, dict[str, int]]:
        """How many runs there are: kind → status → number, alphabetically."""
        columns = (_table.c.kind, _table.c.status)
        query = sa.select(*columns, sa.func.count()).group_by(*columns).order_by(*columns)
        found: dict[str, dict[str, int]] = {}
        with self._database.reading() as connection:
            for kind, status, number in connection.execute(query):
                found.setdefault(kind, {})[status] = number
        return found
