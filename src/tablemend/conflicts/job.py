"""The job: every partition read, judged and written, by several workers, to be taken up where it ended."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from msgspec import structs
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from tablemend.batching import Attempt, Batch, Done
from tablemend.batching import run as in_batches
from tablemend.conflicts.changes import ACTIONS, Changes, changes
from tablemend.conflicts.changing import Changed
from tablemend.conflicts.fetching import Ahead, Source
from tablemend.conflicts.finding import find
from tablemend.conflicts.keeping import Keeper
from tablemend.conflicts.tallying import Tally
from tablemend.databases.partitions import Partition
from tablemend.errors import (
    AccessDenied,
    LimitExceeded,
    MissingObject,
    SettingsError,
    StorageFull,
    Timeout,
    Transient,
    Unreachable,
)
from tablemend.records import Record

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.engine.duckdb import Session

ROWS = 500_000
"""Rows of a partition: half a second of judging, some 200 MB; where rows lie as they came in, each reads all pages."""
RETRIES = 3
"""Times that a partition is tried again where a database is busy or out of reach."""
AHEAD = 2
"""Partitions that wait to be judged: more only take memory, since judging is what takes long."""
LONGEST = 86_400.0
"""Most seconds for a partition: the limits of the databases end it earlier."""


class Part(Record, frozen=True, kw_only=True):
    """What became of a partition."""

    name: str  # p0001
    mark: str  # tells it apart from partitions cut otherwise; holds no key
    outcome: Literal["done", "failed", "skipped"]
    reason: str = ""
    rows: int = 0
    conflicts: int = 0
    counts: dict[str, int] = {}  # action → conflicts written, or to be written where the run is dry
    unchanged: int = 0
    left: int = 0  # conflicts that somebody else changed meanwhile
    tally: Tally = Tally()
    entities: tuple[str, ...] = ()  # hashes of those of its entities of which conflicts are kept or were found

    @property
    def written(self) -> int:
        """Conflicts that were written."""
        return sum(self.counts.values())


class Terms(Record, frozen=True, kw_only=True):
    """How a job is done."""

    run: str
    ruleset: str  # its name
    source: str  # URL#table without password
    target: str  # likewise
    today: date
    now: datetime
    dry: bool = False  # nothing is written
    workers: int = 4
    pipelined: bool = True  # the next partition is fetched while one is judged


class Job:
    """One run over the partitions of a source."""

    def __init__(
        self,
        source: Source,
        keeper: Keeper,
        session: Session,
        terms: Terms,
        *,
        ended: Callable[[Part], None],
        changed: Changed | None = None,
    ) -> None:
        """`ended` is told what became of each partition, one at a time; `changed` are the rows to look at, else all."""
        self._source, self._keeper, self._session, self._terms = source, keeper, session, terms
        self._ended = ended
        self._telling = threading.Lock()
        self._changed = changed
        self._kept = self._look()

    def _look(self) -> pa.Table:
        """The kept conflicts that this run is about, as they are now."""
        kept = self._keeper.kept()
        return kept if self._changed is None else self._changed.of(kept, left=True)

    def run(self, parts: Sequence[Partition], done: Mapping[str, Part]) -> list[Part]:
        """Every partition but those whose mark is among those done before; in their order.

        What goes wrong with one is told in its part and stops no other. Raises Cancelled after Ctrl-C.
        """
        marks = {each.number: self._source.mark(each) for each in parts}
        found = {
            number: structs.replace(done[mark], outcome="skipped") for number, mark in marks.items() if mark in done
        }
        left = [each for each in parts if each.number not in found]
        ahead = min(self._terms.workers, AHEAD) if self._terms.pipelined else 0
        with Ahead(left, self._source.fetch, ahead=ahead) as fetched:

            def work(batch: Batch, attempt: Attempt) -> Done:
                part: Partition = batch.rows[0]
                made = self._tried(part, marks[part.number], attempt, fetched)
                with self._telling:
                    found[part.number] = made
                    self._ended(made)
                return Done(updated=1) if made.outcome == "done" else Done(rejected={0: made.reason})

            in_batches(
                left,
                work,
                job=self._terms.run,
                size=1,
                workers=self._terms.workers,
                timeout=LONGEST,
                retries=RETRIES,
                stop_after=None,
            )
        parts_done = [found[each.number] for each in parts]
        if all(each.outcome != "failed" for each in parts_done):
            parts_done += self._vanished_tried(parts_done)
        return parts_done

    def _tried(self, part: Partition, mark: str, attempt: Attempt, fetched: Ahead) -> Part:
        """A partition; what may pass is raised, to be tried again, and what does not is its outcome."""
        name = f"p{part.number:04}"
        try:
            kept = self._kept if attempt.number == 1 else self._look()  # the commit of the last attempt may have ended
            return self._done(name, mark, fetched.get(part.number), self._source.periods(part), kept, attempt)
        except Exception as problem:
            if attempt.is_stopped or (attempt.number <= RETRIES and isinstance(problem, Transient | Unreachable)):
                raise
            return Part(name=name, mark=mark, outcome="failed", reason=_reason(problem), rows=part.rows)

    def _done(
        self, name: str, mark: str, rows: pa.Table, periods: pa.Table | None, kept: pa.Table, attempt: Attempt
    ) -> Part:
        import pyarrow.compute as pc

        with self._session.branch() as session:
            found = find(session, self._source.rules, rows, periods=periods, today=self._terms.today)
            if self._changed is not None:
                found = found._replace(conflicts=self._changed.of(found.conflicts))
            kept = kept.filter(pc.is_in(kept["entity"], found.entities))
            wanted = changes(session, found.conflicts, kept)
        attempt.check()
        return self._written(
            wanted,
            kept,
            Part(
                name=name,
                mark=mark,
                outcome="done",
                rows=rows.num_rows,
                conflicts=found.conflicts.num_rows,
                unchanged=wanted.unchanged,
                tally=found.tally,
                entities=tuple({*kept["entity"].to_pylist(), *found.conflicts["entity"].to_pylist()}),
            ),
        )

    def _written(self, wanted: Changes, kept: pa.Table, part: Part) -> Part:
        if self._terms.dry:
            counts = {action: wanted.count(action) for action in ACTIONS}
            return structs.replace(part, counts=counts)
        made = self._keeper.write(wanted, kept, run=self._terms.run, now=self._terms.now)
        return structs.replace(part, counts=made.counts, left=made.left)

    def _vanished_tried(self, parts: Sequence[Part]) -> list[Part]:
        """What is kept of entities without rows, tried again like a partition, and like one told where it fails."""
        tries = Retrying(
            stop=stop_after_attempt(RETRIES + 1),
            wait=wait_random_exponential(multiplier=0.05, max=5),
            retry=retry_if_exception_type((Transient, Unreachable)),
            before_sleep=lambda _: setattr(self, "_kept", self._look()),
            reraise=True,
        )
        try:
            return tries(self._vanished, parts)
        except (Transient, Unreachable) as problem:
            return [Part(name="gone", mark="", outcome="failed", reason=_reason(problem))]

    def _vanished(self, parts: Sequence[Part]) -> list[Part]:
        """What is kept of entities of which the source has no row any more, once every other one was judged."""
        import pyarrow as pa
        import pyarrow.compute as pc

        seen = pa.array([each for part in parts for each in part.entities], pa.string())
        kept = self._kept.filter(pc.invert(pc.is_in(self._kept["entity"], seen)))
        if not kept.num_rows:
            return []
        with self._session.branch() as session:
            wanted = changes(session, kept.slice(0, 0), kept)
        made = self._written(wanted, kept, Part(name="gone", mark="", outcome="done", unchanged=wanted.unchanged))
        return [made] if made.written or made.left else []


def _reason(problem: Exception) -> str:
    """What went wrong; other messages are left out, since a driver may quote a key in them."""
    return f"{type(problem).__name__}: {problem}" if isinstance(problem, _TOLD) else type(problem).__name__


_TOLD = (Transient, Unreachable, Timeout, AccessDenied, LimitExceeded, MissingObject, StorageFull, SettingsError)
