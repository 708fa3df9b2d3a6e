"""The page Add data: its ways, what each shows before a scan, and what it hands over."""

from __future__ import annotations

import io
import sqlite3
import threading
from collections.abc import Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import xlsxwriter

import servers
import tablemend as tm
from pages_helpers import HOSTILE, assert_plain, ids, links, said, signed_in, walk
from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.errors import Forbidden, NotFound, SettingsError, SourceNotFound, TablemendError, UnreadableSource
from tablemend.web.address import parse
from tablemend.web.components.uploading import uploading
from tablemend.web.doing import Asked, Done, carry_out
from tablemend.web.pages import add
from tablemend.web.pages.add import database, sample, showing, upload, web
from tablemend.web.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with tm.open(tmp_path / "data", http_private=True) as ws, signed_in():
        yield Site(ws)


def keep(site: Site, name: str, content: bytes) -> str:
    return site.workspace.uploads.keep(name, io.BytesIO(content)).id


def workbook(path: Path) -> bytes:
    with xlsxwriter.Workbook(str(path)) as book:
        for title, cells in (("Orders", ("id", "city")), ("<b>Prices", ("id", "price"))):
            sheet = book.add_worksheet(title)
            sheet.write_row(0, 0, cells)
            sheet.write_row(1, 0, (1, "Bonn" if title == "Orders" else 2.5))
    return path.read_bytes()


def shop(path: Path) -> Path:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("INSERT INTO city VALUES (1, ' Bonn'), (2, 'Ulm')")
        connection.execute('CREATE TABLE "<i>sale" (id INTEGER PRIMARY KEY, amount REAL)')
    connection.close()
    return path


def fields(node: Any) -> dict[str, Any]:
    """What stands in the fields that are shown."""
    found = (each["props"] for each in walk(node) if isinstance(each["props"].get("id"), dict))
    return {each["id"]["field"]: each.get("value") for each in found if each["id"]["kind"] == "field"}


def does(node: Any) -> dict[str, str]:
    """What can be clicked, and what each click is about."""
    found = (each["props"] for each in walk(node) if isinstance(each["props"].get("id"), dict))
    return {each["id"]["do"]: each["id"]["key"] for each in found if each["id"]["kind"] == "do"}


def work(site: Site, done: Done) -> dict[str, Any]:
    """Carry out the job that a page waits for, as a worker does."""
    waiting = done.stores["add-waiting"]
    assert waiting["then"] == "review"
    job = site.base.store.jobs.claim()
    assert job is not None
    assert job.id == waiting["job"]
    result = site.base.jobs.arguments(job).run(site.base.signed(job.by))
    site.base.store.jobs.finish(job.id, "completed", result=result)
    return result


def test_all_ways_are_there_and_each_has_an_address(site: Site) -> None:
    for way in add.layout.WAYS:
        page = add.PAGE.layout(site, parse("/add", f"?from={way}"))
        assert_plain(page)
        assert f"tm-ways-{way}" in str(page)
        assert {f"/add?from={each}" for each in add.layout.WAYS} <= set(links(page))
    assert "tm-ways-upload" in str(add.PAGE.layout(site, parse("/add", "?from=elsewhere")))
    assert {"add-upload", "add-waiting", "add-progress"} <= ids(page)


def test_whoever_may_not_scan_is_told_why_and_whom_to_ask(site: Site) -> None:
    site.base.accounts.add("root", "admin", password="correct horse battery staple 7")
    with signed_in("viewer", name="vera", via="password"):
        page = add.PAGE.layout(site, parse("/add"))
        assert "vera is viewer and may not scan" in said(page)
        assert "root" in said(page)
        assert not fields(page)
        for way in (upload, database, web, sample):
            for name in way.ACTIONS:
                with pytest.raises(Forbidden):
                    carry_out(site, way.ACTIONS, name, Asked())
        with pytest.raises(Forbidden):
            upload.look(site, "u0123456789abcdef")
        with pytest.raises(Forbidden):
            upload.again(site, "u0123456789abcdef", {}, rows=True)


def test_only_an_admin_may_have_a_source_read_again(site: Site) -> None:
    with signed_in("approver"), pytest.raises(Forbidden):
        carry_out(site, web.ACTIONS, "schedule", Asked(fields={"address": "https://shop.example/a.csv"}))


def test_an_upload_is_shown_with_types_and_how_it_was_read(site: Site) -> None:
    kept = keep(site, "orders.csv", b"id;city;amount\n" + b"".join(b"%d;Bonn;%d.5\n" % (n, n) for n in range(50)))
    shown = upload.look(site, kept)
    assert_plain(shown)
    assert "50 rows, the first 20 shown; 3 columns" in said(shown)
    assert "found: semicolon" in str(shown)
    assert "found: UTF-8" in str(shown)
    assert "A new dataset." in said(shown)
    assert does(shown) == {"scan": kept}


def test_another_delimiter_gives_other_columns(site: Site) -> None:
    kept = keep(site, "orders.csv", b"id;city,amount\n1;Bonn,5\n")
    rows, _, _ = upload.again(site, kept, {"delimiter": ",", "encoding": "found"}, rows=True)
    assert "2 columns" in said(rows)
    rows, after, _ = upload.again(site, kept, {"delimiter": ",", "encoding": "ascii"}, rows=True)
    assert "2 columns" in said(rows)
    assert "scan" in does(after)


def test_what_cannot_be_read_is_told_with_what_to_do_and_cannot_be_scanned(site: Site) -> None:
    kept = keep(site, "orders.csv", b"\x00\x01\x02\x00\x00\x00\xff\xfe" * 40)
    shown = upload.look(site, kept)
    assert "The source cannot be read" in said(shown)
    (button,) = (each for each in walk(shown) if each["type"] == "Button")
    assert button["props"]["disabled"]
    broken = upload.look(site, keep(site, "book.xlsx", b"PK\x03\x04 no workbook"))
    assert "book.xlsx is not a workbook that can be read" in said(broken)
    assert str(site.base.settings.data.resolve()) not in said(broken)
    assert not does(broken)


def test_names_and_cells_stay_text(site: Site) -> None:
    shown = upload.look(site, keep(site, "<script>odd.csv", HOSTILE.encode()))
    assert_plain(shown)
    assert "<b>name</b>" in said(shown)
    assert "<script>alert(1)</script>" in said(shown)
    told = showing.problem(TablemendError("<img src=x>", hint="<b>Do"))
    assert_plain(told)
    assert "<img src=x>" in said(told)


def test_sheets_are_chosen_and_named(site: Site, tmp_path: Path) -> None:
    kept = keep(site, "book.xlsx", workbook(tmp_path / "book.xlsx"))
    shown = upload.look(site, kept)
    assert fields(shown)["sheet"] == "Orders"
    assert "delimiter" not in fields(shown)
    assert "city" in said(shown)
    rows, _, name = upload.again(site, kept, {"sheet": "<b>Prices"}, rows=True)
    assert "price" in said(rows)
    assert name == "book_<b>Prices"


def test_tables_of_an_uploaded_database_are_chosen(site: Site, tmp_path: Path) -> None:
    kept = keep(site, "shop.db", shop(tmp_path / "shop.db").read_bytes())
    shown = upload.look(site, kept)
    assert fields(shown)["table"] == "<i>sale"
    rows, _, name = upload.again(site, kept, {"table": "city"}, rows=True)
    assert name == "shop_city"
    assert "2 rows, all shown" in said(rows)
    done = carry_out(site, upload.ACTIONS, "scan", Asked(key=kept, fields={"table": "city"}))
    result = work(site, done)
    assert site.workspace.store.datasets.get(result["dataset"]).name == "shop_city"


def test_a_name_that_was_used_before_is_a_new_version_and_told_so(site: Site) -> None:
    first = keep(site, "orders.csv", b"id,city\n1,Bonn\n")
    work(site, carry_out(site, upload.ACTIONS, "scan", Asked(key=first)))
    second = keep(site, "orders.csv", b"id,city\n1,Ulm\n")
    shown = upload.look(site, second)
    assert "at version 1: this becomes version 2 of it" in said(shown)
    _, after, _ = upload.again(site, second, {"name": "others"}, rows=False)
    assert "A new dataset." in said(after)
    result = work(site, carry_out(site, upload.ACTIONS, "scan", Asked(key=second)))
    assert result["version"] == 2
    assert [each.name for each in site.workspace.store.datasets.all()] == ["orders"]
    text = keep(site, "orders.json", b'[{"id": 1, "city": "Ulm"}]')
    assert "this becomes version 3" in said(upload.look(site, text))


def test_a_file_of_the_server_is_no_upload(site: Site, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    for each in ("../../secret.csv", str(tmp_path / "secret.csv"), "u0123456789abcdef", ""):
        with pytest.raises(NotFound):
            carry_out(site, upload.ACTIONS, "scan", Asked(key=each))
        assert "It was not found" in said(upload.look(site, each))


def test_a_name_that_cannot_be_one_is_refused(site: Site) -> None:
    kept = keep(site, "orders.csv", b"id\n1\n")
    for name in ("x" * 501, "a\x00b", "a\u202eb"):
        with pytest.raises(SettingsError):
            carry_out(site, upload.ACTIONS, "scan", Asked(key=kept, fields={"name": name}))


def test_a_wide_table_with_long_cells_stays_quick_to_draw(site: Site) -> None:
    header = ",".join(f"c{n}" for n in range(300))
    shown = upload.look(site, keep(site, "wide.csv", f"{header}\n{'x' * 5000}{',1' * 299}\n".encode()))
    assert "300 columns, of which the first 60 are shown" in said(shown)
    assert len(said(shown)) < 5000


def test_the_sample_is_made_and_scanned(site: Site) -> None:
    done = carry_out(site, sample.ACTIONS, "sample", Asked(fields={"rows": "1000"}))
    result = work(site, done)
    assert result["items"] > 20
    assert site.workspace.store.datasets.get(result["dataset"]).name == "sample_orders_1000"
    for rows in ("999", "-1", "1e9", "", "10000000"):
        with pytest.raises(SettingsError):
            carry_out(site, sample.ACTIONS, "sample", Asked(fields={"rows": rows}))


def test_a_database_is_connected_to_looked_at_and_scanned(site: Site, tmp_path: Path) -> None:
    given = {"url": f"sqlite:///{shop(tmp_path / 'shop.db')}"}
    connected = carry_out(site, database.ACTIONS, "connect", Asked(fields=given)).shown
    assert_plain(connected)
    assert "SQLite" in said(connected)
    assert "read and write" in said(connected)
    assert "tablemend apply --to source" in said(connected)
    given |= fields(connected) | {"table": "city"}
    looked = carry_out(site, database.ACTIONS, "look", Asked(fields=given)).shown
    assert "2 rows, all shown; 2 columns" in said(looked)
    assert fields(looked)["table"] == "city"
    result = work(site, carry_out(site, database.ACTIONS, "scan", Asked(fields=given)))
    assert site.workspace.store.datasets.get(result["dataset"]).location.endswith("shop.db")
    again = carry_out(site, database.ACTIONS, "look", Asked(fields=given)).shown
    assert "at version 1" in said(again)


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_database_of_a_server_is_looked_at_and_scanned(site: Site, tmp_path: Path, kind: str) -> None:
    with servers.database(kind, tmp_path) as url:
        with Database(url) as opened:
            bulk.create(opened, (None, "sale"), pa.schema([("id", pa.int64()), ("city", pa.string())]), key=["id"])
            rows = {"id": range(6_000), "city": [" Bonn" if n % 9 == 0 else "Bonn" for n in range(6_000)]}
            bulk.insert(opened, (None, "sale"), pa.table(rows))
        given: dict[str, Any] = {"url": url}
        connected = carry_out(site, database.ACTIONS, "connect", Asked(fields=given)).shown
        assert_plain(connected)
        given |= fields(connected)
        assert given["table"] == "sale"
        looked = carry_out(site, database.ACTIONS, "look", Asked(fields=given)).shown
        assert "The first 20 rows, 2 columns" in said(looked)
        given |= {"sql": "SELECT city, count(*) AS number FROM sale GROUP BY city"}
        looked = carry_out(site, database.ACTIONS, "look", Asked(fields=given)).shown
        assert "2 rows, all shown; 2 columns" in said(looked)
        result = work(site, carry_out(site, database.ACTIONS, "scan", Asked(fields=given | {"sql": ""})))
        assert site.workspace.store.datasets.get(result["dataset"]).name == "sale"
        assert "no schema" in said(
            carry_out(site, database.ACTIONS, "look", Asked(fields=given | {"schema": "x"})).shown
        )


def test_a_query_goes_before_the_table_and_stays_where_it_fails(site: Site, tmp_path: Path) -> None:
    given = {"url": f"sqlite:///{shop(tmp_path / 'shop.db')}", "table": "city"}
    looked = carry_out(site, database.ACTIONS, "look", Asked(fields=given | {"sql": "SELECT name FROM city"})).shown
    assert "2 rows, all shown; 1 column" in said(looked)
    for sql in ("SELECT nothing FROM city", "DELETE FROM city"):
        failed = carry_out(site, database.ACTIONS, "look", Asked(fields=given | {"sql": sql, "name": "mine"})).shown
        assert "The source cannot be read" in said(failed)
        assert "Write one SELECT statement" in said(failed)
        assert fields(failed)["sql"] == sql
        assert fields(failed)["name"] == "mine"
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        assert connection.execute("SELECT count(*) FROM city").fetchone() == (2,)
    connection.close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "no database is named"),
        ("shop", "is not a URL"),
        ("oracle://host/shop", "there is no kind of database"),
        ("sqlite:////nowhere/shop.db", "cannot be opened"),
        ("postgresql://ann:hidden@127.0.0.1:1/shop", "does not answer"),
    ],
)
def test_a_database_that_cannot_be_reached_is_told_with_what_to_do(site: Site, url: str, told: str) -> None:
    shown = carry_out(site, database.ACTIONS, "connect", Asked(fields={"url": url, "password": "secret one"})).shown
    assert told in said(shown)
    assert "hidden" not in str(shown)
    assert "secret one" not in str(shown)


def test_a_password_goes_to_the_worker_alone(site: Site) -> None:
    given = {"url": "postgresql://ann@127.0.0.1:1/shop", "password": "p@ss/#1", "table": "orders"}
    done = carry_out(site, database.ACTIONS, "scan", Asked(fields=given))
    kept = site.base.jobs.get(done.stores["add-waiting"]["job"])
    assert "p@ss" not in str(kept)
    assert "p%40ss" not in str(kept)
    assert "pass" not in str(done)
    claimed = site.base.store.jobs.claim()
    assert claimed is not None
    assert claimed.arguments["source"] == "postgresql://ann:p%40ss%2F%231@127.0.0.1:1/shop"


def test_files_of_the_server_are_no_databases_for_others(site: Site, tmp_path: Path) -> None:
    given = {"url": f"sqlite:///{shop(tmp_path / 'shop.db')}", "table": "city"}
    with signed_in("admin", via="password"):
        for name in ("connect", "look"):
            shown = carry_out(site, database.ACTIONS, name, Asked(fields=given)).shown
            assert "files of the server can be named only where the setting serve_paths" in said(shown)
        with pytest.raises(SourceNotFound):
            carry_out(site, database.ACTIONS, "scan", Asked(fields=given))


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """A web server with a table."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "orders.csv").write_text("id;city\n1;Bonn\n2;Ulm\n", encoding="utf-8")
    (folder / "long.csv").write_text("id,city\n" + "1,Bonn\n" * 300_000, encoding="utf-8")
    (folder / "long.json").write_text("[" + ",".join('{"id": 1}' for _ in range(200_000)) + "]", encoding="utf-8")
    server = HTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_address_is_looked_at_and_scanned(site: Site, served: str) -> None:
    given: dict[str, Any] = {"address": f"{served}/orders.csv"}
    looked = carry_out(site, web.ACTIONS, "look", Asked(fields=given)).shown
    assert_plain(looked)
    assert "2 rows, all shown; 2 columns" in said(looked)
    given |= fields(looked) | {"delimiter": ","}
    again = carry_out(site, web.ACTIONS, "look", Asked(fields=given)).shown
    assert "1 column" in said(again)
    assert fields(again)["delimiter"] == ","
    result = work(site, carry_out(site, web.ACTIONS, "scan", Asked(fields=given | {"delimiter": "found"})))
    assert site.workspace.store.datasets.get(result["dataset"]).name == "orders"


def test_of_a_long_answer_only_the_beginning_is_read(site: Site, served: str) -> None:
    looked = carry_out(site, web.ACTIONS, "look", Asked(fields={"address": f"{served}/long.csv"})).shown
    assert "The first 20 rows, 2 columns" in said(looked)
    refused = carry_out(site, web.ACTIONS, "look", Asked(fields={"address": f"{served}/long.json"})).shown
    assert "It can be scanned without looking at it first" in said(refused)
    assert "scan" in does(refused)


def test_an_address_is_read_again_and_again(site: Site, served: str) -> None:
    given = {"address": f"{served}/orders.csv", "interval": "15m", "threshold": "97,5", "delimiter": ";"}
    done = carry_out(site, web.ACTIONS, "schedule", Asked(fields=given))
    assert done.title == "orders is read every 15 min"
    (made,) = site.workspace.schedules.list()
    assert (made.threshold, made.interval, made.options) == (97.5, 900, {"delimiter": ";"})
    for wrong in ({"interval": "soon"}, {"threshold": "many"}, {"threshold": "101"}, {"address": "ftp://host/a.csv"}):
        with pytest.raises(TablemendError):
            carry_out(site, web.ACTIONS, "schedule", Asked(fields=given | wrong))


def test_an_address_in_a_private_network_is_refused_with_what_to_do(tmp_path: Path, served: str) -> None:
    with tm.open(tmp_path / "other", http_private=False) as ws, signed_in():
        given = {"address": f"{served}/orders.csv?token=hidden", "interval": "1h"}
        shown = carry_out(Site(ws), web.ACTIONS, "look", Asked(fields=given)).shown
        assert "lies in this computer or a private network" in said(shown)
        assert "Download the file and upload it" in said(shown)
        assert "hidden" not in said(shown)
        with pytest.raises(UnreadableSource, match="private network"):
            carry_out(Site(ws), web.ACTIONS, "schedule", Asked(fields=given))
        assert not ws.schedules.list()


def test_the_part_for_files_tells_what_the_server_takes() -> None:
    shown = uploading("stories", limit=3 * 2**20, kinds="JSON Lines or RSS", what="stories")
    assert_plain(shown)
    assert "JSON Lines or RSS; up to 3 MB." in said(shown)
    assert {"stories-upload", "stories-uploading", "stories-upload-problem", "stories-choose"} <= ids(shown)
