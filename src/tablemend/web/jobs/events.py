"""Server-sent events: jobs as they move, and that somebody has written to the state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from tablemend.store.jobs import ACTIVE, Job, Mark
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
    content = {"text/event-stream": {"schema": {"type": "string"}}}
    streamed: dict[str, Any] = {"response_class": StreamingResponse, "responses": {200: {"content": content}}}

    @made.get("/events", summary="Every job as it moves, and every write to the state", **streamed)
    async def events(since: str | None = None, last_event_id: str | None = Header(None)) -> StreamingResponse:
        stream = _everything(workspace.ready().jobs, watch, _number(last_event_id or since))
        return StreamingResponse(stream, media_type="text/event-stream", headers=_HEADERS)

    @made.get("/jobs/{job}/events", summary="One job as it moves, until it is over", **streamed)
    async def job_events(job: str) -> StreamingResponse:
        stored = workspace.ready().jobs
        await asyncio.to_thread(stored.get, job)  # raises NotFound before the answer begins
        return StreamingResponse(_one(stored, watch, job), media_type="text/event-stream", headers=_HEADERS)

    return made


class _Sent:
    """What a stream has told already, so that it never tells something older."""

    def __init__(self, mark: Mark) -> None:
        self._writes = mark.writes - 1
        self._before = mark.jobs
        self._jobs: dict[str, int] = {}

    def beginning(self, jobs: Sequence[Job]) -> bytes:
        """Jobs as they stand when the stream begins."""
        self._jobs = {job.id: job.changed for job in jobs}
        return f"retry: {RETRY}\n\n".encode() + b"".join(_job(job) for job in jobs)

    def state(self, writes: int) -> bytes:
        """The counter of writes, if it is higher than before."""
        if writes <= self._writes:
            return b""
        self._writes = writes
        return b'event: state\ndata: {"writes":%d}\n\n' % writes

    def event(self, event: Event) -> bytes:
        """Something new, unless it was told already."""
        job = event.job
        if job is None:
            return self.state(event.writes)
        if job.changed <= self._jobs.get(job.id, self._before):
            return b""
        self._jobs[job.id] = job.changed
        return _job(job)


async def _everything(stored: Stored, watch: Watch, since: int | None) -> AsyncIterator[bytes]:
    """At once the active jobs, or all that changed since a number, and the counter; then what is new."""
    with watch.subscribe() as subscription:
        mark, jobs = await asyncio.to_thread(_present, stored, since)
        sent = _Sent(mark)
        # the first counter has an id too: a stream that is cut before its first job is taken up there
        yield sent.beginning(jobs) + b"id: %d\n" % mark.jobs + sent.state(mark.writes)
        while not subscription.closed:
            news = await subscription.take(HEARTBEAT)
            yield b"".join(map(sent.event, news)) if news else _SILENT


async def _one(stored: Stored, watch: Watch, identity: str) -> AsyncIterator[bytes]:
    """A job as it stands now, then as it moves, until it is over."""
    with watch.subscribe() as subscription:
        job = await asyncio.to_thread(stored.get, identity)
        sent = _Sent(Mark(writes=0, jobs=job.changed))
        yield sent.beginning([job])
        while not job.over and not subscription.closed:
            news = await subscription.take(HEARTBEAT)
            own = [each for each in news if each.job is not None and each.job.id == identity]
            for each in own:
                yield sent.event(each)
                job = each.job or job
            if not news:
                yield _SILENT


_SILENT = b": still here\n\n"


def _present(stored: Stored, since: int | None) -> tuple[Mark, list[Job]]:
    mark = stored.mark()
    jobs = {job.id: job for job in stored.recent(status=ACTIVE, limit=1000)}
    if since is not None:
        jobs |= {job.id: job for job in stored.since(since)}
    return mark, sorted(jobs.values(), key=lambda job: job.changed)


def _job(job: Job) -> bytes:
    return b"id: %d\nevent: job\ndata: %s\n\n" % (job.changed, msgspec.json.encode(job.to_dict()))


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
