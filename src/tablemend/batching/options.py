"""The options of a job, with their limits."""

from __future__ import annotations

from typing import Any, Literal

from tablemend.batching.sizing import MOST, Adaptive
from tablemend.errors import SettingsError
from tablemend.records import Record

WORKERS = 256
"""Most workers: each is a thread, and mostly a connection."""


class Options(Record, frozen=True, kw_only=True):
    """How a job runs."""

    size: int | Adaptive = 1_000  # rows of a batch
    workers: int = 4
    timeout: float = 30.0  # seconds for an attempt at a batch
    retries: int = 3  # after a first attempt that failed for a reason that may pass
    wait: float = 0.05  # seconds before the first retry, at most; doubled for each one more
    wait_most: float = 5.0  # seconds before a retry, at most
    stop_after: int | None = 10  # failures in a row that no row is at fault for, after which the job stops
    max_rejected: int | None = None  # rejected rows after which the job stops; None: 1,000 where no row gets in
    grace: float = 5.0  # seconds that running batches have to finish when the job is cancelled
    executor: Literal["threads", "processes"] | Any = "threads"  # or what runs functions elsewhere

    def __post_init__(self) -> None:
        if isinstance(self.size, int):
            _within("size", self.size, 1, MOST)
        elif not isinstance(self.size, Adaptive):
            raise SettingsError(f"size cannot be {self.size!r}", hint="Give a number of rows, or Adaptive(…).")
        _within("workers", self.workers, 1, WORKERS)
        _within("timeout", self.timeout, 0.001, 86_400)
        _within("retries", self.retries, 0, 100)
        _within("wait", self.wait, 0, 3_600)
        _within("wait_most", self.wait_most, self.wait, 3_600)
        _within("grace", self.grace, 0, 86_400)
        for name in ("stop_after", "max_rejected"):
            if getattr(self, name) is not None:
                _within(name, getattr(self, name), 1 if name == "stop_after" else 0, 2**63)
        if isinstance(self.executor, str) and self.executor not in ("threads", "processes"):
            raise SettingsError(f"executor cannot be {self.executor!r}", hint="It is threads or processes.")


_WHOLE = ("size", "workers", "retries", "stop_after", "max_rejected")


def _within(name: str, value: Any, least: float, most: float) -> None:
    kind = int if name in _WHOLE else int | float
    if isinstance(value, bool) or not isinstance(value, kind) or not least <= value <= most:
        raise SettingsError(f"{name} cannot be {value!r}", hint=f"Give a number from {least:,} to {most:,}.")
