"""Orders with known faults: seeded, of any length."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tablemend.records import Record
from tablemend.tables.sample import catalogue
from tablemend.tables.sample.faults import FAULTS, MISSING_SHARE, MISSING_WORDS, REPEATED_SHARE, Fault

COLUMNS = (
    *("order_id", "customer_id", "customer", "email", "city", "postcode", "country"),
    *("product", "category", "weight", "unit_price", "quantity"),
    *("order_date", "ship_date", "status", "carrier"),
)
SCHEMA = pa.schema([(name, pa.string()) for name in COLUMNS])

Cells = list[str | None]
Numbers = npt.NDArray[np.int64]


class FaultyCell(Record, frozen=True, kw_only=True):
    """A cell that differs from the truth."""

    kind: str
    column: str
    row: int  # from 0


class Generated(Record, frozen=True, kw_only=True):
    """A faulty table with its truth."""

    dirty: pa.Table
    clean: pa.Table  # row for row; the dirty table goes on with repeats of earlier rows
    faults: tuple[FaultyCell, ...]
    repeats: tuple[int, ...]  # rows that stand again at the end of the dirty table

    def origins(self) -> list[int]:
        """For each row of the dirty table the row of the clean one that it comes from."""
        return [*range(self.clean.num_rows), *self.repeats]


def faulty_table(rows: int, seed: int = 1) -> tuple[pa.Table, pa.Table]:
    """Dirty and clean orders, all text; the dirty table ends with exact repeats of some of its rows."""
    made = generate(rows, seed)
    return made.dirty, made.clean


def faulty_csv(path: Path, rows: int, seed: int = 1, columns: Sequence[str] = COLUMNS) -> Path:
    """Write columns of the dirty table of `faulty_table`."""
    write_csv(faulty_table(rows, seed)[0].select(columns), path)
    return path


def write_csv(table: pa.Table, path: Path) -> None:
    """Write a table, quoting only where it must be; missing values are empty fields."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.column_names)
        for batch in table.to_batches(max_chunksize=100_000):
            writer.writerows(zip(*(column.to_pylist() for column in batch.columns), strict=True))


def generate(rows: int, seed: int = 1) -> Generated:
    """Orders with faults of every kind, and their truth."""
    random = np.random.default_rng(seed)
    clean = orders(rows, random)
    columns: dict[str, Cells] = {name: clean[name].to_pylist() for name in clean.column_names}
    faults = [each for name, cells in columns.items() for each in _spoil(name, cells, random)]
    dirty = pa.table(columns, schema=SCHEMA)
    repeats = np.sort(random.choice(rows, _share(rows, REPEATED_SHARE), replace=False))
    return Generated(
        dirty=pa.concat_tables([dirty, dirty.take(pa.array(repeats))]),
        clean=clean,
        faults=tuple(faults),
        repeats=tuple(repeats.tolist()),
    )


def orders(rows: int, random: np.random.Generator) -> pa.Table:
    """Faultless orders; customers and products repeat, and determine the columns that describe them."""
    people = _customers(max(20, rows // 16), random)
    status = random.choice(len(catalogue.STATUSES), size=rows, p=catalogue.STATUS_SHARES)
    quantity = random.choice(np.arange(1, 13), size=rows, p=_falling(12))
    columns = [
        pa.array([f"SO-{n:07d}" for n in range(1, rows + 1)]),
        *_chosen(people, random.integers(len(people), size=rows)),
        *_chosen(catalogue.PRODUCTS, random.integers(len(catalogue.PRODUCTS), size=rows)),
        pa.array(quantity).cast(pa.string()),
        *_dates(status, random),
        pa.array(catalogue.STATUSES).take(pa.array(status)),
        pa.array(catalogue.CARRIERS).take(pa.array(random.integers(len(catalogue.CARRIERS), size=rows))),
    ]
    return pa.table(columns, schema=SCHEMA)


def _customers(count: int, random: np.random.Generator) -> list[tuple[str | None, ...]]:
    """Number, name, e-mail (one in ten has none) and place."""
    pools = (catalogue.FIRST_NAMES, catalogue.LAST_NAMES, catalogue.PLACES)
    picks = zip(*(random.integers(len(pool), size=count).tolist() for pool in pools), strict=True)
    silent = random.random(count) < 0.1
    return [
        (
            f"C{n + 1:06d}",
            f"{catalogue.FIRST_NAMES[first]} {catalogue.LAST_NAMES[last]}",
            None if silent[n] else f"customer{n + 1}@mail.example",
            *catalogue.PLACES[place],
        )
        for n, (first, last, place) in enumerate(picks)
    ]


def _chosen(records: Sequence[Sequence[str | None]], chosen: Numbers) -> list[pa.Array]:
    """One column for each field of the chosen records."""
    return [pa.array(field, pa.string()).take(pa.array(chosen)) for field in zip(*records, strict=True)]


def _falling(count: int) -> npt.NDArray[np.float64]:
    weights = 1.0 / np.arange(1, count + 1)
    return np.asarray(weights / weights.sum())


def _dates(status: Numbers, random: np.random.Generator) -> tuple[pa.Array, pa.Array]:
    """When an order came and left; what is not shipped has no date yet."""
    came = random.integers(365, size=len(status))
    left = came + random.integers(1, 9, size=len(status))
    days = pa.array([(date(2024, 1, 1) + timedelta(days=n)).isoformat() for n in range(375)])
    waiting = np.isin(status, [catalogue.STATUSES.index("processing"), catalogue.STATUSES.index("on hold")])
    return days.take(pa.array(came)), days.take(pa.array(left, mask=waiting))


def _share(rows: int, share: float) -> int:
    return max(1, round(rows * share))


def _spoil(column: str, cells: Cells, random: np.random.Generator) -> Iterator[FaultyCell]:
    """Spoil cells of a column in place, each once at most."""
    words = MISSING_WORDS.get(column, ())
    empty = [row for row, cell in enumerate(cells) if cell is None]
    order = iter(random.permutation(len(cells)).tolist())
    for fault in FAULTS:
        if column in fault.columns:
            rows = _some(fault, cells, order, _share(len(cells), fault.share), random)
            yield from (FaultyCell(kind=fault.kind, column=column, row=row) for row in rows)
    for row in random.permutation(empty)[: _share(len(cells), MISSING_SHARE)].tolist() if words else ():
        cells[row] = str(random.choice(words))
        yield FaultyCell(kind="disguised missing", column=column, row=row)


def _some(fault: Fault, cells: Cells, order: Iterator[int], wanted: int, random: np.random.Generator) -> Iterator[int]:
    """Spoil as many cells as wanted, taking those that can be spoilt so in the order given."""
    for row in order:
        before = cells[row]
        if before is not None and (after := fault.spoil(before, random)) != before:
            cells[row] = after
            yield row
            wanted -= 1
            if not wanted:
                return
