"""The whole state behind one object."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

import sqlalchemy as sa

from tablemend.store.alerts import Alerts
from tablemend.store.change_sets import Audit, ChangeSets
from tablemend.store.database import Database
from tablemend.store.datasets import Datasets
from tablemend.store.health import Health
from tablemend.store.items import Items
from tablemend.store.jobs import Jobs
from tablemend.store.matrices import Matrices
from tablemend.store.metrics import Metrics
from tablemend.store.overview import Overview
from tablemend.store.resets import Resets
from tablemend.store.runs import Runs
from tablemend.store.schedules import Schedules
from tablemend.store.sessions import Sessions
from tablemend.store.tokens import Tokens
from tablemend.store.users import Users
from tablemend.store.writes import Writes

if TYPE_CHECKING:
    from tablemend.store.asynchronous import AsyncStore

T = TypeVar("T")


class Store:
    """Datasets, runs with their metrics, items, change sets, users and audit of one workspace."""

    def __init__(self, where: str | Path) -> None:
        self.database = Database(where)
        self.datasets = Datasets(self.database)
        self.health = Health(self.database)
        self.runs = Runs(self.database)
        self.items = Items(self.database)
        self.metrics = Metrics(self.database)
        self.overview = Overview(self.database, self.runs)
        self.change_sets = ChangeSets(self.database)
        self.audit = Audit(self.database)
        self.resets = Resets(self.database)
        self.writes = Writes(self.database)
        self.jobs = Jobs(self.database)
        self.users = Users(self.database)
        self.sessions = Sessions(self.database)
        self.tokens = Tokens(self.database)
        self.schedules = Schedules(self.database)
        self.alerts = Alerts(self.database)
        self.matrices = Matrices(self.database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def asynchronous(self) -> AsyncStore:
        """The same store for asyncio."""
        from tablemend.store.asynchronous import AsyncStore

        return AsyncStore(self)

    def transaction(self) -> AbstractContextManager[sa.Connection]:
        """Several writes as one: all or nothing."""
        return self.database.transaction()

    def writes_counted(self) -> int:
        """How many transactions have written so far: what was read at the same number still stands."""
        return self.database.written()

    def kept(self, key: Hashable, load: Callable[[int], T]) -> T:
        """What `load` gives for the counter of writes, kept until the next write of anybody."""
        written = self.database.written()
        return self.database.reads.get(key, written, lambda: load(written))

    def hashes(self) -> set[str]:
        """Hashes of every file that this state points at."""
        return self.datasets.hashes() | self.change_sets.hashes() | self.runs.hashes() | self.matrices.hashes()

    def recover(self, sweep: Callable[[set[str]], int]) -> list[str]:
        """Mark runs of dead processes failed, and sweep files that nothing points at; the ids of these runs.

        Files are swept only while no run is under way; the write lock keeps another from beginning meanwhile.
        """
        dead = self.runs.fail_dead()
        if self.runs.unfinished() and not self.runs.running():
            with self.transaction():
                if not self.runs.running():
                    sweep(self.hashes())
        return dead

    def close(self) -> None:
        """Close every connection."""
        self.database.close()
