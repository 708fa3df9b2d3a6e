"""Partitions of a job as Spark tasks: on a local session, a cluster or Spark Connect alike."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tablemend.engine.spark import failures_told
from tablemend.errors import TablemendError

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
R = TypeVar("R")

_SCHEMA = "place bigint, content binary"


class PartitionFailed(Exception):
    """What went wrong with a partition, where the error itself could not be brought back."""


class Result(Generic[T, R]):
    """What became of one partition: a value, or the error that its function raised."""

    __slots__ = ("error", "partition", "value")

    def __init__(self, partition: T, value: R | None = None, error: Exception | None = None) -> None:
        self.partition = partition
        self.value = value
        self.error = error

    def __repr__(self) -> str:
        return f"Result({self.partition!r}, value={self.value!r}, error={self.error!r})"


def map_partitions(session: Any, function: Callable[[T], R], partitions: Sequence[T]) -> Iterator[Result[T, R]]:
    """Run a picklable function over each partition, as one Spark task each; results as they stand in `partitions`.

    `session` is Spark's own. Spark runs a task anew where its executor is lost, so the function must be safe to repeat.
    An error that the function raises is the result of that partition alone. The workers need the same Python, and the
    packages that the function uses. TablemendError where Spark itself fails.
    """
    from pyspark import cloudpickle

    if not partitions:
        return
    work = cloudpickle.dumps(function)
    descriptors = [(place, bytearray(cloudpickle.dumps(each))) for place, each in enumerate(partitions)]
    given = session.createDataFrame(descriptors, _SCHEMA).repartitionByRange(len(partitions), "place")

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        for batch in batches:
            for row in batch.to_pylist():
                content = outcome(work, row["content"])
                yield pa.RecordBatch.from_pylist([{"place": row["place"], "content": content}], schema=_arrow_schema())

    with failures_told("the partitions could not be run on Spark"):
        found = given.mapInArrow(run, _SCHEMA).toArrow()
    contents = dict(zip(found["place"].to_pylist(), found["content"].to_pylist(), strict=True))
    if contents.keys() != set(range(len(partitions))):
        raise TablemendError(f"Spark ran {len(contents)} of {len(partitions)} partitions", hint="Run the job again.")
    for place, partition in enumerate(partitions):
        good, value = pickle.loads(contents[place])  # noqa: S301  made by `outcome` in the session's own workers
        yield Result(partition, value) if good else Result(partition, error=value)


def _arrow_schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema([("place", pa.int64()), ("content", pa.binary())])


def outcome(function: bytes, partition: bytes) -> bytes:
    """Run a pickled function on a pickled partition: pickled (True, value) or (False, error)."""
    from pyspark import cloudpickle

    try:
        good, value = True, pickle.loads(function)(pickle.loads(partition))  # noqa: S301  written by `map_partitions`
    except Exception as problem:  # noqa: BLE001  the outcome of this partition alone
        good, value = False, problem
    try:
        made: bytes = cloudpickle.dumps((good, value))
        pickle.loads(made)  # noqa: S301  some errors can be written, not read back
    except Exception as problem:  # noqa: BLE001  told instead of the value
        told = value if not good else problem
        text = "".join(traceback.format_exception_only(told)).strip()
        made = cloudpickle.dumps((False, PartitionFailed(text)))
    return made
