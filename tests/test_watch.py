"""What is new in the state reaches everybody who listens: soon, in order, and without waiting for the slow."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

import core_helpers
from job_helpers import until
from tablemend.store.state import Store
from tablemend.web.jobs.events import router
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


class _Server(uvicorn.Server):
    """A real server in a thread."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
        self.thread = threading.Thread(target=self.run)

    def start(self) -> str:
        self.thread.start()
        until(lambda: self.started)
        return f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}/api/v1"


@pytest.fixture
def address(ws: Workspace) -> Iterator[str]:
    app = FastAPI()
    with Watch(ws) as watch:
        app.include_router(router(ws, watch))
        server = _Server(app)
        yield server.start()
        watch.close()  # ends the streams, so that the server can go
        server.should_exit = True
        server.thread.join()


async def _events(client: httpx.AsyncClient, url: str, **headers: str) -> AsyncIterator[dict[str, Any]]:
    async with client.stream("GET", url, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        found: dict[str, Any] = {}
        async for line in answer.aiter_lines():
            if not line and "data" in found:
                yield found
            if not line:
                found = {}
            name, _, value = line.partition(": ")
            found[name] = json.loads(value) if name == "data" else value


def test_a_stream_begins_with_what_is_active_and_tells_what_follows(ws: Workspace, other: Store, address: str) -> None:
    over = _submit(ws.store)
    ws.store.jobs.cancel(over)
    waiting = _submit(ws.store)

    async def listen() -> list[dict[str, Any]]:
        async with httpx.AsyncClient(timeout=10) as client:
            heard = []
            async for event in _events(client, f"{address}/events"):
                heard.append(event)
                if len(heard) == 2:
                    await asyncio.to_thread(other.audit.write, "ben", "approve", "i1")
                if len(heard) == 3:
                    return heard
        return heard

    first, counter, news = asyncio.run(listen())
    assert (first["event"], first["data"]["id"], first["data"]["status"]) == ("job", waiting, "queued")
    assert "arguments" not in first["data"]
    assert (counter["event"], news["event"]) == ("state", "state")
    assert news["data"]["writes"] == counter["data"]["writes"] + 1


def test_a_stream_that_was_cut_resumes_where_it_was(ws: Workspace, address: str) -> None:
    one = _submit(ws.store)
    seen = ws.store.jobs.get(one).changed
    ws.store.jobs.cancel(one)  # while nobody listened

    async def listen() -> dict[str, Any]:
        async with httpx.AsyncClient(timeout=10) as client:
            async for event in _events(client, f"{address}/events", **{"Last-Event-ID": str(seen)}):
                return event
        raise AssertionError

    event = asyncio.run(listen())
    assert (event["data"]["id"], event["data"]["status"]) == (one, "cancelled")
    assert int(event["id"]) > seen


def test_the_stream_of_a_job_ends_with_it(ws: Workspace, other: Store, address: str) -> None:
    one = _submit(ws.store)

    async def listen() -> list[str]:
        async with httpx.AsyncClient(timeout=10) as client:
            heard = []
            async for event in _events(client, f"{address}/jobs/{one}/events"):
                heard.append(event["data"]["status"])
                if len(heard) == 1:
                    await asyncio.to_thread(other.jobs.claim)
                    await asyncio.to_thread(other.jobs.finish, one, "completed")
            return heard

    heard = asyncio.run(listen())
    assert (heard[0], heard[-1]) == ("queued", "completed")


@pytest.mark.parametrize("opened_anew", [False, True])
def test_a_stream_that_was_cut_before_its_first_job_resumes_too(ws: Workspace, address: str, opened_anew: bool) -> None:
    async def first(url: str, **headers: str) -> dict[str, Any]:
        async with httpx.AsyncClient(timeout=10) as client:
            async for event in _events(client, url, **headers):
                return event
        raise AssertionError

    begun = asyncio.run(first(f"{address}/events"))
    assert begun["event"] == "state"
    one = _submit(ws.store)
    ws.store.jobs.cancel(one)  # while nobody listened
    url, headers = f"{address}/events", {"Last-Event-ID": begun["id"]}
    url, headers = (f"{url}?since={begun['id']}", {}) if opened_anew else (url, headers)
    event = asyncio.run(first(url, **headers))
    assert (event["event"], event["data"]["id"], event["data"]["status"]) == ("job", one, "cancelled")
