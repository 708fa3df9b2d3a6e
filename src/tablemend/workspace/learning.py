"""The verbs about what is learned from people's decisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tablemend.errors import NotFound
from tablemend.workspace.deciding import Deciding

if TYPE_CHECKING:
    from tablemend.records import Repair
    from tablemend.review.learning import Acceptance, Experience


class Learning(Deciding):
    """What people's decisions say about the next repair of a kind."""

    def learned(self) -> list[Acceptance]:
        """How often people here approved repairs of each kind: check, operation and type of the column."""
        return self._experience().table()

    def reset_learning(self, *, check: str = "", operation: str = "", semantic: str = "") -> list[Acceptance]:
        """Let decisions on a kind of repairs so far count no longer; without conditions, all of them.

        Gives what no longer counts; raises NotFound where that is nothing. The decisions themselves stay.
        """
        wanted = {"check": check, "operation": operation, "semantic": semantic}
        gone = [
            each
            for each in self.learned()
            if all(not value or getattr(each, name) == value for name, value in wanted.items())
        ]
        if not gone:
            raise NotFound("no decision on such repairs counts", hint="`tablemend learning show` lists what counts.")
        with self.store.transaction():
            self.store.resets.add(**wanted, by=self.settings.person)
            kind = " ".join(f"{name}={value}" for name, value in wanted.items() if value) or "all"
            self.store.audit.write(self.settings.person, "reset learning", kind)
        return gone

    def _experience(self) -> Experience:
        from tablemend.review.learning import Experience

        decided = self.store.items.decided(type="repair")
        return Experience.of(decided, self.store.resets.all(), strength=self.settings.learning_strength)

    def _adjusted(self, repairs: Sequence[Repair]) -> tuple[Repair, ...]:
        """Repairs with the confidence that people's decisions make of their own."""
        from tablemend.review.learning import adjust

        return tuple(adjust(repairs, self._experience())) if self.settings.learning else tuple(repairs)
