"""What was measured during runs: written as one batch at the end of a run, read back by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from tablemend.errors import NotFound, StateError
from tablemend.records import Metric, Summary
from tablemend.store import schema
from tablemend.store.codec import moment, pack, stamp, unpack
from tablemend.store.database import Database
from tablemend.telemetry import summarise

_table = schema.metrics
_COLUMNS = ("run", "name", "kind", "value", "at")
_TOTALS = "metrics"
"""Artifact of a run that holds the figures of which entries were dropped."""


class Metrics:
    """The counters, gauges and timings of runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, run: str, metrics: Iterable[Metric], dropped: Mapping[str, Summary] | None = None) -> None:
        """Write the metrics of a run in one transaction, all or nothing; StateError where there is no such run.

        `dropped` are the figures of names of which entries were dropped, as the entries left do not tell them.
        """
        rows = [(run, each.name, each.kind, each.value, stamp(each.at)) for each in metrics]
        with self._database.transaction() as connection:
            self._require(connection, run)
            self._database.insert(connection, _table, _COLUMNS, rows)
            if dropped:
                if self._dropped(connection, run):
                    raise StateError(f"run {run} has its figures already", hint="They are written once, at its end.")
                connection.execute(schema.artifacts.insert().values(run=run, name=_TOTALS, body=pack(dropped)))

    def of(self, run: str, name: str | None = None) -> list[Metric]:
        """The metrics of a run, or of one name, in the order in which they were measured."""
        query = sa.select(_table).where(_table.c.run == run).order_by(_table.c.seq)
        if name is not None:
            query = query.where(_table.c.name == name)
        with self._database.reading() as connection:
            self._require(connection, run)
            return [_metric(row) for row in connection.execute(query)]

    def summary(self, run: str) -> dict[str, Summary]:
        """The figures of each name of a run, in alphabetical order, as `Telemetry.report` gave them at its end."""
        with self._database.reading() as connection:
            self._require(connection, run)
            dropped = self._dropped(connection, run)
        found = summarise(self.of(run)) | dropped
        return dict(sorted(found.items()))

    @staticmethod
    def _require(connection: sa.Connection, run: str) -> None:
        if connection.execute(sa.select(schema.runs.c.id).where(schema.runs.c.id == run)).first() is None:
            raise NotFound(f"there is no run {run}", hint="`tablemend runs list` lists the runs.")

    @staticmethod
    def _dropped(connection: sa.Connection, run: str) -> dict[str, Summary]:
        table = schema.artifacts
        body = connection.execute(sa.select(table.c.body).where(table.c.run == run, table.c.name == _TOTALS)).scalar()
        return {} if body is None else unpack(body, dict[str, Summary])


def _metric(row: sa.Row[tuple[object, ...]]) -> Metric:
    at = moment(row.at)
    if at is None:
        raise StateError(f"metric {row.name} of run {row.run} has no time")
    return Metric(name=row.name, kind=row.kind, value=row.value, at=at)
