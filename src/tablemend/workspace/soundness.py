"""Whether a state agrees with itself and with the files it points to."""

from __future__ import annotations

from collections.abc import Iterator

from tablemend.errors import TablemendError
from tablemend.store import checking
from tablemend.store.checking import Problem
from tablemend.store.state import Store
from tablemend.tables.snapshot import Snapshots


def problems(store: Store, snapshots: Snapshots, *, deep: bool) -> Iterator[Problem]:
    """Everything that contradicts itself; `deep` reads every file."""
    yield from checking.problems(store.database)
    wanted = store.hashes()
    kept = {snapshots.digest(name): name for name in snapshots.names(wanted)}
    for digest in sorted(wanted - kept.keys()):
        yield Problem(what="file", subject=digest, detail=f"it is not in {snapshots.folder}")
    for digest, name in sorted(kept.items()) if deep else ():
        yield from _differs(snapshots, digest, name)


def _differs(snapshots: Snapshots, digest: str, name: str) -> Iterator[Problem]:
    try:
        found = snapshots.rehash(name)
    except (TablemendError, OSError) as problem:
        yield Problem(what="file", subject=digest, detail=f"{name} cannot be read: {problem}")
        return
    if found != digest:
        yield Problem(what="file", subject=digest, detail=f"{name} holds other values than it did: {found[:16]}")
