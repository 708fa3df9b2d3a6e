"""The state: batches of items, lists, and a typical run, beside writing row by row."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from tablemend.bench.case import Row, peak_mb, rate, seconds, times
from tablemend.records import Claim, Evidence, Item
from tablemend.store.codec import pack, unpack
from tablemend.store.filters import Filter
from tablemend.store.runs import settings_snapshot
from tablemend.store.state import Store

POSTGRES = "TABLEMEND_BENCH_POSTGRES_URL"
LOCAL = "postgresql://postgres@127.0.0.1:5432/postgres"
SETTINGS = {f"setting_{n}": n if n % 2 else f"value {n}" for n in range(30)}


def made(run: str, number: int, *, first: int = 0) -> list[Item]:
    """Items with one claim and one evidence each."""
    return [
        Item(
            id=f"i{n * 2_654_435_761 % 2**40:010x}",  # spread like hashes, and never twice
            run=run,
            type="intel",
            title=f"Story number {n} about the price of coffee",
            summary="Wholesale prices rose again in spring, says the yearly report of the exchange.",
            content=f"{n:032x}",
            confidence=0.7,
            scores={"total": 61.5, "impact": 18.0, "timeliness": 12.0, "confidence": 7.0},
            flags=("single_source",),
            claims=(Claim(id="c1", text="Prices rise by five percent."),),
            evidence=(
                Evidence(
                    id="e1",
                    claims=("c1",),
                    text="prices rose by five percent",
                    source=f"https://news.example/stories/{n}",
                    domain="news.example",
                    tier="B",
                ),
            ),
        )
        for n in range(first, first + number)
    ]


@contextmanager
def postgres() -> Iterator[str | None]:
    """URL of a PostgreSQL with a schema of its own, or none where no server answers."""
    url = os.environ.get(POSTGRES, LOCAL)
    name = f"tm_bench_{secrets.token_hex(4)}"
    engine = sa.create_engine(url, connect_args={"connect_timeout": 3})
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    except sa.exc.OperationalError:
        yield None
        return
    try:
        options = {"options": f"-csearch_path={name}"}
        yield sa.make_url(url).update_query_dict(options).render_as_string(hide_password=False)
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
        engine.dispose()


class Filling:
    """A store that is filled with new items again and again."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.run = store.runs.begin("bench", settings=SETTINGS).id
        self.following = 0

    def batch(self, number: int) -> list[Item]:
        """New items."""
        self.following += number
        return made(self.run, number, first=self.following - number)

    def together(self, number: int) -> float:
        """Seconds for new items in one transaction."""
        items = self.batch(number)
        started = time.perf_counter()
        self.store.items.put(items)
        return time.perf_counter() - started

    def row_by_row(self, number: int) -> float:
        """Seconds for new items with a commit for each."""
        items = self.batch(number)
        started = time.perf_counter()
        for item in items:
            self.store.items.put([item])
        return time.perf_counter() - started


def batch_100(folder: Path) -> list[Row]:
    """100 items in one transaction."""
    with Store(folder / "state.db") as store:
        filling = Filling(store)
        filling.together(100)
        found = [filling.together(100) for _ in range(25)]
        baseline = [filling.row_by_row(100) for _ in range(5)]
    what = "100 items with a claim and evidence each, SQLite"
    return [
        seconds(
            "store.batch_100",
            what,
            found,
            baseline=baseline,
            baseline_what="a commit an item",
            bar=0.005,
            least_ratio=5,
        )
    ]


def batch_rate(folder: Path) -> list[Row]:
    """Items a second in large batches, on SQLite and on PostgreSQL."""
    rows = [_rates(folder / "state.db", "SQLite", bar=50_000, least_ratio=5)]
    with postgres() as url:
        if url is not None:
            rows.append(_rates(url, "PostgreSQL", bar=None, least_ratio=20))
    return rows


def _rates(where: str | Path, name: str, *, bar: float | None, least_ratio: float) -> Row:
    size, few = 50_000, 200
    with Store(where) as store:
        filling = Filling(store)
        filling.together(1000)
        found = [filling.together(size) for _ in range(5)]
        peak = peak_mb()
        alone = [filling.row_by_row(few) * size / few for _ in range(3)]
    return rate(
        "store.batch_rate",
        f"{size:,} items in one transaction, {name}",
        size,
        found,
        unit="items/s",
        baseline=alone,
        baseline_what="a commit an item",
        bar=bar,
        least_ratio=least_ratio,
        peak=peak,
    )


def list_run_of_1m(folder: Path) -> list[Row]:
    """1,000 items of one run out of 1,000,000."""
    case, chosen = "store.list_run_of_1m", "r"
    with Store(folder / "state.db") as store:
        for n in range(1000):
            run = store.runs.begin("bench", settings=SETTINGS).id
            store.items.put(made(run, 1000, first=n * 1000))
            chosen = run if n == 500 else chosen
        found = times(lambda: _listed(store, chosen), repetitions=15)
        kept = times(lambda: store.items.select(Filter(run=chosen), limit=1000), repetitions=15)
        bodies = _bodies(store, chosen)
        typed = times(lambda: [unpack(body, Item) for body in bodies], repetitions=15)
        fields = [_by_field(body) for body in bodies]
        single = times(lambda: [_decoded(row) for row in fields], repetitions=15)
    return [
        seconds(case, "1,000 items of a run out of 1,000,000, all decoded", found, bar=0.01),
        seconds(case, "the same again, nothing written since", kept),
        seconds(
            case,
            "of which decoding",
            typed,
            baseline=single,
            baseline_what="each field of its own by json",
            least_ratio=2,
        ),
    ]


def _listed(store: Store, run: str) -> list[Item]:
    store.database.reads.forget()
    return store.items.select(Filter(run=run), limit=1000)


def _bodies(store: Store, run: str) -> list[bytes]:
    return [pack(item) for item in store.items.select(Filter(run=run))]


NESTED = ("scores", "flags", "claims", "evidence")


def _by_field(body: bytes) -> dict[str, str]:
    whole = json.loads(body)
    return {name: json.dumps(value) if name in NESTED else value for name, value in whole.items()}


def _decoded(row: dict[str, str]) -> dict[str, object]:
    return {name: json.loads(value) if name in NESTED else value for name, value in row.items()}


def typical_run(folder: Path) -> list[Row]:
    """A run of 100 items with repeated questions and settings, against no cache and a commit an item."""
    with Store(folder / "ours.db") as ours, Store(folder / "theirs.db") as theirs:
        found = _alternately(lambda n: _typical(ours, n, cached=True))
        baseline = _alternately(lambda n: _typical(theirs, n, cached=False))
    return [
        seconds(
            "store.typical_run",
            "100 items, decided, asked for 20 times each way, settings hashed for each",
            found,
            baseline=baseline,
            baseline_what="a commit an item, every answer read anew, settings by json.dumps",
            least_ratio=2,
        )
    ]


def _alternately(work: Callable[[int], None]) -> list[float]:
    found = []
    for n in range(8):
        started = time.perf_counter()
        work(n)
        found.append(time.perf_counter() - started)
    return found[1:]


def _typical(store: Store, number: int, *, cached: bool) -> None:
    run = store.runs.begin("bench", settings=SETTINGS).id
    items = made(run, 100, first=number * 100)
    for item in () if cached else items:
        store.items.put([item])
    if cached:
        store.items.put(items)
    for _ in range(20):
        if not cached:
            store.database.reads.forget()
        store.items.select(Filter(run=run))
        store.items.count(Filter(run=run, decision="open"))
        store.runs.get(run)
    for _ in items:
        settings_snapshot(SETTINGS) if cached else _baseline_hash()
    store.runs.finish(run, "completed")


def _baseline_hash() -> str:
    return hashlib.sha256(json.dumps(SETTINGS, sort_keys=True).encode()).hexdigest()


def settings_hash(_: Path) -> list[Row]:
    """Hash and bytes of settings."""
    number = 1000

    def many(work: Callable[[], object]) -> Sequence[float]:
        return [each / number for each in times(lambda: [work() for _ in range(number)], repetitions=15)]

    return [
        seconds(
            "review.settings_hash",
            "hash of 30 settings",
            many(lambda: settings_snapshot(SETTINGS)),
            baseline=many(_baseline_hash),
            baseline_what="json.dumps with sorted keys",
            bar=20e-6,
        )
    ]
