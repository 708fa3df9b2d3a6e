"""Conflicts in review: items that people decide on, whose decisions are those of the table of conflicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from tablemend.errors import NotFound, SettingsError
from tablemend.records import Run, now
from tablemend.workspace.conflicts.places import DECIDE, KIND, Places, is_address

if TYPE_CHECKING:
    from tablemend.conflicts.items import Maker, Terms
    from tablemend.conflicts.job import Terms as JobTerms
    from tablemend.conflicts.keeping import Keeper
    from tablemend.conflicts.ruleset import Ruleset
    from tablemend.conflicts.tallying import Tally
    from tablemend.review.decisions import Verdict
    from tablemend.review.gate import Gate
    from tablemend.store.filters import Filter

BATCH = 10_000
"""Items that are put at a time: a transaction of about a second."""

RECENT = 100
"""Runs that are looked through for those that did not come to put up their items."""

_TERMS, _REVIEWED = "review terms", "reviewed"
"""Names under which a run keeps what its items are made by, and which run put them up."""

_VERBS = {"approve": "work", "reject": "ignore", "reopen": "reopen"}
"""What is done to an item → what that does to its conflict."""


class Review(NamedTuple):
    """How the items of a run are made, and how many at most."""

    terms: Terms
    most: int


class Reviewing(Places):
    """Items of conflicts. The table of conflicts is what holds: it is written first, and the items follow it."""

    def _begin_review(
        self, run: str, asked: tuple[str, str | None], shown: tuple[str, str], rules: Ruleset, most: int | None
    ) -> Review | None:
        """How the items of a run are made, noted before its first conflict is written; None where none are to be.

        `asked` are source and target as they were given, `shown` their addresses, `most` the items at most, by default
        the setting. SettingsError for a gate that does not fit them.
        """
        from tablemend.conflicts.items import TYPE, Terms
        from tablemend.databases import urls
        from tablemend.review import gate, scorecard

        settings, (source, to) = self._workspace.settings, asked
        most = settings.conflicts_items if most is None else most
        if not most:
            return None
        card = scorecard.load(settings.conflicts_scorecard)
        by = gate.load(settings.conflicts_gate, card=card)
        gate.require_fit(by, TYPE, card)
        way = to or source
        address = way if is_address(way) else self.job(way).to.get_secret_value()
        terms = Terms(
            source=shown[0],
            target=shown[1],
            ruleset=rules.name,
            job=next((each for each in (way, source) if not is_address(each)), ""),
            plain=not urls.secrets(urls.parse(address)[0]),
            scorecard=card,
            gate=by,
        )
        self._workspace.store.runs.keep(run, _TERMS, terms)
        return Review(terms, most)

    def _review(
        self, job: JobTerms, review: Review | None, keeper: Keeper, rules: Ruleset, tally: Tally
    ) -> dict[str, int]:
        """Put up what a run wrote, those that score highest, and let the gate pass them; counts of items by outcome.

        What an earlier run wrote and did not come to put up is put up too. Decisions follow the table in any case.
        """
        from tablemend.conflicts import items, standing

        if review is None:
            self._follow(keeper, job.target)
            return {}
        run, terms = job.run, review.terms
        runs = [run, *self._left_over(run, terms)]
        shared = {each.entity for each in tally.suspicious}
        maker = items.Maker(rules, terms, run=run, today=job.today, shared=shared)
        written = standing.written(keeper, runs, items.READ)
        counts = self._put(maker, terms, maker.best(written, review.most))
        for each in runs:
            self._workspace.store.runs.keep(each, _REVIEWED, run)
        self._follow(keeper, terms.target, runs=runs)
        return {"items": sum(counts.values()), **counts}

    def _put(self, maker: Maker, terms: Terms, chosen: Any) -> dict[str, int]:
        from tablemend.conflicts import following, items

        store = self._workspace.store
        counts = Counter(dict.fromkeys(("promote", "monitor", "block"), 0))
        for batch in chosen.to_batches(BATCH):
            made = maker.items(items.rows(batch))
            with store.transaction():
                store.items.put(made)
                following.pass_gate(store.items, terms.gate, made)
            counts.update(each.body["outcome"] for each in made)
        return dict(counts)

    def _left_over(self, run: str, terms: Terms) -> list[str]:
        """Earlier runs into the same table that ended before their items were put up."""
        from tablemend.conflicts.items import Terms

        runs, found = self._workspace.store.runs, []
        for each in runs.recent(limit=RECENT):
            if each.kind != KIND or each.id == run or each.status == "running":
                continue
            known = [(kept.target, kept.ruleset) for kept in runs.recall_all(each.id, _TERMS, Terms)]
            if known == [(terms.target, terms.ruleset)] and not runs.recall_all(each.id, _REVIEWED, str):
                found.append(each.id)
        return found

    def _follow(self, keeper: Keeper, target: str, **chosen: Any) -> None:
        """Bring the decisions on items in line with the table, where there is any item."""
        from tablemend.conflicts import following

        following.follow(self._workspace.store.items, keeper, target, **chosen)

    def gate_of(self, run: Run) -> Gate:
        """The gate that the items of a run go by; NotFound for a run without items."""
        return self._terms_of(run).gate

    def pass_gate(self, run: Run) -> Verdict:
        """Let the gate decide again on the items of a run of which no person has spoken."""
        from tablemend.conflicts import following
        from tablemend.review.decisions import Verdict

        store, made = self._workspace.store, self._workspace.items(run.id)
        with store.transaction():
            decided = following.pass_gate(store.items, self.gate_of(run), made)
        return Verdict(decision="gate", decided=decided, unchanged=tuple(sorted({e.id for e in made} - set(decided))))

    def decide_items(
        self,
        verb: str,
        run: Run,
        wanted: Filter,
        *,
        to: str | None = None,
        reason: str = "",
        note: str = "",
        **how: Any,
    ) -> Verdict:
        """Set the conflicts of items to in work, ignored or open again, and note the decisions; see `Workspace.decide`.

        The table is written first, in one transaction, so that no decision stands of which it knows nothing. What
        somebody set there meanwhile stands. `to` is URL#table or the name of a job, where the run does not tell the
        way to the table. SettingsError where nothing does, or where it leads to another one.
        """
        from tablemend.review import decisions as core

        store, by, terms = self._workspace.store, self._workspace.settings.person, self._terms_of(run)
        with self._reviewed(terms, to) as keeper:
            keys = {each.id: each.content for each in store.items.select(wanted)}
            self._follow(keeper, terms.target, keys=set(keys.values()))
            verdict, planned = core.plan(store, wanted, verb, by=by, gate=terms.gate, reason=reason, note=note, **how)
            if not planned:
                return verdict
            with self._workspace._running(DECIDE) as own:
                why = "; ".join(each for each in (reason, note) if each)
                others = _written(keeper, verb, [keys[each.item] for each in planned], run=own.id, by=by, note=why)
                done = [each for each in planned if keys[each.item] not in others]
                left = [each.item for each in planned if keys[each.item] in others]
                core.log(store, verb, done, run=run.id)
                refused = (*verdict.refused, *(core.Refusal(item=each, reason=others[keys[each]]) for each in left))
                counts = {"changed": len(done), "refused": len(refused)}
                store.runs.finish(own.id, "partial" if refused else "completed", counts=counts)
        return replace(verdict, decided=tuple(each.item for each in done), refused=refused, run=own.id)

    def _terms_of(self, run: Run) -> Terms:
        from tablemend.conflicts.items import Terms

        found = self._workspace.store.runs.recall_all(run.id, _TERMS, Terms)
        if not found:
            raise NotFound(f"run {run.id} has no items", hint="`tablemend conflicts decide` decides on its conflicts.")
        return found[0]

    @contextmanager
    def _reviewed(self, terms: Terms, to: str | None) -> Iterator[Keeper]:
        """The table of conflicts that a run wrote to."""
        from tablemend.conflicts.keeping import Keeper

        way = to or (terms.target if terms.plain else terms.job)
        if not way or (to is None and not is_address(way) and way not in self.jobs):
            raise SettingsError(
                f"the password of {terms.target} is not known here",
                hint="Name the table with --to, or a job that does.",
            )
        address = way if is_address(way) else self.job(way).to.get_secret_value()
        with self._place(address, "table of conflicts") as place:
            if place.shown != terms.target:
                raise SettingsError(f"the run wrote to {terms.target}, not to {place.shown}", hint="Name its table.")
            yield Keeper(place.database, place.table, terms.ruleset)


def _written(keeper: Keeper, verb: str, keys: Collection[str], *, run: str, by: str, note: str) -> Mapping[str, str]:
    """Set the status of conflicts; why not, of each that is gone or that somebody changed meanwhile."""
    from tablemend.conflicts import standing
    from tablemend.conflicts.changes import STATUSES
    from tablemend.conflicts.deciding import decide
    from tablemend.conflicts.listing import Wanted

    seen = standing.statuses(keeper, keys)
    refused = {key: "its conflict is kept no more" for key in keys if key not in seen}
    if seen:
        chosen = Wanted(ids=tuple(seen))
        done = decide(keeper, chosen, _VERBS[verb], run=run, now=now(), by=by, note=note, seen=seen)
        refused |= {key: f"somebody set it to {STATUSES[each]} in the meantime" for key, each in done.refused.items()}
    return refused
