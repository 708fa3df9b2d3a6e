"""The cache of query results."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from tablemend.caching.statistics import CacheStatistics
from tablemend.records import Record
from tablemend.web.api.routes import Routes
from tablemend.web.site import Site

Text = Annotated[str | None, Query(min_length=1, max_length=4_000)]


class Cleared(Record, frozen=True, kw_only=True):
    """What the cache let go of."""

    removed: int  # results that were in this process


def router(site: Site) -> APIRouter:
    """The endpoints of the cache."""
    routes = Routes("cache")

    @routes.get("/cache", right="read", answers=CacheStatistics)
    def get_cache() -> Any:
        """Show what the cache of the server's own process holds and has done, by table and over time.

        Each worker keeps results of its own, which go with it; the metrics of a run tell what it was served from them.
        """
        return site.base.cache_statistics()

    @routes.delete("/cache", right="admin", answers=Cleared)
    def clear_cache(key: Text = None, table: Text = None, pattern: Text = None) -> Any:
        """Let go of results: of a key, a table, or queries like a shell pattern; by default of all, also in Redis.

        Those that workers keep go when they are older than the setting `cache_ttl`.
        """
        removed = site.base.clear_cache(key=key, table=table, pattern=pattern)
        ws = site.workspace
        ws.store.audit.write(ws.settings.person, "clear cache", key or table or pattern or "all", f"{removed} results")
        return Cleared(removed=removed)

    return routes.router
