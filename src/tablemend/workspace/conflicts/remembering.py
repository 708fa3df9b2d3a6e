"""What was done to a table of conflicts: runs over it, decisions, and what took them back."""

from __future__ import annotations

from tablemend.errors import NotFound
from tablemend.records import Record, Run
from tablemend.workspace.conflicts.places import DECIDE, KIND, UNDO, Places, is_address

LOOKED = 100
"""Newest runs of each kind that are looked through."""


class Remembered(Record, frozen=True, kw_only=True):
    """A run on a table of conflicts."""

    run: Run
    dry: bool = False  # it wrote nothing
    by: str = ""  # who decided, or took back; empty for a run over rows


class Remembering(Places):
    """The runs on a table of conflicts."""

    def runs(self, target: str, *, limit: int = 20) -> list[Remembered]:
        """Runs, decisions and undos that this workspace did on a table of conflicts, newest first."""
        if not self._workspace.exists:
            return []
        store, shown = self._workspace.store, self._address(target)
        found = [run for kind in (KIND, DECIDE, UNDO) for run in self._newest(kind)]
        places = store.runs.recall_of([each.id for each in found], "places", list[str])
        mine = [each for each in found if places.get(each.id, ["", ""])[1] == shown]
        mine = sorted(mine, key=lambda each: (each.started, each.id), reverse=True)[:limit]
        dry = store.runs.recall_of([each.id for each in mine], "dry", bool)
        by = store.runs.recall_of([each.id for each in mine], "by", str)
        return [Remembered(run=each, dry=dry.get(each.id, False), by=by.get(each.id, "")) for each in mine]

    def jobs_of(self, run: str) -> list[str]:
        """The jobs of the settings that keep their conflicts where a run wrote."""
        place = self._workspace.store.runs.recall_of([run], "places", list[str]).get(run, ["", ""])[1]
        return [name for name in self.jobs if not is_address(name) and self.shown(name)[1] == place]

    def _newest(self, kind: str) -> list[Run]:
        try:
            return self._workspace.runs_page(kind=kind, limit=LOOKED)[0]
        except NotFound:  # there is no run of the kind yet
            return []

    def _address(self, target: str) -> str:
        from tablemend.databases import urls

        return urls.parse(target)[1].shown if is_address(target) else self.shown(target)[1]
