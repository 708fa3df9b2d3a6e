"""What the pages of matrices show first, answered before anybody asks."""

from __future__ import annotations

import logging
import threading
from typing import Self

from tablemend.errors import TablemendError
from tablemend.web import exploring
from tablemend.workspace import Workspace

logger = logging.getLogger(__name__)

PARTS = ("feature", "entity")
"""The parts of a matrix that are answered ahead, each with what it shows where nothing is chosen."""
ENDING = 5.0
"""Most seconds to wait for the answer under way when a server ends."""


class Warming:
    """A thread that opens every matrix and answers what its page shows first; a context manager.

    The answers are kept in the cache of the workspace, as if somebody had asked. It begins once, and holds up nobody.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="warming", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join(ENDING)

    def wait(self) -> None:
        """Until everything is answered."""
        self._thread.join()

    def _work(self) -> None:
        for matrix in self._workspace.explore.all():
            for part in PARTS:
                if self._closing.is_set():
                    return
                self._answer(matrix.name, part)

    def _answer(self, name: str, part: str) -> None:
        try:
            choice = exploring.settled(self._workspace, name, exploring.chosen({"part": part}))
            exploring.asked(self._workspace, name, choice)
        except TablemendError as problem:  # whoever opens the page is told the same
            logger.warning("matrix %s was not answered ahead: %s", name, problem)
