"""Telling whether the process that began a run still lives."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tablemend.records import Record, now
from tablemend.store.codec import moment

SILENCE = timedelta(minutes=10)
"""Work on another host that sent no heartbeat for so long counts as dead."""


class Process(Record, frozen=True, kw_only=True):
    """A process on a host; the start time tells a reused number apart."""

    host: str
    pid: int
    started: float  # seconds since the epoch

    @property
    def alive(self) -> bool | None:
        """Whether it still runs; None where it belongs to another host."""
        if self.host != socket.gethostname():
            return None
        import psutil

        try:
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.started) < 1.0
            return bool(same and found.status() != psutil.STATUS_ZOMBIE)  # dead, and nobody has asked how it ended
        except psutil.NoSuchProcess:
            return False


def current() -> Process:
    """This process."""
    import psutil

    return Process(host=socket.gethostname(), pid=os.getpid(), started=psutil.Process().create_time())


def of(row: Mapping[Any, Any]) -> Process:
    """The process that a row of the state belongs to."""
    return Process(host=row["host"], pid=row["pid"], started=row["pid_started"])


def is_dead(row: Mapping[Any, Any]) -> bool:
    """Whether the process of a row is gone; on another host, whether it was silent for too long."""
    alive = of(row).alive
    if alive is None:
        heartbeat = moment(row["heartbeat"])
        return heartbeat is None or now() - heartbeat > SILENCE
    return not alive
