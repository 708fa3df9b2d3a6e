"""What several files of tests ask for by name."""

import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import servers
from tablemend.cli import main as entry_point
from tablemend.store.state import Store

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """Run a command in a folder of its own: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TABLEMEND_DATA", raising=False)

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tablemend", *map(str, words)])
        code: object = 0
        try:
            entry_point.main()
        except SystemExit as end:
            code = end.code or 0
        out, err = capfd.readouterr()
        assert isinstance(code, int)
        return code, out, err

    return run


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str | Path]:
    """A place for a state, once for each database that can hold one."""
    if request.param == "sqlite":
        yield tmp_path / "state ?#%.db"
    else:
        with servers.schema() as url:
            yield url


@pytest.fixture
def store(where: str | Path) -> Iterator[Store]:
    """A new state, once for each database that can hold one."""
    with Store(where) as opened:
        yield opened


@pytest.fixture
def alone() -> bool:
    """Whether a database must hold nothing of other tests; files whose tests depend on all of a catalogue say so."""
    return False


@pytest.fixture(params=["postgresql", "mysql", "sqlite", "duckdb"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, alone: bool) -> Iterator[str]:
    """URL of a new, empty database, once for each kind that can run here."""
    with servers.database(request.param, tmp_path, alone=alone) as url:
        yield url


@pytest.fixture
def prefix() -> Iterator[str]:
    """A beginning of keys in the Redis that others use too; all of them go afterwards."""
    import redis

    found = f"test_{secrets.token_hex(6)}"
    yield found
    with redis.Redis.from_url(servers.redis_url()) as client:
        for key in client.scan_iter(match=f"{found}:*", count=1_000):
            client.delete(key)
