"""The tier in Redis: results and versions of tables that several processes share."""

from __future__ import annotations

import fnmatch
import hashlib
import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from tablemend.caching import frame
from tablemend.caching.circuit import Circuit
from tablemend.caching.frame import Description
from tablemend.caching.versions import EPOCH, Token, fresh
from tablemend.errors import SettingsError
from tablemend.records import Record

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")

TIMEOUT = 0.5
"""Seconds for connecting and for each answer: a server nearby needs about a thousandth of it."""

KEPT = 7 * 86_400
"""Seconds for which a version stays without a new one; without it, its results are not found, which is safe."""

BATCH = 500  # keys that are looked at together
LOGGER = logging.getLogger("tablemend.caching")
_RUN = re.compile(rb"run_id:(\w+)")
_OF_RUN = len(fresh())  # where, in an epoch, the name of the server's run begins


class SharedState(Record, frozen=True, kw_only=True, omit_defaults=False):
    """How the tier in Redis fares."""

    state: str  # none, ready, away, full
    errors: int = 0  # calls that failed
    refusals: int = 0  # values that a full Redis did not take
    problem: str = ""  # what failed last, by the name of its error
    garbage: int = 0  # values found under a key of ours that were no result; removed
    recoveries: int = 0  # times that it came back
    next_try: float = 0.0  # seconds until it is tried again


class Shared:
    """Safe for threads; no method raises because of Redis: it is counted, and the answer is that nothing was found."""

    def __init__(self, url: str, prefix: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Take note of a URL; nothing is opened. SettingsError where it is none, or the package is missing."""
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ModuleNotFoundError as problem:
            raise SettingsError(
                "the setting cache_redis_url needs the package redis, which is not installed",
                hint="Install it with: pip install 'tablemend[redis]'.",
            ) from problem
        self._errors = (redis.RedisError, OSError)
        self._refused: type[Exception] = redis.ResponseError
        self._full: type[Exception] = redis.exceptions.OutOfMemoryError
        try:
            self._client: Any = redis.Redis.from_url(
                url,
                socket_timeout=TIMEOUT,
                socket_connect_timeout=TIMEOUT,
                retry=Retry(NoBackoff(), 0),
                redis_connect_func=self._connected,
            )
        except ValueError:
            raise SettingsError(
                "the setting cache_redis_url is not understood", hint="Write it like redis://:password@host:6379/0."
            ) from None
        self._prefix = prefix
        self._circuit = Circuit(clock=clock)
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._is_full = False
        self._problem = ""
        self._pushing = False
        self._pusher: threading.Thread | None = None
        self._run = b""  # of the server, by its own name
        self._closed = threading.Event()

    def _connected(self, connection: Any) -> None:
        """Ask a new connection which run of the server it reached.

        One that was started anew may hold what it saved long ago, from before writes that it was told of: where the
        epoch was given in another run, or that cannot be told, it is taken away before anything is read.
        """
        connection.on_connect()
        try:
            connection.send_command("INFO", "server")
            found = _RUN.search(bytes(connection.read_response()))
        except self._refused:
            found = None
        self._run = found[1] if found else fresh().encode()
        name = self._version(EPOCH)
        connection.send_command("GETRANGE", name, _OF_RUN, -1)
        try:
            if connection.read_response() == self._run:
                return
        except self._refused:  # something else stands there
            self._count("garbage")
        connection.send_command("DEL", name)
        connection.read_response()

    def versions(self, tokens: Sequence[Token]) -> tuple[str, ...] | None:
        """The versions of all tokens, in one question; where one has none, it is given one. None where that fails."""
        names = [self._version(each) for each in tokens]
        asked: list[bytes | None] | None = self._call(lambda: self._client.mget(names))
        if asked is None:
            return None
        found = dict(zip(names, asked, strict=True))
        missing = [name for name, each in found.items() if each is None]
        if missing:
            begun = self._call(lambda: self._begin(missing), stores=True)
            if begun is None:
                return None
            found.update(begun)
        return tuple((found[name] or b"").hex() for name in names)

    def _begin(self, names: Sequence[str]) -> dict[str, bytes]:
        """Give versions to those who have none, and read them in the same transaction: a write may take them at once.

        Where something else stands in the place of a version, it is removed, and the version is nobody else's.
        """
        with self._client.pipeline(transaction=True) as pipe:
            for name in names:
                run = self._run if name == self._version(EPOCH) else b""
                pipe.set(name, fresh().encode() + run, nx=True, ex=KEPT)
                pipe.get(name)
            found = dict(zip(names, pipe.execute(raise_on_error=False)[1::2], strict=True))
        wrong = [name for name, each in found.items() if not isinstance(each, bytes)]
        if wrong:
            self._count("garbage")
            self._client.delete(*wrong)
        return found | {name: fresh().encode() for name in wrong}

    def get(self, key: str) -> tuple[pa.Table, Description, int] | None:
        """A result with its description, and the milliseconds that it has left."""

        def ask() -> list[Any]:
            with self._client.pipeline(transaction=True) as pipe:  # it may go in between
                pipe.get(self._entry(key))
                pipe.pttl(self._entry(key))
                return list(pipe.execute(raise_on_error=False))

        data, left = self._call(ask) or (None, 0)
        if data is None:
            return None
        try:
            if not isinstance(data, bytes) or not isinstance(left, int) or left <= 0:
                raise ValueError("it is no result with an end")
            return (*frame.decoded(data), left)
        except ValueError:
            self._count("garbage")
            self._call(lambda: self._client.delete(self._entry(key)))
            return None

    def put(self, key: str, table: pa.Table, description: Description) -> bool:
        """Keep a result for the life that its description names; whether it was."""
        data = frame.encoded(table, description)
        name = self._entry(key)
        return bool(self._call(lambda: self._client.set(name, data, px=description.life), stores=True))

    def forget(self, tokens: Iterable[Token]) -> bool:
        """Take the versions of what was written, so that the next reader gives new ones; whether that worked.

        Where it did not, it is tried until it does, and everything kept before is out of reach then.
        """
        names = [self._version(each) for each in tokens]
        if self._call(lambda: self._client.delete(*names), at_once=True) is not None:
            return True
        self._push()
        return False

    def remove(self, *, key: str | None = None, text: str | None = None) -> int | None:
        """Remove the result of a key, or those of queries that a shell pattern matches; how many, None where away."""
        if key is not None:
            name = self._entry(key)
            return self._call(lambda: int(self._client.unlink(name)))
        return self._call(lambda: sum(self._unlinked(batch, text) for batch in self._batches("e:*")))

    def forget_named(self, table: str) -> int | None:
        """Take the version of a table in every database; how many databases had one, None where Redis is away."""
        written = _escaped(table)

        def take() -> int:
            return sum(int(self._client.delete(*batch)) for batch in self._batches(f"v:*:{written}"))

        return self._call(take)

    def clear(self) -> int | None:
        """Put everything out of reach, and remove it; how many results there were, None where Redis is away."""
        if self._call(lambda: self._client.delete(self._version(EPOCH))) is None:
            return None
        return self._call(lambda: sum(int(self._client.unlink(*batch)) for batch in self._batches("e:*")))

    def listed(self) -> list[tuple[Description, int]] | None:
        """Every result by its description, with its bytes; None where Redis is away."""
        return self._call(lambda: [each for batch in self._batches("e:*") for each in self._described(batch)])

    def state(self) -> SharedState:
        """How it fares."""
        with self._lock:
            counts = dict(self._counts)
        state = "away" if self._circuit.open else "full" if self._is_full else "ready"
        return SharedState(state=state, next_try=self._circuit.pause, problem=self._problem, **counts)

    def close(self) -> None:
        """Close the connections and stop trying; what Redis was not told of yet, it is told once more."""
        pending = self._pushing
        self._closed.set()
        if self._pusher is not None:
            self._pusher.join(4 * TIMEOUT)  # for a try that is under way: to connect, to ask, and to be answered
        if pending and self._circuit.open and not self._recovered(at_once=True):
            LOGGER.warning(
                "Redis could not be told of writes: until their ttl ends, other processes may find older results there"
            )
        self._client.close()

    def _call(self, work: Callable[[], T], *, stores: bool = False, at_once: bool = False) -> T | None:
        """What the work gives; None where it failed, or where Redis is away and it is not time to try again."""
        if self._circuit.open and not self._recovered(at_once=at_once):
            return None
        try:
            found = work()
        except self._full:
            self._is_full = True
            self._count("refusals")
            return None
        except self._errors as problem:
            self._failed(problem)
            return None
        if stores:
            self._is_full = False
        return found

    def _recovered(self, *, at_once: bool) -> bool:
        """Whether Redis is back. What was kept there before is put out of reach first: writes may have been missed."""
        if not self._circuit.may_try(at_once=at_once):
            return False
        try:
            self._client.delete(self._version(EPOCH))
        except self._errors as problem:
            self._failed(problem)
            return False
        except BaseException:
            self._circuit.failed()  # else nobody would try again
            raise
        self._count("recoveries")
        self._circuit.closed()
        return True

    def _failed(self, problem: BaseException) -> None:
        self._problem = type(problem).__name__
        self._count("errors")
        self._circuit.failed()

    def _push(self) -> None:
        """Try to tell Redis of a write until it is told, also where nobody asks for anything meanwhile."""
        with self._lock:
            if self._pushing or self._closed.is_set():
                return
            self._pushing = True
        self._pusher = threading.Thread(target=self._pushed, name="tablemend-cache", daemon=True)
        self._pusher.start()

    def _pushed(self) -> None:
        while True:
            with self._lock:
                if not self._circuit.open or self._closed.is_set():
                    self._pushing = False
                    return
            self._closed.wait(max(self._circuit.pause, TIMEOUT))
            self._recovered(at_once=False)

    def _batches(self, pattern: str) -> Iterator[list[bytes]]:
        batch: list[bytes] = []
        for name in self._client.scan_iter(match=f"{_escaped(self._prefix)}:{pattern}", count=BATCH):
            batch.append(name)
            if len(batch) == BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    def _described(self, names: Sequence[bytes]) -> list[tuple[Description, int]]:
        with self._client.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.getrange(name, 0, frame.FIRST)
                pipe.strlen(name)
            found = pipe.execute(raise_on_error=False)
        pairs = zip(found[::2], found[1::2], strict=True)
        described = ((frame.described(data), size) for data, size in pairs if isinstance(data, bytes))
        return [(each, size) for each, size in described if each is not None]

    def _unlinked(self, names: Sequence[bytes], pattern: str | None) -> int:
        if pattern is None:
            return int(self._client.unlink(*names))
        with self._client.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.getrange(name, 0, frame.FIRST)
            texts = pipe.execute(raise_on_error=False)  # of another type, it is no result
        found = [frame.described(data) if isinstance(data, bytes) else None for data in texts]
        chosen = [n for n, each in zip(names, found, strict=True) if each and fnmatch.fnmatchcase(each.text, pattern)]
        return int(self._client.unlink(*chosen)) if chosen else 0

    def _count(self, name: str) -> None:
        with self._lock:
            self._counts[name] += 1

    def _entry(self, key: str) -> str:
        return f"{self._prefix}:e:{key}"

    def _version(self, token: Token) -> str:
        place, name = token
        return f"{self._prefix}:v:{hashlib.sha256(place.encode()).hexdigest()[:16]}:{name}"


def _escaped(text: str) -> str:
    return "".join(f"\\{each}" if each in "*?[]\\" else each for each in text)
