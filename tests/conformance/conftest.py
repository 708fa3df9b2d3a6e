"""Every database that can run here, each with a place of its own; gaps are marked with the reason of the dialect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import agreement
import pytest

import servers
from tablemend.databases.bulk.registry import DIALECTS
from tablemend.databases.database import Database

RUNNING = ("sqlite", "duckdb", "postgresql", "mysql")
"""What the suite runs on; SQL Server and Snowflake have no server here and are tested as text."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where to write what was compared between the engines."""
    parser.addoption("--conformance", metavar="FILE", help="write a page of what DuckDB and Spark agree on")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the page, where it was asked for and everything agreed."""
    place = session.config.getoption("--conformance", None)
    if place and not session.testsfailed:
        Path(place).write_text(agreement.page(), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Make known the mark of a gap."""
    config.addinivalue_line("markers", "lacks(feature): must fail where the dialect names the feature unsupported")


@pytest.fixture(params=RUNNING)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database, once for each kind; a test marked with `lacks(feature)` must fail where that is a gap."""
    with servers.database(request.param, tmp_path) as url, Database(url) as opened:
        for mark in request.node.iter_markers("lacks"):
            if reason := DIALECTS[opened.kind].unsupported.get(mark.args[0]):
                request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
        yield opened
