"""The verb that scans a table where it is: in its database."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from tablemend.errors import MissingObject, StateError
from tablemend.telemetry import Timings
from tablemend.workspace.learning import Learning

if TYPE_CHECKING:
    from tablemend.databases.database import Database
    from tablemend.databases.introspection import TableDescription
    from tablemend.quality.pushdown.survey import Survey
    from tablemend.records import Run, Source
    from tablemend.repair.results import Surveyed

PushDown = Literal["auto", "always", "never"]
IN_THE_DATABASE = "in the database"
"""The note of a run that was made there."""


class Surveying(Learning):
    """Scanning in the database."""

    def survey(self, source: Any, **options: str | None) -> Surveyed:
        """Profile and check a table in its database, read only; nothing is copied, and no repair is proposed.

        Counts are exact, as `scan` would have them. Raises StateError for anything but a table of a database.
        """
        found = self.survey_if("always", source, **options)
        assert found is not None  # noqa: S101 - always
        return found

    def survey_if(self, mode: PushDown, source: Any, **options: str | None) -> Surveyed | None:
        """`survey` where the mode asks for it: `auto` for a table that its database says is too large to read."""
        from tablemend.databases.pool import limits
        from tablemend.repair import declared
        from tablemend.repair.reading import parsed

        if mode == "never" or not isinstance(source, str):
            self._refuse(mode, source)
            return None
        place = parsed(source, options)
        if not declared.is_table(place):
            self._refuse(mode, source)
            return None
        large = self._large_file(place)
        if mode == "auto" and place.kind == "sqlite" and not large:
            return None  # it keeps no estimates, so that there is nothing to ask it
        with declared.database(place, source, limits(self.settings)) as opened:
            table = declared.described(opened, place)
            if mode == "auto" and not large and not self._too_large(table):
                return None
            return self._survey(opened, table, place)

    @staticmethod
    def _refuse(mode: PushDown, source: Any) -> None:
        if mode == "always":
            shown = "this" if not isinstance(source, str) else source.partition("#")[0].rpartition("@")[2]
            raise StateError(f"{shown} is not a table of a database, so it is read", hint="Leave out --push-down.")

    def _large_file(self, place: Source) -> bool:
        from pathlib import Path

        from tablemend.repair.declared import FILES

        return place.kind in FILES and Path(place.location).stat().st_size > self.settings.max_bytes

    def _too_large(self, table: TableDescription) -> bool:
        """By the estimates of the database; one that keeps none is read, within the limits."""
        rows, size, settings = table.row_estimate or 0, table.bytes or 0, self.settings
        return rows >= settings.push_down_rows or rows > settings.max_rows or size > settings.max_bytes

    def _survey(self, opened: Database, table: TableDescription, place: Source) -> Surveyed:
        from tablemend.repair.results import Surveyed

        with self._running("scan") as run:
            timings = Timings(self._beating(run.id), self.telemetry)
            with timings.stage("survey"):
                found = self._found(opened, table)
            with timings.stage("store"), self.store.transaction():
                self._keep_survey(run, found)
            self._note_pools(self.telemetry, opened)
        return Surveyed(
            run=run.id,
            source=place,
            profile=found.profile,
            findings=found.findings,
            score=found.score,
            seconds=timings.seconds,
        )

    def _found(self, opened: Database, table: TableDescription) -> Survey:
        from tablemend.databases import introspection
        from tablemend.quality import rules
        from tablemend.quality.pushdown.asking import asking
        from tablemend.quality.pushdown.columns import subject
        from tablemend.quality.pushdown.survey import survey
        from tablemend.settings import read_file
        from tablemend.tables.server import named

        own = rules.parse(read_file().get("rules", []))

        def parent(name: str) -> TableDescription | None:
            schema, short = named(name)
            try:
                return introspection.describe(opened, short, schema or table.schema)
            except MissingObject:
                return None

        with asking(opened, self.settings.push_down_timeout) as ask:
            return survey(
                subject(table, opened.kind, ask),
                estimates=introspection.distincts(opened, table),
                rules=partial(rules.checks, own),
                parents=parent,
                weights=self.settings.weights,
            )

    def _keep_survey(self, run: Run, found: Survey) -> None:
        for name in ("profile", "checks", "evaluation", "findings", "score"):
            self.store.runs.keep(run.id, name, getattr(found, name))
        counts = {"findings": len(found.findings), "repairs": 0, "rows": found.profile.rows}
        self.store.runs.finish(run.id, "completed", notes=[IN_THE_DATABASE], counts=counts)
