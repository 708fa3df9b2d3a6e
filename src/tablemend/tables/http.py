"""Fetching a table over HTTP."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from tablemend.errors import SourceNotFound, UnreadableSource
from tablemend.tables.guard import Guarded
from tablemend.tables.limits import Limits
from tablemend.tables.source import without_secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server sent."""

    data: bytes
    kind: str  # content type, in lower case, without parameters
    cut: bool = False  # there is more


def fetch(
    url: str,
    limits: Limits,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    most: int | None = None,
) -> Answer:
    """GET a URL, or POST a body to it; `most` is the number of bytes after which the answer is cut.

    Redirects are followed only where no headers are given, so that they never reach another server. Raises
    SourceNotFound, UnreadableSource or LimitExceeded; no message holds a password. Where private networks are denied,
    only public addresses are connected to, and proxies of the environment are left aside: they would look names up.
    """
    shown = without_secrets(url)
    method = "GET" if body is None else "POST"
    until = time.monotonic() + limits.http_deadline
    transport = None if limits.http_private else Guarded(until=until)
    try:
        with (
            httpx.Client(timeout=limits.http_timeout, follow_redirects=not headers, transport=transport) as client,
            client.stream(method, url, headers=_ENCODINGS | dict(headers or {}), content=body) as response,
        ):
            _must_be_good(response, shown)
            data, cut = _body(response, limits, shown, until, most)
            return Answer(data=data, kind=_kind(response), cut=cut)
    except httpx.TimeoutException as error:
        raise _too_slow(shown, limits, until) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnreadableSource(
            f"{shown} cannot be fetched: {type(error).__name__}.", hint="Check the address and the network."
        ) from None


_ENCODINGS = {"Accept-Encoding": "gzip, deflate"}
"""Those whose output grows at most a thousandfold by piece, so that it can be counted before it fills the memory."""


def _too_slow(shown: str, limits: Limits, until: float) -> UnreadableSource:
    if time.monotonic() >= until:
        return UnreadableSource(
            f"{shown} was not through in {limits.http_deadline:g} s.",
            hint="Try again later, or raise the setting http_deadline.",
        )
    return UnreadableSource(
        f"{shown} did not answer in {limits.http_timeout:g} s.",
        hint="Try again later, or raise the setting http_timeout.",
    )


def _must_be_good(response: httpx.Response, shown: str) -> None:
    status = response.status_code
    if status in {401, 403}:
        raise UnreadableSource(f"{shown} refuses access ({status}).", hint="Give the headers that it asks for.")
    if status in {404, 410}:
        raise SourceNotFound(f"{shown} does not exist ({status}).", hint="Check the address.")
    if not response.is_success:
        raise UnreadableSource(
            f"{shown} answered {status} {response.reason_phrase}.", hint="Check the address, or try again later."
        )


def _body(response: httpx.Response, limits: Limits, shown: str, until: float, most: int | None) -> tuple[bytes, bool]:
    """What was sent, and whether it was cut."""
    packed = response.headers.get("content-encoding", "identity").strip().lower()
    if packed not in {"gzip", "deflate", "identity"}:
        raise UnreadableSource(
            f"{shown} sent its answer packed as {packed!r}.", hint="Ask for an address that sends it plain or as gzip."
        )
    pieces, size = [], 0
    for piece in response.iter_bytes():
        size += len(piece)
        limits.bytes(size, shown)
        if time.monotonic() >= until:
            raise _too_slow(shown, limits, until)
        pieces.append(piece)
        if most is not None and size > most:
            return b"".join(pieces)[:most], True
    return b"".join(pieces), False


def _kind(response: httpx.Response) -> str:
    return str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()
