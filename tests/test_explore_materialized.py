"""The ranking of a wide table inside PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

import servers
import tablemend as tm
from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.errors import DataRefused, SettingsError
from tablemend.workspace import Workspace

NAMES = [f'metabolite {n}; "β" %s' for n in range(300)]


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    wide = pa.table(
        {
            "strain": ["A", "A", "B", "C", None],
            "phylum": ["P"] * 5,
            **{name: [1.0 * n, 3.0 * n, -n, None, 1e9] for n, name in enumerate(NAMES)},
        }
    )
    with servers.database("postgresql", tmp_path) as found, Database(found) as database:
        with database.transaction() as connection:
            bulk.create(connection, (None, "wide"), wide.schema)
            bulk.insert(connection, (None, "wide"), wide)
        yield found


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with tm.open(tmp_path / "state") as opened:
        yield opened


def ranking(url: str, feature: str) -> list[tuple[object, ...]]:
    with Database(url) as database, database.connect() as connection:
        sql = "SELECT entity, n, mean, high, low, strong, measured FROM ranking WHERE feature = %s ORDER BY high"
        return [tuple(row) for row in connection.exec_driver_sql(sql, (feature,))]


def test_a_wide_table_is_ranked_where_it_is_and_as_it_would_be_here(ws: Workspace, url: str) -> None:
    made = ws.explore.materialize(f"{url}#wide", "ranking", entity="strain")
    assert (made.rows, made.features, made.skipped) == (600, 300, ("phylum",))
    assert ranking(url, NAMES[7]) == [("A", 2, 14.0, 1, 2, 1, 2), ("B", 1, -7.0, 2, 1, 2, 2)]
    ws.explore.load(f"{url}#wide", name="wide", entity="strain")
    rows = ws.explore.feature("wide", NAMES[7]).table.to_pylist()
    names = ("entity", "n", "mean", "high", "low", "strong", "measured")
    assert [tuple(row[name] for name in names) for row in rows] == ranking(url, NAMES[7])


def test_a_refresh_brings_it_up_to_date_and_tells_when(ws: Workspace, url: str) -> None:
    first = ws.explore.materialize(f"{url}#wide", "ranking", entity="strain", features=NAMES[:2])
    with Database(url) as database, database.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO wide (strain, {}) VALUES ('D', 99)".format(
                f'"{NAMES[1]}"'.replace("%", "%%").replace('"β"', '""β""')
            )
        )
    assert ranking(url, NAMES[1])[0][0] == "A"
    again = ws.explore.materialize(f"{url}#wide", "ranking", refresh=True)
    assert ranking(url, NAMES[1])[0][0] == "D"
    assert (again.rows, again.features) == (first.rows + 1, 2)
    assert again.refreshed > first.refreshed


def test_no_other_view_or_table_is_touched(ws: Workspace, url: str, tmp_path: Path) -> None:
    with Database(url) as database, database.transaction() as connection:
        connection.exec_driver_sql("CREATE MATERIALIZED VIEW ranking AS SELECT 1 AS own")
    for name in ("ranking", "wide"):
        with pytest.raises(DataRefused, match=f"{name} is there, and is no ranking"):
            ws.explore.materialize(f"{url}#wide", name, entity="strain")
    with pytest.raises(SettingsError, match="has no column 'species'"):
        ws.explore.materialize(f"{url}#wide", "other", entity="species")
    with pytest.raises(SettingsError, match="column 'phylum' holds no numbers"):
        ws.explore.materialize(f"{url}#wide", "other", entity="strain", features=["phylum"])
    with pytest.raises(SettingsError, match="there is no view"):
        ws.explore.materialize(f"{url}#wide", "other", refresh=True)
    with pytest.raises(SettingsError, match="this is sqlite"):
        ws.explore.materialize(f"sqlite:///{tmp_path}/a.db?mode=rwc#wide", "other", entity="strain")
