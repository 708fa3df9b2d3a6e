"""Results of queries kept in this process and in Redis, never older than the tables that they were read from."""

from tablemend.caching.cache import CacheLimits, Fetched, QueryCache, from_settings
from tablemend.caching.shared import Shared, SharedState
from tablemend.caching.statistics import CacheCounts, CacheStatistics

__all__ = [
    "CacheCounts",
    "CacheLimits",
    "CacheStatistics",
    "Fetched",
    "QueryCache",
    "Shared",
    "SharedState",
    "from_settings",
]
