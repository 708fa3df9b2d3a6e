"""What is new in the state reaches everybody who listens: soon, in order, and without waiting for the slow."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import core_helpers
from job_helpers import until
from tablemend.store.state import Store
from tablemend.web.jobs.watch import MOST, Event, Watch
from tablemend.workspace import Workspace


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with core_helpers.workspace(tmp_path) as opened:
        opened.ready()
        yield opened


@pytest.fixture
def other(ws: Workspace) -> Iterator[Store]:
    """The same state in the hands of another process."""
    with Store(ws.settings.data.resolve() / "state.db") as opened:
        yield opened


def _submit(store: Store, subject: str = "s") -> str:
    return store.jobs.submit("scan", subject=subject, by="ann", arguments={"source": "secret place"}).id


def test_a_change_of_another_process_is_told_within_150_ms(ws: Workspace, other: Store) -> None:
    heard: list[tuple[float, Event]] = []
    with Watch(ws) as watch:
        watch.listen(lambda event: heard.append((time.monotonic(), event)))
        took = []
        for number in range(5):
            began = time.monotonic()
            other.audit.write("ben", "approve", f"i{number}")
            until(lambda n=number: len(heard) > n)
            took.append(heard[-1][0] - began)
        assert sorted(took)[2] <= 0.15
        assert [event.job for _, event in heard] == [None] * 5


def test_jobs_are_told_as_they_move(ws: Workspace, other: Store) -> None:
    heard: list[Event] = []
    with Watch(ws) as watch:
        watch.listen(heard.append)
        made = _submit(other)
        until(lambda: heard)
        other.jobs.claim()
        other.jobs.finish(made, "completed")
        until(lambda: heard[-1].job is not None and heard[-1].job.over)
    assert {event.job.id for event in heard if event.job} == {made}


def test_a_slow_subscriber_gets_the_newest_of_each_job_and_holds_up_nobody(ws: Workspace) -> None:
    async def slow() -> None:
        with Watch(ws) as watch, watch.subscribe() as subscription:
            one, two = _submit(ws.store, "a"), _submit(ws.store, "b")
            ws.store.jobs.claim()
            for number in range(20):
                ws.store.jobs.progress(one, "read", number / 20)
                watch.wake()
            await asyncio.to_thread(until, lambda: watch.mark == ws.store.jobs.mark())
            news = {event.job.id: event.job for event in await subscription.take(5) if event.job}
            assert news.keys() == {one, two}
            assert news[one].fraction == 0.95

    asyncio.run(slow())


def test_what_waits_for_a_subscriber_is_bounded(ws: Workspace) -> None:
    async def flood() -> None:
        with Watch(ws) as watch, watch.subscribe() as subscription:
            job = ws.store.jobs.get(_submit(ws.store))
            from msgspec.structs import replace

            for number in range(MOST + 10):
                subscription.put(Event(job=replace(job, id=f"j{number}")))
            assert len(await subscription.take(5)) == MOST

    asyncio.run(flood())


def test_a_subscription_ends_with_the_watch(ws: Workspace) -> None:
    async def ending() -> None:
        watch = Watch(ws)
        watch.start()
        with watch.subscribe() as subscription:
            threading.Thread(target=watch.close).start()
            while not subscription.closed:
                await subscription.take(5)

    asyncio.run(asyncio.wait_for(ending(), 10))
