"""The verbs that decide on items, for runs over conflicts: these are decided on in their table."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from tablemend.errors import SettingsError
from tablemend.workspace.intel import Intelligence

if TYPE_CHECKING:
    from tablemend.records import Run
    from tablemend.review.decisions import Verdict
    from tablemend.review.gate import Gate
    from tablemend.workspace.conflicts import Conflicts

_CONFLICTS = "conflicts"


class ConflictReview(Intelligence):
    """One door for decisions, whatever the items are about."""

    @cached_property
    def conflicts(self) -> Conflicts:
        """Rows that cannot both be true, found and kept up to date in a database."""
        from tablemend.workspace.conflicts import Conflicts

        return Conflicts(self)  # type: ignore[arg-type]

    def reviewable(self) -> list[Run]:
        """Finished runs whose items stand for decision, the newest first; conflicts are decided on by their table."""
        return [each for each in super().reviewable() if each.kind != _CONFLICTS]

    def gate_of(self, run: str | None) -> Gate:
        """The gate that the items of a run go by."""
        found = self._over_conflicts(run)
        return super().gate_of(run) if found is None else self.conflicts.gate_of(found)

    def decide(self, verb: str, run: str | None = None, *, to: str | None = None, **options: Any) -> Verdict:
        """Take one decision on every item that meets the conditions; see `Deciding.decide`.

        On conflicts: approving sets them to in work, rejecting to ignored, in the table that their run wrote to, first
        of all. `to`, URL#table or the name of a job, is the way there, where the run does not tell it.
        """
        found = self._over_conflicts(run)
        if found is None:
            if to is not None:
                raise SettingsError("a table of conflicts is named, and the run is over none", hint="Leave --to out.")
            return super().decide(verb, run, **options)
        how = {name: options.pop(name) for name in _HOW if name in options}
        return self.conflicts.decide_items(verb, found, self.filter(found.id, **options), to=to, role=self.role, **how)

    def pass_gate(self, run: str | None = None) -> Verdict:
        """Let the gate decide on the open items of a run."""
        found = self._over_conflicts(run)
        return super().pass_gate(run) if found is None else self.conflicts.pass_gate(found)

    def _over_conflicts(self, run: str | None) -> Run | None:
        """The run, where it is one over conflicts."""
        found = self.run(run)
        return found if found.kind == _CONFLICTS else None


_HOW = ("force", "reason", "note", "rating", "seen")
"""How a decision is taken, as against on which items."""
