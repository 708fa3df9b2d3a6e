"""Generated tables for the tests of the detectors, and what their proposals make of them."""

import random

import pyarrow as pa

from tablemend.engine.duckdb import Session
from tablemend.repair.compose import compose
from tablemend.repair.plan import step
from tablemend.repair.workbench import Workbench

CITIES = [
    ("Springfield", "Illinois", "62701"),
    ("Riverside", "California", "92501"),
    ("Fairview", "Tennessee", "37062"),
    ("Georgetown", "Texas", "78626"),
    ("Kingston", "New York", "12401"),
    ("Ashland", "Oregon", "97520"),
    ("Burlington", "Vermont", "05401"),
    ("Salisbury", "Maryland", "21801"),
]


def places(rows=400, seed=1):
    """Columns city, state and zip, each determining the others, beside an amount that nothing determines."""
    draw = random.Random(seed)
    chosen = [draw.choice(CITIES) for _ in range(rows)]
    city, state, code = (list(each) for each in zip(*chosen, strict=True))
    return {"city": city, "state": state, "zip": code, "amount": [str(draw.randrange(10_000)) for _ in range(rows)]}


def damaged(columns, **cells):
    """A copy with single cells replaced: `city={3: "Sprngfield"}`."""
    copy = {name: list(values) for name, values in columns.items()}
    for name, replaced in cells.items():
        for row, value in replaced.items():
            copy[name][row] = value
    return copy


def propose(detect, columns):
    """The proposals of one detector for a table of text columns."""
    with bench(columns) as (_, workbench):
        return list(detect(workbench))


def repaired(detect, columns, *, least=0.5):
    """The table after the proposals of one detector that reach a confidence."""
    with bench(columns) as (session, workbench):
        found = sorted(detect(workbench), key=lambda each: -each.confidence)
        steps = [step(each, str(n)) for n, each in enumerate(found) if each.confidence >= least]
        query = compose(session, "data", list(columns), steps).query
        table = session.arrow(f"SELECT * FROM ({query}) ORDER BY _row")
        return {name: table.column(name).to_pylist() for name in columns}


class bench:  # noqa: N801
    """A session with the table, and a workbench on it."""

    def __init__(self, columns):
        self.columns = columns

    def __enter__(self):
        self.session = Session()
        rows = len(next(iter(self.columns.values())))
        arrays = {name: pa.array(values, pa.string()) for name, values in self.columns.items()}
        self.session.register("data", pa.table({"_row": pa.array(range(1, rows + 1), pa.int64()), **arrays}))
        return self.session, Workbench(self.session, "data")

    def __exit__(self, *_):
        self.session.close()
