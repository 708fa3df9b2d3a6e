"""The verbs that ask databases through the cache."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tablemend.workspace.observing import Observing

if TYPE_CHECKING:
    from tablemend.caching import CacheStatistics, QueryCache
    from tablemend.databases.database import Database
    from tablemend.databases.querying import QueryResult
    from tablemend.databases.warming import Query, Warmed
    from tablemend.telemetry import Telemetry

_LOCK = threading.Lock()


class Querying(Observing):
    """Queries of databases whose results are kept, and looking at what is kept."""

    def query(
        self, url: str, sql: str, params: Mapping[str, Any] | None = None, ttl: float | None = None
    ) -> QueryResult:
        """The result of a query as Arrow, from the cache where it holds it; parameters are written :name.

        `ttl` is the most seconds that it may be old, by default the setting cache_ttl; 0 asks the database. The result
        tells its age and where it was kept. A query that writes is refused. Connections are kept until the workspace
        is closed. Raises the kinds of DatabaseError.
        """
        return self._asked(url).query(sql, params, ttl=ttl)

    def warm(self, url: str, queries: Iterable[Query], *, threads: int = 4) -> Warmed:
        """Run queries of a database ahead, several at once, so that their results are there; what became of them."""
        from tablemend.databases.warming import warm

        return warm(self._asked(url), queries, threads=threads)

    def cache_statistics(self) -> CacheStatistics:
        """What the cache of this workspace holds and has done, by table, in all and in the last minute and hour."""
        return self.cache.statistics()

    def clear_cache(self, *, key: str | None = None, table: str | None = None, pattern: str | None = None) -> int:
        """Let go of results: of a key, a table, or queries like a shell pattern; by default of all, also in Redis.

        How many there were in this process.
        """
        if key is None and table is None and pattern is None:
            return self.cache.clear()
        return self.cache.remove(key=key, table=table, pattern=pattern)

    @cached_property
    def cache(self) -> QueryCache:
        """The results that this workspace keeps."""
        from tablemend.caching import from_settings

        return from_settings(self.settings)

    @property
    def _shared_cache(self) -> QueryCache | None:
        """The cache, where a write here must be told to other processes; caches of this one are told in any case."""
        return self.cache if self.settings.cache_redis_url.get_secret_value() else None

    @cached_property
    def _databases(self) -> dict[str, Database]:
        return {}

    def _asked(self, url: str) -> Database:
        from tablemend.databases import urls
        from tablemend.databases.database import Database
        from tablemend.databases.pool import limits

        with _LOCK:
            found = self._databases.get(url)
            if found is None:
                place = urls.parse(url)[0]
                if urls.kind(place) == "duckdb":  # whose file is open in one way at a time, and scans open it to read
                    place = place.update_query_dict({"mode": "ro"})
                found = self._databases[url] = Database(
                    place,
                    limits=limits(self.settings),
                    purpose="query",
                    cache=self.cache,
                    slow_seconds=self.settings.slow_query_seconds,
                    note=self._count,
                )
        return found

    @staticmethod
    def _note_pools(telemetry: Telemetry, *databases: Database) -> None:
        found = [each.statistics() for each in databases]
        for name in ("in_use", "size", "opened", "waits", "wait_seconds", "timeouts", "failures"):
            telemetry.gauge(f"pool.{name}", sum(getattr(each, name) for each in found))

    def _let_go(self) -> None:
        """Close the files that are open here to read, as nobody can write to them meanwhile."""
        with _LOCK:
            for url in [url for url, each in self._databases.items() if each.kind == "duckdb"]:
                self._databases.pop(url).close()

    def _count(self, name: str) -> None:
        self.telemetry.count(name)

    def _gauges(self, telemetry: Telemetry) -> None:
        """Note how the pools and the cache stand, where this workspace has asked a database."""
        used = list(self.__dict__.get("_databases", {}).values())
        if used:
            self._note_pools(telemetry, *used)
            found = self.cache.statistics()
            telemetry.gauge("cache.entries", found.entries)
            telemetry.gauge("cache.bytes", found.bytes)
            telemetry.gauge("cache.evictions", found.all.evictions)
            telemetry.gauge("cache.invalidations", found.all.invalidations)

    def close(self) -> None:
        """Free every connection; a second call does nothing."""
        super().close()
        for each in self.__dict__.pop("_databases", {}).values():
            each.close()
        if "cache" in self.__dict__:
            self.__dict__.pop("cache").close()
