"""The versions of matrices; what each holds is in files that are named by their hashes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tablemend.errors import NotFound
from tablemend.records import Record
from tablemend.store import schema
from tablemend.store.codec import pack, stamp, unpack
from tablemend.store.database import Database

_table = schema.matrices


class MatrixProblem(Record, frozen=True, kw_only=True):
    """Something that was not as it should be when a matrix was read."""

    kind: str
    count: int
    message: str
    examples: tuple[str, ...] = ()


class Manifest(Record, frozen=True, kw_only=True):
    """A version of a matrix: where it came from, how large it is, and what was found when it was read."""

    name: str
    version: int = 0  # counted from 1; 0 before it is kept
    files: dict[str, str]  # table → hash, by which its file is found
    source: str  # as it may be shown
    shape: str  # of the table that it was read from: wide or long
    transposed: bool = False  # whether the rows of a wide one were features
    entity: str = ""  # field of samples that makes them replicates of one entity; empty: each is one of its own
    samples: int
    entities: int
    features: int
    value_type: str  # float, where 32 bits hold every value as it is, or double
    cells: dict[str, int]  # kind of cell → number; together samples × features, or the rows of a long table
    sample_fields: tuple[str, ...] = ()
    entity_fields: tuple[str, ...] = ()  # those of samples that say the same in all samples of an entity
    feature_fields: tuple[str, ...] = ()
    problems: tuple[MatrixProblem, ...] = ()
    bytes: int = 0  # of its files
    run: str = ""
    by: str = ""
    at: datetime | None = None

    @property
    def measured(self) -> int:
        """Cells that hold a number."""
        return self.cells["numbers"]


class Matrices:
    """The matrices of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Manifest]:
        """The newest version of every matrix, by name."""
        newest = sa.select(sa.func.max(_table.c.seq)).group_by(_table.c.name)
        query = sa.select(_table.c.body).where(_table.c.seq.in_(newest)).order_by(_table.c.name)
        return self._database.recall(("matrices",), lambda connection: _read(connection, query))

    def versions(self, name: str) -> list[Manifest]:
        """Every version of a matrix, oldest first; NotFound where there is none of that name."""
        query = sa.select(_table.c.body).where(_table.c.name == name).order_by(_table.c.version)
        found = self._database.recall(("matrix", name), lambda connection: _read(connection, query))
        if not found:
            known = ", ".join(each.name for each in self.all())
            hint = f"There are {known}." if known else "`tablemend explore load SOURCE` reads one."
            raise NotFound(f"there is no matrix {name!r}", hint=hint)
        return found

    def get(self, name: str, version: int | None = None) -> Manifest:
        """A version of a matrix, by default the newest; NotFound where there is none."""
        found = self.versions(name)
        if version is None:
            return found[-1]
        for each in found:
            if each.version == version:
                return each
        raise NotFound(f"matrix {name} has no version {version}", hint=f"Its newest is {found[-1].version}.")

    def add(self, manifest: Manifest) -> Manifest:
        """Keep a version under the next number; as it is kept."""
        from msgspec import structs

        with self._database.transaction() as connection:
            query = sa.select(sa.func.max(_table.c.version)).where(_table.c.name == manifest.name)
            made = structs.replace(manifest, version=(connection.execute(query).scalar() or 0) + 1)
            values = {"name": made.name, "version": made.version, "run": made.run, "body": pack(made)}
            connection.execute(_table.insert().values(created=stamp(made.at) if made.at else "", **values))
        return made

    def remove(self, name: str) -> int:
        """Forget every version of a matrix; how many there were, NotFound where there is none."""
        with self._database.transaction() as connection:
            gone = connection.execute(_table.delete().where(_table.c.name == name)).rowcount
        if not gone:
            self.versions(name)
        return gone

    def hashes(self) -> set[str]:
        """Hashes of the files of every version."""
        with self._database.reading() as connection:
            found = _read(connection, sa.select(_table.c.body))
        return {each for manifest in found for each in manifest.files.values()}


def _read(connection: sa.Connection, query: sa.Select[Any]) -> list[Manifest]:
    return [unpack(body, Manifest) for body in connection.execute(query).scalars()]
