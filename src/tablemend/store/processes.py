"""Telling whether the process that began a run still lives."""

from __future__ import annotations

import os
import socket

from tablemend.records import Record


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
            return bool(abs(psutil.Process(self.pid).create_time() - self.started) < 1.0)
        except psutil.NoSuchProcess:
            return False


def current() -> Process:
    """This process."""
    import psutil

    return Process(host=socket.gethostname(), pid=os.getpid(), started=psutil.Process().create_time())
