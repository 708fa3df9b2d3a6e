"""A version of a matrix that is open: its tables by name, and answers of SQL over them."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tablemend.engine.sql import literal, name
from tablemend.errors import NotFound
from tablemend.explore.parts import ENTITY, FEATURE, NAME, SAMPLE

if TYPE_CHECKING:
    from tablemend.engine.duckdb import Session
    from tablemend.store.matrices import Manifest
    from tablemend.tables.snapshot import Snapshots

SIDES = {"features": FEATURE, "entities": ENTITY, "samples": SAMPLE}
NEAR = 5
"""Names that are offered for one that is not there."""


Facts = dict[str, float | int | str | None]


class Answer(NamedTuple):
    """What a question gives."""

    table: pa.Table
    sql: str  # that gives it, over the tables of the matrix
    total: int  # rows there are, where `table` holds the first of them
    notes: tuple[str, ...] = ()  # why it is empty, or what to know of it
    facts: Facts = {}  # of the whole, such as a correlation


_Rest = tuple[str, int, tuple[str, ...], Facts]
_KEPT = b"tablemend"
"""Under which a table that is kept says what else belongs to its answer."""


def packed(answer: Answer) -> pa.Table:
    """An answer as one table, to be kept."""
    told = msgspec.json.encode(answer[1:])
    return answer.table.replace_schema_metadata({_KEPT: told})


def unpacked(table: pa.Table) -> Answer:
    """An answer that was kept."""
    told = msgspec.json.decode((table.schema.metadata or {})[_KEPT], type=_Rest)
    return Answer(table.replace_schema_metadata(None), *told)


def digest(manifest: Manifest) -> str:
    """A hash of all that a version holds; the same for the same content, whatever its number."""
    return hashlib.sha256(repr(sorted(manifest.files.items())).encode()).hexdigest()


class Matrix:
    """One version of a matrix; safe for threads, each of which asks in a session of its own."""

    def __init__(self, manifest: Manifest, snapshots: Snapshots, session: Session) -> None:
        """Open its files; NotFound where they are not there."""
        self.manifest = manifest
        self._session = session
        self._schema = f"matrix_{digest(manifest)[:16]}"
        self._lock = threading.Lock()
        self._dense: npt.NDArray[np.floating] | None = None
        self._attach(snapshots)

    def _attach(self, snapshots: Snapshots) -> None:
        """Make the files readable under their names, in a schema of their own."""
        with self._session.embedded() as session:
            session.execute(f"CREATE SCHEMA IF NOT EXISTS {self._schema}")
            for table, hashed in self.manifest.files.items():
                path = snapshots.matrix_path(hashed)
                if not path.is_file():
                    raise NotFound(f"{path} of matrix {self.manifest.name} is gone", hint="Load the matrix again.")
                source = literal(str(path))
                session.execute(
                    f"CREATE OR REPLACE VIEW {self._schema}.{table} AS SELECT * FROM read_parquet({source})"
                )

    def ask(self, sql: str) -> pa.Table:
        """Run a query over the tables of the matrix."""
        with self._session.embedded() as session:
            session.execute(f"USE memory.{self._schema}")
            return session.arrow(sql)

    def answer(self, sql: str, *, limit: int | None = None, notes: tuple[str, ...] = (), told: str = "") -> Answer:
        """The first rows of a query, and how many there are: counted, or as every row says in the column `told`."""
        if limit is None:
            table = self.ask(sql)
            return Answer(table, sql, table.num_rows, notes)
        shown = f"{sql}\nLIMIT {limit}"
        table = self.ask(shown)
        total = table.num_rows
        if total == limit and told:
            total = table[told][0].as_py()
        elif total == limit:
            total = self.ask(f"SELECT count(*) AS n FROM ({sql})")["n"][0].as_py()
        return Answer(table, shown, total, notes)

    @cached_property
    def _places(self) -> dict[str, dict[str, int]]:
        return {side: self._read(side) for side in SIDES}

    def _read(self, side: str) -> dict[str, int]:
        table = self.ask(f"SELECT {NAME}, {SIDES[side]} AS place FROM {side}")
        return dict(zip(table[NAME].to_pylist(), table["place"].to_pylist(), strict=True))

    def place(self, side: str, wanted: str) -> int:
        """The code of a feature, an entity or a sample; NotFound with the names that are nearest."""
        with self._lock:
            places = self._places[side]
        if wanted in places:
            return places[wanted]
        what = {"features": "feature", "entities": "entity", "samples": "sample"}[side]
        raise NotFound(
            f"{self.manifest.name} has no {what} {wanted!r}",
            hint=f"Perhaps {' or '.join(map(repr, self.near(side, wanted)))}." if places else f"It has no {side}.",
        )

    def near(self, side: str, wanted: str) -> list[str]:
        """The names that are most like one."""
        from rapidfuzz import process

        with self._lock:
            places = self._places[side]
        return [each[0] for each in process.extract(wanted, places.keys(), limit=NEAR)]

    def places(self, side: str, wanted: Sequence[str]) -> list[int]:
        """Their codes, in their order, each once."""
        return list(dict.fromkeys(self.place(side, each) for each in wanted))

    def fields(self, side: str) -> tuple[str, ...]:
        """What is told about features, entities or samples."""
        told = self.manifest
        return {"features": told.feature_fields, "entities": told.entity_fields, "samples": told.sample_fields}[side]

    def field(self, side: str, wanted: str) -> str:
        """A field as SQL names it; NotFound where there is none of that name."""
        if wanted not in self.fields(side):
            known = ", ".join(self.fields(side)) or "none"
            raise NotFound(f"{side} of {self.manifest.name} have no field {wanted!r}", hint=f"They have {known}.")
        return name(wanted)

    def dense(self) -> npt.NDArray[np.floating]:
        """The cells as features × samples, NaN where nothing was measured; made once, not to be changed."""
        with self._lock:
            if self._dense is None:
                cells = self.ask(f"SELECT {FEATURE}, {SAMPLE}, value FROM cells")
                kind = cells["value"].type.to_pandas_dtype()
                found = np.full((self.manifest.features, self.manifest.samples), np.nan, kind)
                found[cells[FEATURE].to_numpy(), cells[SAMPLE].to_numpy()] = cells["value"].to_numpy()
                found.flags.writeable = False
                self._dense = found
        return self._dense

    def told(self, side: str, *, where: str = "") -> pa.Table:
        """Features, entities or samples with their codes, names and fields, in the order of their codes."""
        condition = f" WHERE {where}" if where else ""
        return self.ask(f"SELECT * FROM {side} AS t{condition} ORDER BY {SIDES[side]}")
