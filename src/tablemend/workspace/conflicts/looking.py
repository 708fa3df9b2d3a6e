"""Looking at kept conflicts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tablemend.workspace.conflicts.places import Places

if TYPE_CHECKING:
    from tablemend.conflicts.listing import Page, Summary
    from tablemend.conflicts.ruleset import Ruleset

    Rules = str | Path | Ruleset | None


class Looking(Places):
    """Pages of kept conflicts, counts of them, and what is known of one.

    A `target` is `URL#table`, or the name of a job of the settings. `rules` is a ruleset, a file or the name of a
    shipped one; by default that of the job, else `visits`.
    """

    def page(
        self,
        target: str,
        *,
        rules: Rules = None,
        sort: str = "changed_at",
        descending: bool = True,
        limit: int = 100,
        offset: int = 0,
        **conditions: Any,
    ) -> Page:
        """Kept conflicts that meet all conditions, those of `listing.Wanted`, and how many there are."""
        from tablemend.conflicts.listing import Listing, Wanted

        with self._keeper(target, rules) as (keeper, _):
            return Listing(keeper).page(
                Wanted(**conditions), sort=sort, descending=descending, limit=limit, offset=offset
            )

    def summary(self, target: str, *, rules: Rules = None) -> Summary:
        """Counts of kept conflicts by status and by flag, and the money at stake."""
        from tablemend.conflicts.listing import Listing

        with self._keeper(target, rules) as (keeper, _):
            return Listing(keeper).summary()

    def get(self, target: str, conflict: str, *, rules: Rules = None) -> dict[str, Any]:
        """A kept conflict by its key; NotFound where there is none."""
        from tablemend.conflicts.listing import Listing

        with self._keeper(target, rules) as (keeper, _):
            return Listing(keeper).get(conflict)

    def history(self, target: str, conflict: str, *, rules: Rules = None) -> list[dict[str, Any]]:
        """What runs and people did to a conflict, the oldest first, with what was there before."""
        from tablemend.conflicts.listing import Listing

        with self._keeper(target, rules) as (keeper, _):
            return Listing(keeper).history(conflict)

    def explain(self, target: str, conflict: str, *, rules: Rules = None) -> tuple[str, ...]:
        """Why two rows cannot both be true, in sentences; NotFound where no such conflict is kept."""
        from tablemend.conflicts import words

        chosen = self._ruleset(target, rules)
        return words.explained(chosen, self.get(target, conflict, rules=chosen))

    def list(
        self, target: str, *, rules: Rules = None, status: Sequence[str] = (), limit: int = 100
    ) -> list[dict[str, Any]]:
        """Conflicts that are kept, those last changed first."""
        return [*self.page(target, rules=rules, status=tuple(status), limit=limit).rows]
