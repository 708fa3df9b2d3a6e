"""Deciding on kept conflicts, and taking back what was written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tablemend.errors import NotFound
from tablemend.records import now
from tablemend.workspace.conflicts.places import DECIDE, UNDO
from tablemend.workspace.conflicts.reviewing import Reviewing

if TYPE_CHECKING:
    from tablemend.conflicts.deciding import Decided
    from tablemend.conflicts.keeping import Undone
    from tablemend.conflicts.ruleset import Ruleset


class Deciding(Reviewing):
    """What people set, which no run overwrites."""

    def decide(
        self,
        target: str,
        verb: str,
        *,
        rules: str | Path | Ruleset | None = None,
        note: str = "",
        seen: Mapping[str, str] | None = None,
        **conditions: Any,
    ) -> Decided:
        """Take one decision, `work`, `ignore`, `delete` or `reopen`, on every conflict that meets the conditions.

        It is a run of its own, which `undo` takes back. `seen` tells the status that whoever decides saw on a conflict:
        where it is another one by now, that stands. Raises DecisionRefused where nothing meets the conditions, and
        NotFound where there is no table of conflicts.
        """
        from tablemend.conflicts.deciding import decide
        from tablemend.conflicts.listing import Wanted

        with self._keeper(target, rules) as (keeper, shown), self._workspace._running(DECIDE) as own:
            if not keeper.is_there:
                raise NotFound(f"{shown} is not there", hint="`tablemend conflicts run SOURCE --to TARGET` makes it.")
            done = decide(
                keeper,
                Wanted(**conditions),
                verb,
                run=own.id,
                now=now(),
                by=self._workspace.settings.person,
                note=note,
                seen=seen,
            )
            self._follow(keeper, shown, keys=done.changed)
            counts = {"changed": len(done.changed), "same": done.same, "refused": len(done.refused)}
            self._workspace.store.runs.finish(own.id, "partial" if done.refused else "completed", counts=counts)
        return done

    def undo(self, target: str, run: str, *, rules: str | Path | Ruleset | None = None) -> Undone:
        """Take back what a run wrote; conflicts that were changed since are left. NotFound where it wrote nothing."""
        from tablemend.conflicts import standing
        from tablemend.conflicts.marking import Marks

        with self._keeper(target, rules) as (keeper, shown), self._workspace._running(UNDO) as own:
            if not keeper.is_there:
                raise NotFound(f"run {run} has written no conflict here", hint="Check the table after --to.")
            Marks(keeper).drop()  # what is taken back may be found again, also of rows that do not change
            done = keeper.undo(run, by=own.id, now=now())
            self._follow(keeper, shown, keys=standing.changed(keeper, own.id), person=self._workspace.settings.person)
            counts = {"removed": done.removed, "restored": done.restored, "left": done.left}
            self._workspace.store.runs.finish(own.id, "partial" if done.left else "completed", counts=counts)
        return done
