"""The matrices that a workspace keeps, and those of them that are open."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tablemend.explore.matrix import Matrix
    from tablemend.store.matrices import Manifest
    from tablemend.workspace import Workspace

OPEN = 8
"""Versions that are held open at once: their views take little, but what statistics load of one may be 100 MB."""


class Opened:
    """Versions that are open in an engine, shared by all who use it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.found: OrderedDict[tuple[str, int, str], Matrix] = OrderedDict()


class Places:
    """Opens matrices by their names."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def all(self) -> list[Manifest]:
        """The newest version of every matrix, by name."""
        return self._workspace.store.matrices.all() if self._workspace.exists else []

    def get(self, name: str, version: int | None = None) -> Manifest:
        """What is known of a version of a matrix, by default the newest; NotFound where there is none."""
        return self._workspace.ready().matrices.get(name, version)

    def versions(self, name: str) -> list[Manifest]:
        """Every version of a matrix, oldest first; NotFound where there is none."""
        return self._workspace.ready().matrices.versions(name)

    def matrix(self, name: str, version: int | None = None) -> Matrix:
        """A version of a matrix to ask SQL of, by default the newest; NotFound where there is none."""
        from tablemend.explore.matrix import Matrix

        manifest = self.get(name, version)
        key = (manifest.name, manifest.version, manifest.run)  # another of the same content has a name of its own
        opened = self._workspace._matrices
        with opened.lock:
            found = opened.found.get(key)
            if found is None:
                found = Matrix(manifest, self._workspace.snapshots, self._workspace._engine.embedded())
                opened.found[key] = found
                while len(opened.found) > OPEN:
                    opened.found.popitem(last=False)
            opened.found.move_to_end(key)
        return found
