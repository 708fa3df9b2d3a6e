"""What a server fetches for its users: only from the public internet, and only for so long."""

import gzip
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from tablemend.errors import LimitExceeded, UnreadableSource
from tablemend.repair.reading import limits_of
from tablemend.settings import load
from tablemend.tables import guard
from tablemend.tables.guard import is_public
from tablemend.tables.http import fetch
from tablemend.tables.limits import Limits

DENIED = Limits(http_private=False, http_timeout=5)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1"),
        *("::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:1::1", "::127.0.0.1"),
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on a port of this computer that answers every connection by hand."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(20)

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(65536)
                    answer(connection)
                except OSError:  # the client has gone, as it should
                    continue

    running = threading.Thread(target=serve)
    running.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        running.join()


def plainly(body: bytes, *head: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        length = b"Content-Length: %d" % len(body)
        connection.sendall(b"\r\n".join((b"HTTP/1.1 200 OK", b"Content-Type: text/csv", length, *head, b"", body)))

    return answer


def led_to(monkeypatch: pytest.MonkeyPatch, names: dict[str, list[str]]) -> list[str]:
    """Let names stand for addresses, the last for good; gives the list of look-ups."""
    asked: list[str] = []
    known = socket.getaddrinfo

    def look_up(host: str, port: int, *given: object, **options: object) -> object:
        if host not in names:
            return known(host, port, *given, **options)  # type: ignore[arg-type]
        asked.append(host)
        found = names[host].pop(0) if len(names[host]) > 1 else names[host][0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"])
def test_this_computer_is_not_fetched_from(host: str) -> None:
    with server(plainly(b"a\n1\n")) as port:
        with pytest.raises(UnreadableSource, match="private network") as refused:
            fetch(f"http://{host}:{port}/x.csv", DENIED)
        assert "http_private" in (refused.value.hint or "")
        assert fetch(f"http://127.0.0.1:{port}/x.csv", Limits()).data == b"a\n1\n"


def test_a_redirect_into_a_private_network_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    led_to(monkeypatch, {"public.example": ["127.0.0.1"]})
    with server(plainly(b"secret")) as inner:
        location = b"Location: http://127.0.0.2:%d/metadata" % inner

        def answer(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 302 Found\r\n" + location + b"\r\nContent-Length: 0\r\n\r\n")

        with server(answer) as port:
            monkeypatch.setattr(guard, "is_public", lambda address: address == "127.0.0.1")
            with pytest.raises(UnreadableSource, match=r"127\.0\.0\.2 lies in this computer"):
                fetch(f"http://public.example:{port}/x.csv", DENIED)


def test_a_name_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = led_to(monkeypatch, {"rebinding.example": ["127.0.0.1", "127.0.0.2"]})
    monkeypatch.setattr(guard, "is_public", lambda address: address == "127.0.0.1")
    with server(plainly(b"a\n1\n")) as port:
        assert fetch(f"http://rebinding.example:{port}/x.csv", DENIED).data == b"a\n1\n"
        assert asked == ["rebinding.example"]
        with pytest.raises(UnreadableSource, match="private"):
            fetch(f"http://rebinding.example:{port}/x.csv", DENIED)


def test_a_proxy_of_the_environment_does_not_lead_around_the_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(plainly(b"through the proxy")) as port:
        monkeypatch.setitem(os.environ, "HTTP_PROXY", f"http://127.0.0.1:{port}")
        with pytest.raises(UnreadableSource, match="private"):
            fetch("http://10.0.0.1/x.csv", DENIED)


def test_other_schemes_are_not_fetched() -> None:
    for url in ("file:///etc/passwd", "ftp://example.org/x", "gopher://example.org/"):
        with pytest.raises(UnreadableSource):
            fetch(url, DENIED)


@pytest.mark.parametrize(("private", "begun"), [(True, True), (False, True), (False, False)])
def test_a_slow_drip_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch, private: bool, begun: bool) -> None:
    monkeypatch.setattr(guard, "is_public", lambda address: True)
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n"
        connection.sendall(head + (b"\r\n" if begun else b"X-Slow: "))
        while not over.wait(0.02):
            connection.sendall(b"x")

    limits = Limits(http_private=private, http_timeout=5, http_deadline=0.5)
    with server(drip) as port:
        with pytest.raises(UnreadableSource, match=r"not through in 0\.5 s") as refused:
            fetch(f"http://127.0.0.1:{port}/x.csv", limits)
        over.set()
    assert "http_deadline" in (refused.value.hint or "")


def test_a_packed_answer_is_counted_unpacked() -> None:
    packed = gzip.compress(b"0" * 20_000_000)
    with server(plainly(packed, b"Content-Encoding: gzip")) as port, pytest.raises(LimitExceeded, match="max_bytes"):
        fetch(f"http://127.0.0.1:{port}/x.csv", Limits(max_bytes=1_000_000))


@pytest.mark.parametrize("packed", [b"br", b"zstd", b"gzip, gzip"])
def test_other_packings_are_refused(packed: bytes) -> None:
    answer = plainly(b"x", b"Content-Encoding: " + packed)
    with server(answer) as port, pytest.raises(UnreadableSource, match="packed as"):
        fetch(f"http://127.0.0.1:{port}/x.csv", Limits())


def test_the_setting_decides() -> None:
    assert limits_of(load()).http_private
    assert limits_of(load(http_private=True)).http_private
    assert not limits_of(load(http_private=False)).http_private


def test_certificates_are_checked_against_the_name() -> None:
    transport = guard.Guarded(until=0)
    context = transport._pool._ssl_context
    assert context is not None
    assert context.check_hostname
    assert isinstance(transport, httpx.HTTPTransport)
