"""Carrying out one task: the batch function in the ledger's transaction, and the commit."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tablemend.batching.attempt import Attempt
from tablemend.batching.batch import Batch
from tablemend.batching.failures import reason
from tablemend.batching.ledger import Ledger, Settled
from tablemend.batching.outcome import Done, checked, rejection
from tablemend.batching.workers import Ended, Task
from tablemend.errors import ProcessDied

if TYPE_CHECKING:
    from tablemend.batching.processes import Elsewhere

Work = Callable[[Batch, Attempt], Done]
"""What is done with a batch."""


class Working:
    """Carries out tasks for the threads of a job, here or elsewhere."""

    def __init__(self, work: Work, ledger: Ledger | None, elsewhere: Elsewhere | None) -> None:
        self._work = work
        self._ledger = ledger
        self._elsewhere = elsewhere

    def __call__(self, task: Task, attempt: Attempt) -> Ended:
        """How the task ended; it never raises."""
        started = time.perf_counter()
        result: Done | Settled | None = None
        problem: BaseException | None = None
        unsure = False
        try:
            result = self._result(task, attempt)
        except BaseException as raised:  # noqa: BLE001 - of any batch function; the job decides what it means
            problem = attempt.stopped() if attempt.is_stopped else raised
            unsure = self._ledger is not None and task.doubt is None and self._may_have_committed(raised, attempt)
        return Ended(task=task, result=result, problem=problem, unsure=unsure, seconds=time.perf_counter() - started)

    def _may_have_committed(self, problem: BaseException, attempt: Attempt) -> bool:
        if self._elsewhere is None:
            return attempt.committing
        return attempt.is_stopped or isinstance(problem, ProcessDied) or getattr(problem, COMMITTING, False)

    def _result(self, task: Task, attempt: Attempt) -> Done | Settled:
        if task.doubt is not None and self._ledger is not None:
            found = self._ledger.find(task.batch)
            if found is None:
                raise task.doubt
            return found
        if task.refuse:
            return carried_out(_Refusing(task.refuse), self._ledger, attempt)
        if self._elsewhere is None:
            return carried_out(self._work, self._ledger, attempt)
        given = (self._work, self._ledger, task.batch, attempt.number, attempt.remaining())
        return self._elsewhere.call(carried_out_elsewhere, given, attempt)


COMMITTING = "tablemend_committing"
"""Mark of an error that came from elsewhere when the commit had begun."""


class _Refusing:
    """Writes a row down as rejected."""

    def __init__(self, why: str) -> None:
        self._why = why

    def __call__(self, batch: Batch, attempt: Attempt) -> Done:
        del attempt
        return Done(rejected=dict.fromkeys(range(len(batch)), self._why))


def carried_out(work: Work, ledger: Ledger | None, attempt: Attempt) -> Done:
    """Work on a batch; what it reports is checked before it is committed."""
    batch = attempt.batch
    if ledger is None:
        done = checked(work(batch, attempt), batch)
        attempt.commit()
        return done
    with ledger.transaction(batch, attempt) as transaction:
        attempt.transaction = transaction
        done = checked(work(batch, attempt), batch)
        attempt.commit()
        ledger.settle(transaction, batch, settled(batch, done), rejections(batch, done))
    return done


def carried_out_elsewhere(work: Work, ledger: Ledger | None, batch: Batch, number: int, timeout: float) -> Done:
    """`carried_out` in another process, from where only errors that can be pickled come back."""
    attempt = Attempt(batch, number, timeout)
    try:
        return carried_out(work, ledger, attempt)
    except Exception as problem:  # noqa: BLE001 - of any batch function; it goes on from there
        found = _portable(problem)
        setattr(found, COMMITTING, attempt.committing)
        raise found from None


def _portable(problem: Exception) -> Exception:
    try:
        copy = pickle.loads(pickle.dumps(problem))  # noqa: S301 - what was pickled a moment ago
    except Exception:  # noqa: BLE001 - whatever a class of error does when it is copied
        return RuntimeError(reason(problem))
    return problem if isinstance(copy, type(problem)) else RuntimeError(reason(problem))


def settled(batch: Batch, done: Done) -> Settled:
    """The outcomes of a batch, as a ledger keeps them."""
    return Settled(
        first=batch.first,
        rows=len(batch),
        inserted=done.inserted,
        updated=done.updated,
        skipped=done.skipped,
        rejected=len(done.rejected),
    )


def rejections(batch: Batch, done: Done) -> list[Any]:
    """The rejected rows of a batch, in order."""
    return [rejection(batch, place, done.rejected[place]) for place in sorted(done.rejected)]
