"""Scripts and styles: compressed once, and kept by browsers for good where their name tells their content."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
_File = tuple[list[tuple[bytes, bytes]], bytes, bytes | None]  # headers, plain, compressed

_KEPT = ("/_dash-component-suites/", "/assets/")
_TEXT = (b"javascript", b"text/", b"json", b"svg")
_SMALL = 1_024  # bytes below which compressing gains nothing
MOST = 64 * 2**20
"""Bytes of files that are kept; more would only be asked for to fill the memory, by addresses that are made up."""
LEAST = 4_096
"""Bytes of an answer from which it is compressed, where it is made anew each time."""


class Bundles:
    """Before an app: its files are asked for once, compressed, and kept; its larger answers are compressed quickly."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._held = 0  # bytes of them
        self._files: dict[tuple[str, bytes], _File] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "POST"):
            await self.app(scope, receive, send)
            return
        accepts = b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b"")
        if scope["method"] == "GET" and scope["path"].startswith(_KEPT):
            await self._file(scope, receive, send, accepts=accepts)
        elif accepts:
            await self._answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _file(self, scope: Scope, receive: Receive, send: Send, *, accepts: bool) -> None:
        key = (scope["path"], scope["query_string"])
        found = self._files.get(key)
        if found is None:
            status, headers, body = await _whole(self.app, scope, receive)
            packed = gzip.compress(body, 9, mtime=0) if len(body) >= _SMALL and _is_text(headers) else None
            found = (_lasting(scope, headers), body, packed)
            if status != 200:
                await _send(send, status, headers, body)
                return
            self._keep(key, found)
        headers, body, packed = found
        if accepts and packed is not None:
            await _send(send, 200, [*headers, (b"content-encoding", b"gzip")], packed)
        else:
            await _send(send, 200, headers, body)

    def _keep(self, key: tuple[str, bytes], found: _File) -> None:
        """Keep a file, and let go of the oldest ones where there is too much."""
        if key not in self._files:
            self._held += _size(found)
        self._files[key] = found
        while self._held > MOST and len(self._files) > 1:
            self._held -= _size(self._files.pop(next(iter(self._files))))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, headers, body = await _whole(self.app, scope, receive)
        if len(body) >= LEAST and _is_text(headers) and not any(name == b"content-encoding" for name, _ in headers):
            body = gzip.compress(body, 1, mtime=0)
            headers = [*headers, (b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]
        await _send(send, status, headers, body)


def _size(found: _File) -> int:
    return len(found[1]) + len(found[2] or b"")


async def _whole(app: App, scope: Scope, receive: Receive) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """The whole answer of an app."""
    status, headers, parts = 500, [], []

    async def keep(message: Any) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], [(bytes(k).lower(), bytes(v)) for k, v in message["headers"]]
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    await app(scope, receive, keep)
    return status, headers, b"".join(parts)


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    kept = [(name, value) for name, value in headers if name != b"content-length"]
    start = {"type": "http.response.start", "status": status}
    await send({**start, "headers": [*kept, (b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


def _is_text(headers: list[tuple[bytes, bytes]]) -> bool:
    kind = dict(headers).get(b"content-type", b"")
    return any(part in kind for part in _TEXT)


def _lasting(scope: Scope, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers of a file: Dash writes version and time of change into its name or query, so that it never changes."""
    named = scope["path"].startswith("/_dash-component-suites/") or b"m=" in scope["query_string"]
    lasting = b"public, max-age=31536000, immutable" if named else b"public, max-age=300"
    return [
        *((name, value) for name, value in headers if name not in (b"cache-control", b"set-cookie", b"expires")),
        (b"cache-control", lasting),
        (b"vary", b"Accept-Encoding"),
    ]
