"""Trying other rules, comparing with an older procedure, and watching how good the rows are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from tablemend.errors import SettingsError
from tablemend.records import now
from tablemend.workspace.conflicts.places import Places

if TYPE_CHECKING:
    from tablemend.conflicts.whatif import WhatIf
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
