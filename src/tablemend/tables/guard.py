"""Connections that lead only to the public internet, and only for so long.

A server that fetches what its users name could be made to reach what only it can reach: this computer, the network it
stands in, the metadata service of a cloud. The address is looked up once and the connection made to just this address,
so that a name cannot lead somewhere else between the look and the connection.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from tablemend.errors import UnreadableSource

_EMBEDDING = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))
"""Networks whose addresses stand for IPv4 addresses (RFC 6052, 8215, 3056, 4380), which may be private."""


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if any(found in each for each in _EMBEDDING):
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved and not found.is_unspecified


class Guarded(httpx.HTTPTransport):
    """Connections of httpx that lead only to public addresses and end at a deadline."""

    def __init__(self, *, until: float) -> None:
        super().__init__(trust_env=False)
        # httpx has no public way to give the pool that it makes another way to connect
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(), network_backend=_Connecting(until=until)
        )


class _Connecting(httpcore.NetworkBackend):
    def __init__(self, *, until: float) -> None:
        self.until = until
        self.plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of a host that answers, if all of them are public."""
        refused: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in _public(host, port):
            try:
                left = _left(self.until, timeout, httpcore.ConnectTimeout)
                stream = self.plain.connect_tcp(address, port, left, local_address, socket_options)
                return _Ending(stream, until=self.until)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                refused = error
        raise refused or httpcore.ConnectError(f"{host} has no address")


def _public(host: str, port: int) -> list[str]:
    """The addresses of a host; UnreadableSource where one of them is not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from error
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    if not all(map(is_public, addresses)):
        raise UnreadableSource(
            f"{host} lies in this computer or a private network, where sources are not fetched from here.",
            hint="Download the file and upload it; or an admin sets http_private.",
        )
    return addresses


def _left(until: float, timeout: float | None, error: type[Exception]) -> float:
    """Seconds until the deadline, at most the timeout; the error where none are left."""
    left = until - time.monotonic()
    if left <= 0:
        raise error("the deadline has passed")
    return left if timeout is None else min(left, timeout)


class _Ending(httpcore.NetworkStream):
    """A connection that ends at a deadline, however slowly it drips."""

    def __init__(self, plain: httpcore.NetworkStream, *, until: float) -> None:
        self.plain = plain
        self.until = until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.plain.read(max_bytes, _left(self.until, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.plain.write(buffer, _left(self.until, timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self.plain.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self.until, timeout, httpcore.ConnectTimeout)
        return _Ending(self.plain.start_tls(ssl_context, server_hostname, left), until=self.until)

    def get_extra_info(self, info: str) -> Any:
        return self.plain.get_extra_info(info)
