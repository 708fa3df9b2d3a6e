"""When a dataset is read again by itself: the part Schedule of its page, and what it may be asked for."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import tablemend as tm
from pages_helpers import assert_plain, said, signed_in, walk
from tablemend.errors import Forbidden, SettingsError, SourceNotFound, StateError
from tablemend.records import Source
from tablemend.web.address import parse
from tablemend.web.doing import Asked, carry_out
from tablemend.web.pages import dataset
from tablemend.web.pages.settings.layout import ACTIONS as SETTINGS
from tablemend.web.site import Site

CSV = "id;name\n1;Ann\n2; Bo\n3;Cy\n"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "people.csv").write_text(CSV, encoding="utf-8")
    with tm.open(tmp_path / "data", user="owner") as ws:
        ws.scan(tmp_path / "people.csv", delimiter=";")
        with signed_in():
            yield Site(ws)


def identity(site: Site, name: str = "people") -> str:
    return site.base.dataset(name)


def tab(site: Site, name: str = "people") -> Any:
    return dataset.layout(site, parse(f"/datasets/{identity(site, name)}", "?tab=schedule"))


def ask(site: Site, action: str, key: str, **fields: str) -> None:
    carry_out(site, dataset.ACTIONS, action, Asked(key=key, fields={"interval": "1h", "threshold": ""} | fields))


def test_a_schedule_is_set_paused_resumed_run_and_removed(site: Site) -> None:
    assert "can be read again at an interval" in said(tab(site))
    ask(site, "schedule-set", identity(site), interval="15m", threshold="90")
    (made,) = site.base.schedules.list()
    assert (made.dataset, made.name, made.interval, made.threshold) == (identity(site), "people", 900, 90.0)
    assert made.options["delimiter"] == ";"
    page = tab(site)
    assert_plain(page)
    assert "every 15 min alert below 90" in said(page)
    ask(site, "schedule-pause", made.id)
    assert "paused" in said(tab(site))
    ask(site, "schedule-resume", made.id)
    ask(site, "schedule-run", made.id)
    job = site.base.jobs.get(site.base.schedules.get(made.id).job)
    assert (job.verb, job.status) == ("refresh", "queued")
    ask(site, "schedule-remove", made.id)
    assert site.base.schedules.list() == []


def test_a_refresh_of_the_schedule_feeds_the_same_dataset(site: Site, tmp_path: Path) -> None:
    made = site.workspace.schedules.repeat(identity(site), interval="1h")
    (tmp_path / "people.csv").write_text(CSV + "4;Di\n", encoding="utf-8")
    found = site.base.schedules.refresh(made.id)
    assert (found["dataset"], found["version"], found["changed"]) == (identity(site), 2, True)


def test_a_table_of_a_database_is_read_again(site: Site, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE orders (id INTEGER, city TEXT)")
        database.execute("INSERT INTO orders VALUES (1, ' Bern')")
    database.close()
    site.base.scan(f"{tmp_path / 'shop.db'}#orders")
    made = site.base.schedules.repeat("shop_orders", interval="1d")
    assert (made.dataset, made.options["table"]) == (identity(site, "shop_orders"), "orders")
    assert site.base.schedules.refresh(made.id)["changed"] is False


def test_one_schedule_is_enough(site: Site) -> None:
    site.base.schedules.repeat("people", interval="1h")
    with pytest.raises(StateError, match="has the schedule people already"):
        site.base.schedules.repeat("people", interval="1d")


@pytest.mark.parametrize(("fields", "told"), [({"interval": "soon"}, "no interval"), ({"threshold": "x"}, "no score")])
def test_what_cannot_be_set_is_refused_and_nothing_is_kept(site: Site, fields: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        ask(site, "schedule-set", identity(site), **fields)
    assert site.base.schedules.list() == []


def test_an_uploaded_file_is_told_not_to_change_by_itself(site: Site) -> None:
    kept = site.workspace.uploads.keep("towns.csv", io.BytesIO(b"a,b\n1,x\n"))
    site.base.scan(site.workspace.uploads.path(kept.id))
    assert "an uploaded file does not change by itself" in said(tab(site, "towns"))
    with pytest.raises(StateError, match="was uploaded"):
        ask(site, "schedule-set", identity(site, "towns"))


def test_what_is_gone_or_holds_a_secret_cannot_be_read_again(site: Site) -> None:
    site.base.scan(pa.table({"a": [1, 2]}), name="numbers")
    with pytest.raises(StateError, match="came from a frame"):
        site.base.schedules.repeat("numbers", interval="1h")
    masked = Source(kind="http", location="https://x.example/a.csv?token=***", name="a")
    assert "named with a secret" in site.base.schedules.unrepeatable(masked)


def test_a_file_of_the_server_is_not_read_again_for_somebody_elsewhere(site: Site, tmp_path: Path) -> None:
    with signed_in("admin", via="password"):
        assert "files of the server can be named only" in said(tab(site))
        with pytest.raises(SourceNotFound):
            ask(site, "schedule-set", identity(site))
        asked = Asked(fields={"source": str(tmp_path / "people.csv"), "interval": "1h"})
        with pytest.raises(SourceNotFound):
            carry_out(site, SETTINGS, "schedule-add", asked)
    assert site.base.schedules.list() == []


def test_others_than_admins_look_only(site: Site) -> None:
    made = site.base.schedules.repeat("people", interval="1h")
    with signed_in("approver"):
        page = tab(site)
        assert "every 1 h" in said(page)
        assert not [each for each in walk(page) if "schedule" in str(each["props"].get("id"))]
        with pytest.raises(Forbidden):
            ask(site, "schedule-pause", made.id)
    site.base.schedules.remove(made.id)
    with signed_in("viewer"):
        assert "takes the role admin" in said(tab(site))


def test_the_mark_of_the_page_changes_with_what_it_shows(site: Site) -> None:
    address = parse(f"/datasets/{identity(site)}")
    marks = [dataset.mark(site, address)]
    one = site.base.items()[0]
    site.base.reject(ids=(one.id,))
    marks.append(dataset.mark(site, address))
    site.base.rescan("people")
    marks.append(dataset.mark(site, address))
    site.base.schedules.repeat("people", interval="1h")
    marks.append(dataset.mark(site, address))
    assert len(set(marks)) == 4
    assert dataset.mark(site, address) == marks[-1]
