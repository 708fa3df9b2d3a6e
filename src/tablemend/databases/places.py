"""Which database a URL leads to, and who asks it: what results that are kept belong to."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

import sqlalchemy as sa

from tablemend.databases import urls

PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
_LOCAL = {"", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104 - names of this machine, not bound to
_FILES = ("sqlite", "duckdb")
_SERVERS = ("mysql",)
"""Kinds of which one statement can reach several databases of a server, so that these count as one place."""


def place(url: sa.URL) -> str:
    """The database that a URL leads to, whoever asks and however the URL is written; holds no secret."""
    kind = urls.kind(url)
    if kind in _FILES:
        return f"{kind}:{Path(url.database or '').resolve()}"
    host = str(url.host or url.query.get("host") or "").lower()
    where = f"{'localhost' if host in _LOCAL else host}:{url.port or PORTS.get(kind, '')}"
    return f"{kind}:{where}" if kind in _SERVERS else f"{kind}:{where}/{url.database or url.username or ''}"


def identity(url: sa.URL) -> str:
    """The database, who asks it and with which options: others may see something else in the same tables."""
    user = url.username or os.environ.get("PGUSER") or getpass.getuser()
    return f"{place(url)} {user} {urls.shown(url)}"
