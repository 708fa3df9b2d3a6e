"""Ctrl-C while work runs: the one who coordinates is told, and nothing is torn in the middle."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType


@contextmanager
def interruptible(told: Callable[[], None]) -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """A block in which Ctrl-C calls `told` instead of raising; gives what marks code that is to be broken off.

    Only the main thread receives Ctrl-C; in any other the block changes nothing.
    """
    breakable = 0

    @contextmanager
    def pulling() -> Iterator[None]:
        nonlocal breakable
        breakable += 1
        try:
            yield
        finally:
            breakable -= 1

    def handle(number: int, frame: FrameType | None) -> None:
        del number, frame
        told()
        if breakable:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield pulling
        return
    before = signal.signal(signal.SIGINT, handle)
    try:
        yield pulling
    finally:
        signal.signal(signal.SIGINT, before)
