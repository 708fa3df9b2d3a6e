"""Trying other rules, comparing with an older procedure, and watching how good the rows are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from tablemend.errors import SettingsError
from tablemend.records import now
from tablemend.workspace.conflicts.places import KIND, SUBJECT, Places

if TYPE_CHECKING:
    from tablemend.conflicts.reasons import Reason
    from tablemend.conflicts.reconciling import Columns, Reconciled
    from tablemend.conflicts.ruleset import Ruleset
    from tablemend.conflicts.trends import Trend
    from tablemend.conflicts.whatif import WhatIf
    from tablemend.engine.duckdb import Session
    from tablemend.workspace.conflicts.places import Rules


class Tools(Places):
    """What would be, what was, and what it rests on; none of it writes."""

    def what_if(
        self,
        source: str,
        *,
        rules: Rules = None,
        against: Rules = None,
        road_factor: float | None = None,
        speeds: Sequence[tuple[float, float]] = (),
        tolerance: float | None = None,
        original: bool = False,
        today: date | None = None,
        rows: int | None = None,
        examples: int = 5,
        told: Callable[[int, int], None] = lambda *_: None,
    ) -> WhatIf:
        """How many conflicts among the rows of `URL#table` or of a job would appear and vanish; nothing is written.

        The rows are judged by `rules`, and by those with another road factor, speeds (bounds in miles, and miles an
        hour), tolerance (minutes) or the original options; `against` is a ruleset to begin from instead. `examples` is
        the most conflicts that are told of each kind of change. `told` is told the partitions that are done, and all.
        Raises SettingsError where nothing would change or a choice cannot be used, UnreadableSource for columns, and
        DatabaseError.
        """
        from tablemend.conflicts import door, fetching, job, whatif

        before = self._ruleset(source, rules)
        after = whatif.altered(
            before if against is None else self._ruleset(source, against),
            road_factor=road_factor,
            speeds=speeds,
            tolerance=tolerance,
            original=original,
        )
        if after == before:
            raise SettingsError(
                "both rulesets are the same", hint="Give a road factor, speeds, a tolerance or another ruleset."
            )
        secret = door.secret_of(self._workspace.settings.conflicts_secret.get_secret_value())
        day = today or now().date()
        found = whatif.Comparison(before, after, today=day, examples=examples)
        with self._origin(source) as place, self._workspace._engine.embedded() as session:
            both = whatif.Both(place.database, place.table, before, after, secret=secret, today=day)
            parts = both.partitions(rows or job.ROWS)
            with fetching.Ahead(parts, both.fetch, ahead=1) as fetched:
                for done, part in enumerate(parts, start=1):
                    found.add(session, fetched.get(part.number), both.both_periods(part))
                    told(done, len(parts))
        return found.result()

    def reconcile(
        self,
        old: str,
        to: str,
        *,
        rules: Rules = None,
        columns: Columns | None = None,
        source: str | None = None,
        today: date | None = None,
        lookup: int = 1_000,
        examples: int = 5,
    ) -> Reconciled:
        """Compare the table of an older procedure, `URL#table`, with the conflicts that are kept and found.

        `columns` says what its columns are called. With a `source` of rows, up to `lookup` of the pairs that only the
        older table has are judged, and the reasons counted why they are no conflicts. `examples` is the most pairs that
        are told of each side. Raises UnreadableSource for a column that is missing, NotFound where nothing is kept,
        SettingsError and DatabaseError.
        """
        from msgspec import structs

        from tablemend.conflicts import reconciling

        chosen = self._ruleset(to, rules)
        with (
            self._place(old, "older table") as older,
            self._keeper(to, chosen) as (keeper, _),
            self._workspace._engine.embedded() as session,
        ):
            compared = reconciling.Comparison(session, chosen)
            compared.read_old(older.database, older.table, columns or reconciling.Columns())
            compared.read_new(keeper)
            found = structs.replace(compared.counted(), examples=tuple(compared.only_new(keeper, examples)))
            pairs = compared.only_old(examples if source is None else max(lookup, examples))
            reasons = self._reasons(session, source, chosen, pairs, today) if source is not None else []
        return reconciling.told(found, pairs, reasons, examples)

    def _reasons(
        self, session: Session, source: str, rules: Ruleset, pairs: Sequence[tuple[str, str, str]], today: date | None
    ) -> list[Reason]:
        from tablemend.conflicts import door, fetching, reasons

        secret = door.secret_of(self._workspace.settings.conflicts_secret.get_secret_value())
        day = today or now().date()
        with self._origin(source) as place:
            opened = fetching.Source(place.database, place.table, rules, secret=secret, today=day)
            rows = reasons.fetch(opened, [each for a, b, _ in pairs for each in (a, b)])
        return reasons.reasons(session, rules, rows, [(a, b) for a, b, _ in pairs], today=day)

    def trends(self, to: str, *, rules: Rules = None, limit: int = 30) -> list[Trend]:
        """The newest runs into the table `to` of conflicts, `URL#table` or of a job, the newest last.

        Runs that ended early, or in part, are among them, and say so.
        """
        from tablemend.conflicts import trends

        chosen = self._ruleset(to, rules)
        runs = self._workspace.ready().runs
        with self._keeper(to, chosen) as (_, shown):
            wanted = [
                (run, subject)
                for run, subject in runs.of_kind(KIND, SUBJECT, trends.Subject)
                if (subject.target, subject.ruleset) == (shown, chosen.name)
            ]
        found = []
        for run, subject in reversed(wanted[:limit]):
            reports = runs.recall_all(run.id, "report", trends.Report)
            found.append(trends.trend(run, subject, reports[0] if reports else None))
        return found
