"""A link to a server that is far away: what is sent to it arrives late, and what comes back is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

PIECE = 1 << 18
"""Bytes that are passed on at once."""


class Link(NamedTuple):
    """The address to use instead of the server's, and how much has come back over it."""

    url: str
    came: Synchronized[int]

    @property
    def received(self) -> int:
        """Bytes that the server has sent."""
        return self.came.value


@contextmanager
def link(url: str, *, delay: float) -> Iterator[Link]:
    """Reach a server over a link of so many seconds for each round trip, in a process of its own."""
    there = sa.make_url(url)
    context = get_context("spawn")
    count, port = context.Value("q", 0), context.Queue()
    process = context.Process(target=_serve, args=(there.host, there.port or 5432, delay, count, port), daemon=True)
    process.start()
    try:
        near = there.set(host="127.0.0.1", port=port.get(timeout=60))
        yield Link(near.render_as_string(hide_password=False), count)
    finally:
        process.terminate()
        process.join()


def _serve(host: str, port: int, delay: float, count: Any, told: Any) -> None:
    asyncio.run(_listen(host, port, delay, count, told))


async def _listen(host: str, port: int, delay: float, count: Any, told: Any) -> None:
    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(host, port)
        await asyncio.gather(_passed(reader, far_writer, delay), _passed(far_reader, writer, 0.0, count))

    server = await asyncio.start_server(joined, "127.0.0.1", 0, limit=PIECE)
    told.put(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def _passed(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float, count: Any | None = None
) -> None:
    """Pass on until one of both ends."""
    try:
        while piece := await reader.read(PIECE):
            if delay:
                await asyncio.sleep(delay)
            if count is not None:
                count.value += len(piece)
            writer.write(piece)
            await writer.drain()
    except ConnectionError:
        pass  # the other end has gone, as it may
    finally:
        writer.close()
