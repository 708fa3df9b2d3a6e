"""Many writers at once: nothing is lost, nothing doubled, nobody is turned away."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from store_helpers import begin, item
from tablemend.store.filters import Filter
from tablemend.store.state import Store

WRITER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tablemend.records import Decision, Item, now
from tablemend.store.state import Store

place, process, threads, batches, size = sys.argv[1], *map(int, sys.argv[2:])
with Store(place if "://" in place else Path(place)) as store:
    def write(thread):
        run = store.runs.begin("scan", settings={"same": True}).id
        for batch in range(batches):
            ids = [f"i{process}-{thread}-{batch}-{n}" for n in range(size)]
            store.items.put([Item(id=each, run=run, type="repair", title="t") for each in ids])
            store.items.decide(
                [Decision(item=each, version=1, decision="approved", by="ann", gate=False, when=now()) for each in ids]
            )
        store.runs.finish(run, "completed", counts={"items": batches * size})
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(write, range(threads)))
"""


def write_at_once(where: str | Path, *, processes: int, threads: int, batches: int, size: int) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(where), *map(str, (n, threads, batches, size))],
            stderr=subprocess.PIPE,
            text=True,
        )
        for n in range(processes)
    ]
    for process in started:
        _, err = process.communicate(timeout=500)
        assert (process.returncode, err) == (0, "")
    total = processes * threads * batches * size
    with Store(where) as store:
        assert store.items.count(Filter(decision="approved")) == store.items.count(Filter()) == total
        ids = [each.id for each in store.items.stream(Filter())]
        assert len(ids) == len(set(ids)) == total
        assert sum(1 for _ in store.items.decided()) == total
        runs = store.runs.recent(limit=1000)
        assert [run.status for run in runs] == ["completed"] * processes * threads
        assert sum(run.counts["items"] for run in runs) == total


def test_processes_make_and_fill_a_state_at_once(where: str | Path) -> None:
    write_at_once(where, processes=4, threads=2, batches=5, size=20)


@pytest.mark.soak
def test_eight_threads_in_four_processes_write_a_hundred_thousand(where: str | Path) -> None:
    write_at_once(where, processes=4, threads=8, batches=25, size=125)


def test_threads_lose_nothing(store: Store) -> None:
    run = begin(store)

    def put(number: int) -> None:
        for n in range(5):
            store.items.put([item(number * 100 + n, run)])
            store.runs.beat(run)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(8)))
    assert store.items.count(Filter(run=run)) == 40
    assert len({each.id for each in store.items.select(Filter(run=run))}) == 40


ENDLESS = """
import itertools, sys
from pathlib import Path
from tablemend.records import Item
from tablemend.store.state import Store

place = sys.argv[1]
with Store(place if "://" in place else Path(place)) as store:
    run = store.runs.begin("scan", settings={}).id
    for batch in itertools.count():
        store.items.put([Item(id=f"i{run}-{batch}-{n}", run=run, type="repair", title="t" * 200) for n in range(50)])
        print(batch, flush=True)
"""


@pytest.mark.parametrize("batches", [1, 4])
def test_a_kill_during_a_batch_leaves_all_of_it_or_nothing(where: str | Path, batches: int) -> None:
    """Whatever was acknowledged is there, and the batch under way is there whole or not at all."""
    command = [sys.executable, "-c", ENDLESS, str(where)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(batches):
            writer.stdout.readline()
        os.kill(writer.pid, signal.SIGKILL)
        told = batches + len(writer.stdout.readlines())
    with Store(where) as store:
        kept = store.items.count(Filter())
        assert kept in (told * 50, told * 50 + 50)
        (dead,) = store.recover(lambda _: 0)
        assert store.runs.get(dead).status == "failed"
        assert store.recover(lambda _: 0) == []
