"""Datasets and their versions; the head moves by compare-and-set, so that one of two writers wins."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tablemend.errors import Conflict, NotFound
from tablemend.records import Record, Score, Snapshot, Source, now
from tablemend.store import schema
from tablemend.store.codec import pack, stamp, unpack
from tablemend.store.database import Database

UPLOADS = "uploads"
"""Folder of the files that were handed to a server, each in a folder of its own."""


class Dataset(Record, frozen=True, kw_only=True):
    """A named line of snapshots."""

    id: str
    name: str
    location: str
    head: int  # newest version


def is_upload(source: Source, data: Path) -> bool:
    """Whether a source is a file that was handed to the server of a data folder."""
    return Path(source.location).parent.parent == data / UPLOADS


def told_location(source: Source, data: Path) -> str:
    """Where a source is, as people are told: of an upload its name alone."""
    return Path(source.location).name if is_upload(source, data) else source.location


def dataset_id(source: Source, data: Path) -> str:
    """Stable id of the dataset that a source feeds: of where it comes from, never of its content.

    A file beside the data folder counts by its place there, so that a folder keeps its datasets when it is moved as a
    whole. An upload counts by its name alone, in whatever format it comes: uploaded again, it is a new version.
    """
    location, base = Path(source.location), data.parent
    place = location.relative_to(base).as_posix() if location.is_relative_to(base) else source.location
    kind, named = source.kind, ""
    if is_upload(source, data):
        kind, place, named = UPLOADS, "", source.name
    elif kind in ("frame", "stdin"):
        named = source.name  # nothing else tells these apart
    parts = (kind, place, source.table or "", source.sql or "", source.sheet or "", named)
    return "d" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _dataset(row: Mapping[Any, Any]) -> Dataset:
    return Dataset(id=row["id"], name=row["name"], location=row["location"], head=row["head"])


class Datasets:
    """The datasets of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, dataset: str) -> Dataset | None:
        """The dataset of that id, or none."""
        table = schema.datasets
        with self._database.reading() as connection:
            row = connection.execute(sa.select(table).where(table.c.id == dataset)).mappings().first()
        return None if row is None else _dataset(row)

    def get(self, dataset: str) -> Dataset:
        """The dataset of that id; `NotFound` where there is none."""
        found = self.find(dataset)
        if found is None:
            raise NotFound(f"there is no dataset {dataset}", hint="`tablemend history` lists the datasets.")
        return found

    def all(self) -> list[Dataset]:
        """Every dataset, by name."""
        table = schema.datasets
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(table).order_by(table.c.name)).mappings().all()
        return [_dataset(row) for row in rows]

    def snapshot(self, dataset: str, version: int | None = None) -> Snapshot:
        """One version, by default the head; `NotFound` where there is none."""
        number = self.get(dataset).head if version is None else version
        table = schema.snapshots
        query = sa.select(table.c.body).where(table.c.dataset == dataset, table.c.version == number)
        with self._database.reading() as connection:
            body = connection.execute(query).scalar()
        if body is None:
            raise NotFound(f"dataset {dataset} has no version {number}", hint="`tablemend history` lists the versions.")
        return unpack(body, Snapshot)

    def versions(self, dataset: str) -> list[tuple[Snapshot, Score | None]]:
        """Every version with its score, oldest first."""
        table = schema.snapshots
        query = sa.select(table.c.body, table.c.score).where(table.c.dataset == dataset).order_by(table.c.version)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [(unpack(body, Snapshot), None if score is None else unpack(score, Score)) for body, score in rows]

    def hashes(self) -> set[str]:
        """Content hashes of every version, and of every kept original."""
        table = schema.snapshots
        with self._database.reading() as connection:
            bodies = connection.execute(sa.select(table.c.body)).scalars().all()
        found = [unpack(body, Snapshot) for body in bodies]
        return {each.hash for each in found} | {each.original for each in found if each.original}

    def locations(self) -> set[str]:
        """Where the versions of every dataset come from."""
        table = schema.snapshots
        with self._database.reading() as connection:
            bodies = connection.execute(sa.select(table.c.body)).scalars().all()
        return {unpack(body, Snapshot).source.location for body in bodies}

    def create(self, snapshot: Snapshot) -> None:
        """The first version of a new dataset."""
        with self._database.transaction() as connection:
            connection.execute(
                schema.datasets.insert().values(
                    id=snapshot.dataset,
                    name=snapshot.source.name,
                    location=snapshot.source.location,
                    head=snapshot.version,
                    created=stamp(now()),
                )
            )
            self._insert(connection, snapshot, None)

    def advance(self, snapshot: Snapshot, *, score: Score | None = None) -> None:
        """Add a version after its parent; `Conflict` where the head has moved meanwhile."""
        table = schema.datasets
        with self._database.transaction() as connection:
            moved = connection.execute(
                table.update()
                .where(table.c.id == snapshot.dataset, table.c.head == snapshot.version - 1)
                .values(head=snapshot.version)
            )
            if moved.rowcount != 1:
                raise Conflict(
                    f"{snapshot.source.name} got version {snapshot.version} from somebody else in the meantime",
                    hint="Nothing was changed here; look at `tablemend history` and scan again.",
                )
            self._insert(connection, snapshot, score)

    def set_score(self, dataset: str, version: int, score: Score) -> None:
        """Remember the score of a version."""
        table = schema.snapshots
        with self._database.transaction() as connection:
            connection.execute(
                table.update().where(table.c.dataset == dataset, table.c.version == version).values(score=pack(score))
            )

    @staticmethod
    def _insert(connection: sa.Connection, snapshot: Snapshot, score: Score | None) -> None:
        connection.execute(
            schema.snapshots.insert().values(
                dataset=snapshot.dataset,
                version=snapshot.version,
                hash=snapshot.hash,
                body=pack(snapshot),
                score=None if score is None else pack(score),
                created=stamp(snapshot.created),
            )
        )
