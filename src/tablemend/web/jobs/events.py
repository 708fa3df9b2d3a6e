"""Server-sent events: jobs as they move, and that somebody has written to the state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from tablemend.store.jobs import ACTIVE, Job
from tablemend.store.jobs import Jobs as Stored
from tablemend.web.jobs.watch import Event, Watch
from tablemend.workspace import Workspace

HEARTBEAT = 15.0
"""Seconds between two comments on a silent stream: proxies close connections that say nothing (nginx: 60 s)."""
RETRY = 1000
"""Milliseconds after which a browser connects again."""

_HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}


def router(workspace: Workspace, watch: Watch, *, dependencies: Sequence[Any] = ()) -> APIRouter:
    """The streams under /api/v1; `dependencies` decide who may listen."""
    made = APIRouter(prefix="/api/v1", tags=["jobs"], dependencies=list(dependencies))
    streamed: dict[str, Any] = {
        "response_class": StreamingResponse,
        "responses": {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
    }

    @made.get("/events", summary="Every job as it moves, and every write to the state", **streamed)
    async def events(last_event_id: str | None = Header(None)) -> StreamingResponse:
        stream = _everything(workspace.ready().jobs, watch, _number(last_event_id))
        return StreamingResponse(stream, media_type="text/event-stream", headers=_HEADERS)

    @made.get("/jobs/{job}/events", summary="One job as it moves, until it is over", **streamed)
    async def job_events(job: str) -> StreamingResponse:
        stored = workspace.ready().jobs
        await asyncio.to_thread(stored.get, job)  # raises NotFound before the answer begins
        return StreamingResponse(_one(stored, watch, job), media_type="text/event-stream", headers=_HEADERS)

    return made


async def _everything(stored: Stored, watch: Watch, since: int | None) -> AsyncIterator[bytes]:
    """At once the active jobs, or all that changed since a number, and the counter; then what is new."""
    with watch.subscribe() as subscription:
        mark, jobs = await asyncio.to_thread(_present, stored, since)
        sent: dict[str, int] = {}
        yield f"retry: {RETRY}\n\n".encode() + b"".join(_job(job, sent) for job in jobs) + _state(mark)
        while not subscription.closed:
            news = await subscription.take(HEARTBEAT)
            yield b"".join(_event(each, sent) for each in news) if news else b": still here\n\n"


async def _one(stored: Stored, watch: Watch, identity: str) -> AsyncIterator[bytes]:
    """A job as it stands now, then as it moves, until it is over."""
    with watch.subscribe() as subscription:
        job = await asyncio.to_thread(stored.get, identity)
        sent: dict[str, int] = {}
        yield f"retry: {RETRY}\n\n".encode() + _job(job, sent)
        while not job.over and not subscription.closed:
            news = await subscription.take(HEARTBEAT)
            own = [each.job for each in news if each.job is not None and each.job.id == identity]
            job = own[-1] if own else job
            if own:
                yield _job(job, sent)
            elif not news:
                yield b": still here\n\n"


def _present(stored: Stored, since: int | None) -> tuple[int, list[Job]]:
    writes = stored.mark().writes
    jobs = {job.id: job for job in stored.recent(status=ACTIVE, limit=1000)}
    if since is not None:
        jobs |= {job.id: job for job in stored.since(since)}
    return writes, sorted(jobs.values(), key=lambda job: job.changed)


def _event(event: Event, sent: dict[str, int]) -> bytes:
    return _state(event.writes) if event.job is None else _job(event.job, sent)


def _job(job: Job, sent: dict[str, int]) -> bytes:
    """A job as an event, unless this or a newer state of it was sent already."""
    if sent.get(job.id, -1) >= job.changed:
        return b""
    sent[job.id] = job.changed
    return b"id: %d\nevent: job\ndata: %s\n\n" % (job.changed, msgspec.json.encode(job.to_dict()))


def _state(writes: int) -> bytes:
    return b'event: state\ndata: {"writes":%d}\n\n' % writes


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
