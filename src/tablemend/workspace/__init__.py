"""The one object that users hold: it opens the state, and every verb is a method of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tablemend.telemetry import Progress, silent
from tablemend.workspace.intel import Intelligence

__all__ = ["Workspace", "open"]


class Workspace(Intelligence):
    """Datasets, their versions, and every decision on them, in one data folder.

    The folder is made by the first verb that writes. Closing frees every connection; use it as a context manager.
    """

    def signed(self, person: str) -> Workspace:
        """This workspace in the hands of another person."""
        other = Workspace(self.settings.model_copy(update={"user": person}), progress=self.progress)
        other.__dict__["store"] = self.store
        other.__dict__["_telemetry"] = self._telemetry
        return other


def open(path: str | Path | None = None, *, progress: Progress = silent, **settings: Any) -> Workspace:  # noqa: A001
    """Open the workspace of a data folder, by default `.tablemend` or TABLEMEND_DATA."""
    from tablemend.settings import load

    given = settings | ({"data": Path(path)} if path is not None else {})
    return Workspace(load(**given), progress=progress)
