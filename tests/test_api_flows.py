"""Whole pieces of work over the interface for programs, against a server with its workers in processes of their own."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

import job_helpers
import tablemend as tm
from api_helpers import PASSWORD, ROLES, problem
from job_helpers import SlowSource, until
from tablemend.bench.generate import faulty_csv
from tablemend.bench.served import Server
from tablemend.intel.example.generate import write as write_stories

slow = job_helpers.slow

Client = httpx.Client


class Served:
    """A server with a user of each role, and a program in the hands of each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.open = folder / "open"
        self.open.mkdir()
        self.tokens: dict[str, str] = {}
        with tm.open(folder / ".tablemend", user="owner") as ws:
            for role in reversed(ROLES):
                ws.accounts.add(role, role, password=PASSWORD)
                self.tokens[role], _ = ws.accounts.issue_token("test", user=role, role=role)
        environment = {"TABLEMEND_SERVE_PATHS": json.dumps([str(self.open)]), "TABLEMEND_HTTP_PRIVATE": "true"}
        self.server = Server(folder, environment=environment)
        self.server.start()
        self.clients = {role: self.client(token) for role, token in self.tokens.items()}

    def client(self, token: str) -> Client:
        """A program with a token."""
        headers = {"Authorization": f"Bearer {token}"}
        return Client(base_url=self.server.url("/api/v1"), headers=headers, timeout=60)

    def close(self) -> None:
        """End it."""
        for each in self.clients.values():
            each.close()
        self.server.stop()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = Served(tmp_path_factory.mktemp("flows"))
    yield found
    found.close()
    assert "Traceback" not in found.server.said, found.server.said


@pytest.fixture
def viewer(served: Served) -> Client:
    return served.clients["viewer"]


@pytest.fixture
def reviewer(served: Served) -> Client:
    return served.clients["reviewer"]


@pytest.fixture
def approver(served: Served) -> Client:
    return served.clients["approver"]


@pytest.fixture
def admin(served: Served) -> Client:
    return served.clients["admin"]


def send(client: Client, path: str, *, method: str = "POST", **body: Any) -> Any:
    """What a request gives that is to succeed."""
    answer = client.request(method, path, json=body)
    assert answer.status_code in {200, 201, 202}, answer.text
    return answer.json()


def look(client: Client, path: str, **params: Any) -> Any:
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def listened(client: Client, job: dict[str, Any]) -> list[dict[str, Any]]:
    """A job as its stream tells it, until it is over."""
    heard = []
    with client.stream("GET", f"/jobs/{job['id']}/events") as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                heard.append(json.loads(line.removeprefix("data: ")))
    return heard


def work(client: Client, path: str, **body: Any) -> dict[str, Any]:
    """The result of a job that is to succeed."""
    last = listened(client, send(client, path, **body))[-1]
    assert last["status"] == "completed", last["error"]
    return dict(last["result"])


def failed(client: Client, path: str, **body: Any) -> dict[str, Any]:
    """The error of a job that is to fail."""
    last = listened(client, send(client, path, **body))[-1]
    assert last["status"] == "failed", last
    return dict(last["error"])


def uploaded(client: Client, path: Path, name: str = "") -> str:
    with path.open("rb") as file:
        answer = client.post("/uploads", files={"file": (name or path.name, file)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_from_an_upload_to_the_bytes_that_were_uploaded(
    served: Served, reviewer: Client, approver: Client, viewer: Client
) -> None:
    table = faulty_csv(served.folder / "orders.csv", 300)
    upload = uploaded(reviewer, table)
    seen = look(reviewer, f"/uploads/{upload}")
    assert seen["columns"]
    assert len(seen["rows"]) == 20
    scanned = work(reviewer, "/scans", upload=upload)
    run = scanned["run"]
    sure = {"filter": {"min_confidence": 0.9}}
    listed = look(viewer, "/items", run=run, decision="open", limit=1000)
    assert listed["total"] == scanned["items"]
    weakest = min(listed["items"], key=lambda each: each["confidence"])["id"]
    assert send(reviewer, "/decisions", run=run, verb="reject", ids=[weakest], reason="no")["decided"] == [weakest]
    predicted = send(viewer, "/previews", run=run, **sure)["score"]["overall"]
    verdict = send(approver, "/decisions", run=run, verb="approve", force=True, **sure)
    assert verdict["decided"]
    job = send(approver, "/apply", run=run)
    told = listened(viewer, job)
    assert [each["status"] for each in told][-1] == "completed"
    assert [each["changed"] for each in told] == sorted(each["changed"] for each in told)
    done = told[-1]["result"]
    assert done["before"] == scanned["score"] < done["after"]
    assert done["after"] == pytest.approx(predicted, abs=1e-9)
    dataset = look(viewer, f"/datasets/{done['dataset']}")["summary"]
    assert (dataset["version"], dataset["score"]) == (2, done["after"])
    changed = look(viewer, f"/change-sets/{done['change_set']}/cells")
    assert changed["total"] == done["cells"]
    assert viewer.get(f"/datasets/{done['dataset']}/download").content != table.read_bytes()
    back = work(approver, "/undo", change_set=done["change_set"])
    assert back["version"] == 3
    download = viewer.get(f"/datasets/{done['dataset']}/download", params={"safe": False})
    assert download.content == table.read_bytes()
    assert look(viewer, f"/datasets/{done['dataset']}/diff", before=1, after=3)["cells"]["total"] == 0


def test_a_table_is_healed_in_one_go(served: Served, approver: Client, viewer: Client) -> None:
    upload = uploaded(approver, faulty_csv(served.folder / "heal.csv", 200))
    done = work(approver, "/heals", upload=upload, policy="all", name="healed")
    assert done["after"] > done["before"]
    assert look(viewer, "/datasets/healed")["summary"]["version"] == 2
    again = work(approver, "/recipes/check", upload=upload, recipe=viewer.get("/datasets/healed/recipe").text)
    assert again == {"ok": True, "problems": []}


def test_a_recipe_replays_on_other_data(served: Served, approver: Client, viewer: Client, admin: Client) -> None:
    one, two = served.folder / "one.csv", served.folder / "two.csv"
    one.write_text("id,city\n" + "".join(f"{n},{' Bonn' if n % 5 == 0 else 'Bonn'}\n" for n in range(50)))
    two.write_text("id,town\n" + "".join(f"{n},{' Bonn' if n % 4 == 0 else 'Bonn'}\n" for n in range(40)))
    work(approver, "/heals", upload=uploaded(approver, one), policy="all", name="one")
    recipe = viewer.get("/datasets/one/recipe", params={"format": "json"}).text
    other = uploaded(approver, two)
    asked = {"upload": other, "recipe": recipe, "format": "json"}
    assert work(approver, "/recipes/check", **asked)["problems"] == ["the table has no column city"]
    problem(approver.post("/recipes/replay", json=asked | {"mapping": {"city": "town"}}), 403)
    done = work(admin, "/recipes/replay", **asked, mapping={"city": "town"})
    assert done["after"] > done["before"]
    assert "column city" in failed(admin, "/recipes/replay", **asked)["message"]
    problem(admin.post("/recipes/check", json=asked | {"recipe": "{"}), 422)


def test_a_database_file_is_written_and_taken_back(served: Served, approver: Client) -> None:
    path = served.open / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE towns (id INTEGER PRIMARY KEY, city TEXT)")
        rows = [(n, " Bonn" if n % 5 == 0 else "Bonn") for n in range(40)]
        connection.executemany("INSERT INTO towns VALUES (?, ?)", rows)
        connection.commit()

    def cities() -> list[tuple[int, str]]:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute("SELECT id, city FROM towns ORDER BY id").fetchall()

    scanned = work(approver, "/scans", source=f"sqlite:///{path}", table="towns")
    send(approver, "/decisions", run=scanned["run"], verb="approve", everything=True, force=True)
    done = work(approver, "/apply", run=scanned["run"], to="source")
    assert done["written"]["status"] == "written", done
    assert {city for _, city in cities()} == {"Bonn"}
    work(approver, "/undo", change_set=done["change_set"], to="source")
    assert cities() == rows


def test_files_of_the_server_are_named_only_where_they_are_open(served: Served, reviewer: Client) -> None:
    allowed = served.open / "t.csv"
    allowed.write_text("a,b\n1,x\n2,y\n3,y\n")
    assert work(reviewer, "/scans", source=str(allowed))["version"] == 1
    closed = served.folder / "closed.csv"
    closed.write_text("a,b\n1,x\n")
    (served.open / "link.csv").symlink_to(closed)
    for source in (
        closed,
        served.open / ".." / "closed.csv",
        served.open / "link.csv",
        f"file://{closed}",
        "/dev/zero",
    ):
        told = problem(reviewer.post("/scans", json={"source": str(source)}), 422)
        assert told["type"] == "urn:tablemend:source-not-found"
        assert "serve_paths" in told["hint"]


def test_a_schedule_is_made_changed_paused_run_and_removed(served: Served, admin: Client, viewer: Client) -> None:
    table = served.open / "prices.csv"
    table.write_text("id,price\n" + "".join(f"{n},{n}.50\n" for n in range(30)))
    made = send(admin, "/schedules", source=str(table), interval="1d", name="prices", threshold=10)
    first = until(lambda: look(viewer, f"/schedules/{made['id']}")["last"])
    changed = send(admin, "/schedules/prices", method="PUT", interval="1h", threshold=20)
    assert (changed["interval"], changed["threshold"]) == (3600, 20)
    problem(admin.put("/schedules/prices", json={"interval": "1h"}), 422)
    assert send(admin, "/schedules/prices", method="PUT", no_threshold=True)["threshold"] is None
    assert send(admin, "/schedules/prices/pause")["enabled"] is False
    table.write_text(table.read_text() + "30,twelve\n")
    assert listened(viewer, send(admin, "/schedules/prices/run"))[-1]["status"] == "completed"
    assert look(viewer, "/schedules/prices")["last"] > first
    assert look(viewer, "/datasets/prices")["summary"]["version"] == 2
    assert send(admin, "/schedules/prices/resume")["enabled"] is True
    assert admin.delete("/schedules/prices").status_code == 200
    problem(viewer.get("/schedules/prices"), 404)
    assert look(viewer, "/datasets/prices")["summary"]["version"] == 2


def test_stories_are_scored_told_and_compared(served: Served, reviewer: Client, viewer: Client) -> None:
    folder = served.folder / "stories"
    upload = uploaded(reviewer, write_stories(folder)[0])
    before = work(reviewer, "/intel/scores", upload=upload)
    after = work(reviewer, "/intel/scores", upload=upload)
    assert sum(look(viewer, f"/intel/runs/{after['run']}")["counts"].values()) == after["read"]
    assert look(viewer, "/intel/brief", run=after["run"])
    assert (
        viewer.get("/intel/brief", params={"format": "html"}).headers["content-security-policy"].startswith("sandbox")
    )
    assert look(viewer, "/intel/compare", before=before["run"], after=after["run"])


def test_users_come_change_and_go(served: Served, admin: Client) -> None:
    assert send(admin, "/users", name="eve", role="approver", password=PASSWORD)["role"] == "approver"
    problem(admin.post("/users", json={"name": "EVE", "role": "viewer"}), 409)
    issued = send(admin, "/tokens", name="eve's", user="eve", role="approver")
    eve = served.client(issued["secret"])
    assert look(eve, "/me")["role"] == "approver"
    for path, body in {"/users": {"name": "x", "role": "viewer"}, "/state/tidy": {}, "/learning/reset": {}}.items():
        told = problem(eve.post(path, json=body), 403)
        assert told["type"] == "urn:tablemend:forbidden"
        assert "admin" in told["hint"]
    problem(eve.post("/tokens", json={"name": "higher", "role": "admin"}), 403)
    send(admin, "/users/eve/role", role="viewer")
    assert look(eve, "/me")["role"] == "viewer"  # a token has at most the role of its owner
    problem(eve.post("/apply", json={"run": "r"}), 403)
    send(admin, "/users/eve/disable")
    problem(eve.get("/me"), 401)
    send(admin, "/users/eve/enable")
    assert look(eve, "/me")["role"] == "viewer"
    assert admin.delete(f"/tokens/{issued['token']['id']}").status_code == 200
    problem(eve.get("/me"), 401)
    assert admin.delete("/users/eve").status_code == 200
    problem(admin.delete("/users/eve"), 404)
    problem(admin.delete("/users/admin"), 422)
    eve.close()


def test_a_job_under_way_is_cancelled(reviewer: Client, viewer: Client, slow: SlowSource) -> None:
    job = send(reviewer, "/scans", source=slow.url)
    until(lambda: look(viewer, f"/jobs/{job['id']}")["stage"])
    problem(viewer.post(f"/jobs/{job['id']}/cancel"), 403)
    assert send(reviewer, f"/jobs/{job['id']}/cancel")["cancel"] is True
    slow.answer()
    assert listened(viewer, job)[-1]["status"] == "cancelled"
    assert send(reviewer, f"/jobs/{job['id']}/cancel")["status"] == "cancelled"


def test_nobody_but_an_admin_approves_their_own(served: Served, approver: Client, admin: Client) -> None:
    table = served.folder / "eyes.csv"
    table.write_text("id,city\n" + "".join(f"{n},Bonn\n" for n in range(30)))
    run = work(approver, "/scans", upload=uploaded(approver, table))["run"]
    proposed = {"operation": "map_values", "columns": ["city"], "params": {"pairs": [["Bonn", "Köln"]]}, "run": run}
    own = send(approver, "/items", **proposed)["id"]
    verdict = send(approver, "/decisions", run=run, verb="approve", ids=[own], force=True)
    assert verdict["decided"] == []
    assert "yourself" in verdict["refused"][0]["reason"]
    assert look(approver, f"/items/{own}")["item"]["decision"] == "open"
    with tm.open(served.folder / ".tablemend") as ws:
        second, _ = ws.accounts.issue_token("another of the same", user="approver", role="approver")
    with served.client(second) as same:
        assert send(same, "/decisions", run=run, verb="approve", ids=[own], force=True)["decided"] == []
    assert send(admin, "/decisions", run=run, verb="approve", ids=[own], force=True)["decided"] == [own]


def test_what_others_decided_meanwhile_stands(served: Served, reviewer: Client, approver: Client) -> None:
    upload = uploaded(reviewer, faulty_csv(served.folder / "both.csv", 120))
    run = work(reviewer, "/scans", upload=upload, name="both")["run"]
    first = look(reviewer, "/items", run=run, limit=1)["items"][0]
    send(reviewer, "/decisions", run=run, verb="reject", ids=[first["id"]], reason="wrong")
    seen = {first["id"]: first["decision"]}
    verdict = send(approver, "/decisions", run=run, verb="approve", ids=[first["id"]], force=True, seen=seen)
    assert verdict["decided"] == []
    assert verdict["refused"][0]["reason"] == "reviewer rejected it in the meantime"
    now = look(reviewer, f"/items/{first['id']}")
    assert (now["item"]["decision"], now["item"]["decided_by"]) == ("rejected", "reviewer")


def test_a_file_that_somebody_else_has_changed_is_not_overwritten(admin: Client) -> None:
    text = look(admin, "/gates/repair")["text"]
    send(admin, "/gates/own", method="PUT", text=text)
    digest = look(admin, "/gates/own")["digest"]
    send(admin, "/gates/own", method="PUT", text=text + "# one\n", before=digest)
    told = problem(admin.put("/gates/own", json={"text": text + "# two\n", "before": digest}), 409)
    assert told["hint"]
    assert look(admin, "/gates/own")["text"].endswith("# one\n")
    problem(admin.post("/apply", json={"run": "r-none"}), 404)
