"""Streams of events over a real connection: what they tell, where they go on, and when they end."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

import core_helpers
from api_helpers import PASSWORD, problem
from job_helpers import until
from tablemend.records import now
from tablemend.store.state import Store
from tablemend.web import api, rows
from tablemend.web.jobs import events
from tablemend.web.jobs.watch import Watch
from tablemend.web.security import SecurityOptions, secure
from tablemend.web.site import Site
from tablemend.workspace import Workspace


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with core_helpers.workspace(tmp_path) as opened:
        opened.accounts.add("root", "admin", password=PASSWORD)
        opened.accounts.add("ann", "reviewer", password=PASSWORD)
        yield opened


@pytest.fixture
def other(ws: Workspace) -> Iterator[Store]:
    """The same state in the hands of another process."""
    with Store(ws.settings.data.resolve() / "state.db") as opened:
        yield opened


def _submit(store: Store, subject: str = "s") -> str:
    return store.jobs.submit("scan", subject=subject, by="ann", arguments={"source": "secret place"}).id


class _Server(uvicorn.Server):
    """A real server in a thread."""

    def __init__(self, app: Any) -> None:
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
        api.include(app, Site(ws), events.router(ws, watch))
        server = _Server(secure(app, workspace=ws, csp=lambda: "", options=SecurityOptions()))
        yield server.start()
        watch.close()  # ends the streams, so that the server can go
        server.should_exit = True
        server.thread.join()


def _bearer(ws: Workspace) -> dict[str, str]:
    secret, _ = ws.accounts.issue_token("listen", user="ann", role="viewer")
    return {"Authorization": f"Bearer {secret}"}


def _client(ws: Workspace) -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=10, headers=_bearer(ws))


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
        async with _client(ws) as client:
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
        async with _client(ws) as client:
            async for event in _events(client, f"{address}/events", **{"Last-Event-ID": str(seen)}):
                return event
        raise AssertionError

    event = asyncio.run(listen())
    assert (event["data"]["id"], event["data"]["status"]) == (one, "cancelled")
    assert int(event["id"]) > seen


def test_the_stream_of_a_job_ends_with_it(ws: Workspace, other: Store, address: str) -> None:
    one = _submit(ws.store)

    async def listen() -> list[str]:
        async with _client(ws) as client:
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
        async with _client(ws) as client:
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


def _until_it_ends(ws: Workspace, address: str, headers: dict[str, str], then: Callable[[], Any]) -> list[str]:
    """Listen, do something once the stream has begun, and give all that was told until the stream ended."""
    one = _submit(ws.store)

    async def listen(path: str) -> list[str]:
        async with httpx.AsyncClient(timeout=20, headers=headers) as client:
            heard = []
            async for event in _events(client, f"{address}{path}"):
                heard.append(event["event"])
                if len(heard) == 1:
                    await asyncio.to_thread(then)
            return heard

    return asyncio.run(listen(f"/jobs/{one}/events"))


def _session(ws: Workspace, user: str = "ann") -> tuple[str, dict[str, str]]:
    secret = ws.accounts.sign_in(user, PASSWORD)
    return secret, {"Cookie": f"tablemend={secret}"}


def _token(ws: Workspace) -> tuple[str, dict[str, str]]:
    secret, made = ws.accounts.issue_token("listen", user="ann", role="reviewer")
    return made.id, {"Authorization": f"Bearer {secret}"}


ENDS: dict[str, Callable[[Workspace, str], Any]] = {
    "signed out": lambda ws, secret: ws.accounts.sign_out(secret),
    "sessions ended": lambda ws, _: ws.accounts.end_sessions("ann"),
    "removed": lambda ws, _: ws.accounts.remove("ann"),
    "disabled": lambda ws, _: ws.accounts.disable("ann"),
    "another role": lambda ws, _: ws.accounts.set_role("ann", "viewer"),
    "another password": lambda ws, _: ws.accounts.set_password("ann", PASSWORD + "!"),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_stream_ends_with_the_session_that_it_rests_on(ws: Workspace, address: str, how: str) -> None:
    secret, headers = _session(ws)
    assert _until_it_ends(ws, address, headers, lambda: ENDS[how](ws, secret)) == ["job"]
    problem(httpx.get(f"{address}/events", headers=headers), 401)


TOKEN_ENDS: dict[str, Callable[[Workspace, str], Any]] = {
    "revoked": lambda ws, token: ws.accounts.revoke_token(token),
    "removed": lambda ws, _: ws.accounts.remove("ann"),
    "a lower role": lambda ws, _: ws.accounts.set_role("ann", "viewer"),
}


@pytest.mark.parametrize("how", TOKEN_ENDS)
def test_a_stream_ends_with_the_token_that_it_rests_on(ws: Workspace, address: str, how: str) -> None:
    token, headers = _token(ws)
    assert _until_it_ends(ws, address, headers, lambda: TOKEN_ENDS[how](ws, token)) == ["job"]


def test_a_stream_ends_when_its_session_grows_too_old(
    ws: Workspace, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT", 0.05)
    _, headers = _session(ws)
    later = now() + timedelta(seconds=ws.settings.session_lifetime + 1)

    def grow_old() -> None:
        monkeypatch.setattr("tablemend.workspace.accounts.now", lambda: later)

    assert _until_it_ends(ws, address, headers, grow_old) == ["job"]


def test_what_others_do_leaves_a_stream_open(ws: Workspace, address: str) -> None:
    _, headers = _session(ws)
    other, _ = _session(ws, "root")
    one = _submit(ws.store)

    async def listen() -> list[str]:
        async with httpx.AsyncClient(timeout=10, headers=headers) as client:
            heard = []
            async for event in _events(client, f"{address}/events"):
                heard.append(event["event"])
                if len(heard) == 2:
                    await asyncio.to_thread(ws.accounts.sign_out, other)
                if len(heard) == 3:
                    await asyncio.to_thread(ws.jobs.cancel, one)
                if "job" in heard[1:]:
                    return heard
        return heard

    assert asyncio.run(listen())[:3] == ["job", "state", "state"]


def test_a_stream_of_a_job_that_is_not_there_is_a_problem(ws: Workspace, address: str) -> None:
    problem(httpx.get(f"{address}/jobs/j0/events", headers=_bearer(ws)), 404)
    problem(httpx.get(f"{address}/events?sinse=1", headers=_bearer(ws)), 422)
    problem(httpx.post(f"{address}/events", headers=_bearer(ws)), 405)


def test_streams_and_rows_name_the_right_that_they_need(ws: Workspace) -> None:
    app = FastAPI()
    app.include_router(rows.router(Site(ws)))
    api.include(app, Site(ws), events.router(ws, Watch(ws)))
    found = {path: each for path, methods in api.document(app)["paths"].items() for each in methods.values()}
    assert {"/api/v1/events", "/api/v1/jobs/{job}/events", "/data/items/{run}"} <= found.keys()
    assert {path for path, each in found.items() if "x-right" not in each} == set()
