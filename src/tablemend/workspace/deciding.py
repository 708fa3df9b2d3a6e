"""The verbs that decide on items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tablemend.errors import NotFound
from tablemend.records import Item, Run
from tablemend.workspace.querying import Querying

if TYPE_CHECKING:
    from tablemend.review.decisions import Verdict
    from tablemend.review.gate import Gate
    from tablemend.review.replay import Replay
    from tablemend.store.filters import Filter


class Deciding(Querying):
    """Looking at items and deciding on them."""

    def items(
        self, run: str | None = None, *, limit: int | None = None, offset: int = 0, **conditions: Any
    ) -> list[Item]:
        """The items of a run that meet conditions such as `check`, `column`, `decision` or `min_confidence`.

        At most `limit` of them, after `offset`; they come in the order in which the run found them.
        """
        return self.store.items.select(self.filter(run, **conditions), limit=limit, offset=offset)

    def filter(self, run: str | None = None, *, ids: Sequence[str] = (), **conditions: Any) -> Filter:
        """A choice of items of a run; ids may be shortened as far as they stay unmistakable."""
        from tablemend.store.filters import Filter

        run_id = self.run(run).id
        return Filter(run=run_id, ids=tuple(self.store.items.named(ids, run_id)) if ids else (), **conditions)

    def reviewable(self) -> list[Run]:
        """Finished runs whose items stand for decision, the newest first: of each dataset the newest scan."""
        return [self.store.runs.get(run) for run in self.store.items.runs()]

    @property
    def gate(self) -> Gate:
        """The gate of repairs: the setting `repair_gate`, a file or a shipped gate; raises SettingsError.

        The setting is read anew each time: a server goes by a gate as soon as somebody has chosen it.
        """
        from tablemend.review.gate import load, require_fit

        found = load(self.settings.present("repair_gate"))
        require_fit(found, "repair")
        return found

    def gate_of(self, run: str | None) -> Gate:
        """The gate that the items of a run go by."""
        del run  # of repairs there is one gate
        return self.gate

    def approve(self, run: str | None = None, *, force: bool = False, **options: Any) -> Verdict:
        """Approve items of a run, by ids or by conditions; see `decide`."""
        return self.decide("approve", run, force=force, **options)

    def reject(self, run: str | None = None, **options: Any) -> Verdict:
        """Reject items of a run, by ids or by conditions; see `decide`."""
        return self.decide("reject", run, **options)

    def reopen(self, run: str | None = None, **options: Any) -> Verdict:
        """Open items of a run again, by ids or by conditions; see `decide`."""
        return self.decide("reopen", run, **options)

    def decide(
        self,
        verb: str,
        run: str | None = None,
        *,
        force: bool = False,
        reason: str = "",
        note: str = "",
        rating: int | None = None,
        seen: Mapping[str, str] | None = None,
        **conditions: Any,
    ) -> Verdict:
        """Take one decision on every item that meets the conditions, in one transaction.

        `seen` tells the decision that whoever decides saw on an item: where it is another one by now, that stands.
        Raises DecisionRefused where nothing meets them, or where a bulk approval holds items below the gate and is
        not forced. Who is bound by a role below admin cannot approve what they proposed or edited: it is refused.
        """
        from tablemend.review import decisions

        return decisions.decide(
            self.store,
            self.filter(run, **conditions),
            verb,
            by=self.settings.person,
            gate=self.gate_of(run),
            reason=reason,
            note=note,
            rating=rating,
            force=force,
            seen=seen,
            role=self.role,
        )

    def pass_gate(self, run: str | None = None) -> Verdict:
        """Let the gate decide on the open items of a run."""
        from tablemend.review import decisions

        return decisions.pass_gate(self.store, self.items(run), self.gate_of(run))

    def test_gate(self, gate: str | Path | Gate, *, type: str | None = None, people: bool = False) -> Replay:  # noqa: A002
        """What a gate, of a file or shipped, would make of every item that has a decision, beside that decision.

        `type` chooses one type of items, by default the one that the gate is for; `people` takes of each item the last
        decision by people, also where a gate decided later. Raises SettingsError for the file, and NotFound where
        nothing is decided yet.
        """
        from tablemend.review.gate import load
        from tablemend.review.replay import replay

        by = load(gate) if isinstance(gate, str | Path) else gate
        of = type or by.items
        found = replay(by, self.store.items.decided(type=of, people=people))
        if not found.total:
            who, what = " by people" if people else "", f" of type {of}" if of else ""
            raise NotFound(f"no item{what} was decided{who} yet", hint="Decide on some, or choose others.")
        return found
