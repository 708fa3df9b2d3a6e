"""Server-sent events: jobs as they move, and that somebody has written to the state."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from tablemend.errors import StateError
from tablemend.store.jobs import ACTIVE, Job, Mark
from tablemend.store.jobs import Jobs as Stored
from tablemend.web.api.jobs import JobPath
from tablemend.web.api.routes import Content, Routes
from tablemend.web.identity import standing
from tablemend.web.jobs.watch import Event, Watch
from tablemend.workspace import Workspace

logger = logging.getLogger(__name__)

HEARTBEAT = 15.0
"""Seconds between two comments on a silent stream: proxies close connections that say nothing (nginx: 60 s)."""
RETRY = 1000
"""Milliseconds after which a browser connects again."""

Since = Annotated[str | None, Query(max_length=100, description="Id of the newest event that is known; as the header.")]

LastEvent = Annotated[str | None, Header(max_length=100, description="Sent by browsers that connect again.")]

_HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}


def router(workspace: Workspace, watch: Watch) -> APIRouter:
    """The streams; each ends when whoever listens may no longer come in."""
    routes = Routes("jobs")
    stream = Content("text/event-stream")

    @routes.get("/events", right="read", answers=stream)
    def stream_events(since: Since = None, last_event_id: LastEvent = None) -> Any:
        """Stream every job as it moves, and a counter that rises with every write to the state."""
        listener = Listener(standing=standing.get())
        return _streamed(_everything(workspace.ready().jobs, watch, listener, _number(last_event_id or since)))

    @routes.get("/jobs/{job}/events", right="read", answers=stream)
    def stream_job(job: JobPath) -> Any:
        """Stream one job as it moves, until it is over."""
        stored = workspace.ready().jobs
        stored.get(job)  # raises NotFound before the answer begins
        return _streamed(_one(stored, watch, Listener(standing=standing.get()), job))

    return routes.router


def _streamed(pieces: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(pieces, media_type="text/event-stream", headers=_HEADERS)


class Listener:
    """Whoever a stream tells.

    Signing out, being removed, another role and a revoked token are writes to the state: they are noticed at once. A
    session or token that grows too old writes nothing, and is noticed with the next heartbeat.
    """

    def __init__(self, *, standing: Callable[[], bool]) -> None:
        self._standing = standing
        self._looked = time.monotonic()

    async def stays(self, news: Sequence[Event]) -> bool:
        """Whether they may still listen; a state that cannot say ends the stream, and the browser asks again."""
        written = any(each.job is None for each in news)
        if not written and time.monotonic() - self._looked < HEARTBEAT:
            return True
        self._looked = time.monotonic()
        try:
            return await asyncio.to_thread(self._standing)
        except StateError as problem:
            logger.warning("who listens to a stream could not be looked up: %s", problem)
            return False


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


async def _everything(stored: Stored, watch: Watch, listener: Listener, since: int | None) -> AsyncIterator[bytes]:
    """At once the active jobs, or all that changed since a number, and the counter; then what is new."""
    with watch.subscribe() as subscription:
        mark, jobs = await asyncio.to_thread(_present, stored, since)
        sent = _Sent(mark)
        # the first counter has an id too: a stream that is cut before its first job is taken up there
        yield sent.beginning(jobs) + b"id: %d\n" % mark.jobs + sent.state(mark.writes)
        while not subscription.closed:
            news = await subscription.take(HEARTBEAT)
            if not await listener.stays(news):
                return
            yield b"".join(map(sent.event, news)) if news else _SILENT


async def _one(stored: Stored, watch: Watch, listener: Listener, identity: str) -> AsyncIterator[bytes]:
    """A job as it stands now, then as it moves, until it is over."""
    with watch.subscribe() as subscription:
        job = await asyncio.to_thread(stored.get, identity)
        sent = _Sent(Mark(writes=0, jobs=job.changed))
        yield sent.beginning([job])
        while not job.over and not subscription.closed:
            news = await subscription.take(HEARTBEAT)
            if not await listener.stays(news):
                return
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
