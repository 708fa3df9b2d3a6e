"""Conflicts over HTTP: by jobs of the settings, in the name and with the rights of whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import servers
from api_helpers import Server, problem
from tablemend.errors import Cancelled
from tablemend.telemetry import silent
from tablemend.workspace.verbs import FindConflicts

SECRET = "a secret of sixteen signs"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    address = f"sqlite:///{tmp_path}/care.db"
    job = {"source": f"{address}#visits", "to": f"{address}#conflict"}
    found = Server(tmp_path, rows=0, conflicts_secret=SECRET, conflicts_jobs={"home": job})
    found.ws.conflicts.example(f"{address}?mode=rwc#visits", rows=600)
    yield found
    found.close()


@pytest.fixture
def run(server: Server) -> str:
    return server.work(server.approver.post("/conflicts/home/runs"))["run"]


def test_a_job_is_run_and_its_conflicts_are_listed_and_explained(server: Server) -> None:
    (before,) = server.viewer.get("/conflicts").json()
    assert (before["name"], before["ruleset"], before["problem"]) == ("home", "visits", "")
    assert before["summary"]["total"] == 0
    dry = server.work(server.reviewer.post("/conflicts/home/runs", dry_run=True))
    assert server.viewer.get("/conflicts/home").json()["total"] == 0
    done = server.work(server.approver.post("/conflicts/home/runs"))
    assert (done["status"], done["new"], done["conflicts"]) == ("completed", dry["new"], dry["new"])
    summary = server.viewer.get("/conflicts/home").json()
    assert summary["total"] == summary["statuses"]["N"] == done["new"] > 5
    told = server.viewer.get("/conflicts/home/items", sort="amount", limit=3, status=["N", "U"]).json()
    assert (told["total"], len(told["items"])) == (done["new"], 3)
    first = told["items"][0]
    assert server.viewer.get("/conflicts/home/items", differ=first["differ_a"], text=first["id_a"]).json()["total"] > 0
    flag, money = first["flags"].split()[0], first["class"]
    chosen = server.viewer.get("/conflicts/home/items", flag=flag, money=money, found=True).json()["items"]
    assert first["conflict"] in {each["conflict"] for each in chosen}
    one = server.viewer.get(f"/conflicts/home/items/{first['conflict']}").json()
    assert one["conflict"] == first
    assert first["id_a"] in one["told"][0]
    assert [(each["action"], each["run"]) for each in one["history"]] == [("new", done["run"])]
    report = server.viewer.get(f"/conflicts/home/runs/{done['run']}").json()
    assert report["quality"]["rows"] == report["rows"] == sum(each["rows"] for each in report["parts"])
    assert "entities" not in str(report["parts"])
    trends = server.viewer.get("/conflicts/home/trends").json()
    assert [(each["dry"], each["conflicts"]) for each in trends] == [(True, dry["new"]), (False, done["new"])]


def test_decisions_are_by_whoever_asks_and_what_others_decided_stands(server: Server, run: str) -> None:
    first, second, *rest = (each["conflict"] for each in server.viewer.get("/conflicts/home/items").json()["items"])
    given = {"verb": "work", "ids": [first, second], "note": "ask them", "seen": {first: "N", second: "N"}}
    done = server.reviewer.post("/conflicts/home/decisions", **given).json()
    assert set(done["changed"]) == {first, second}
    step = server.viewer.get(f"/conflicts/home/items/{first}").json()["history"][-1]
    assert (step["by"], step["note"], step["status"]) == ("reviewer", "ask them", "W")
    late = server.approver.post("/conflicts/home/decisions", verb="delete", ids=[first], seen={first: "N"}).json()
    assert late == {"run": late["run"], "changed": [], "same": 0, "refused": {first: "W"}}
    many = server.reviewer.post("/conflicts/home/decisions", verb="ignore", filter={"status": ["N"]}).json()
    assert set(many["changed"]) == set(rest)
    audit = server.viewer.get("/audit", action="ignore conflicts").json()["items"]
    assert [(each["by"], each["subject"]) for each in audit] == [("reviewer", many["run"])]
    (newest, *_) = server.viewer.get("/conflicts/home/runs").json()
    assert (newest["run"]["id"], newest["run"]["kind"], newest["by"]) == (many["run"], "conflicts-decide", "reviewer")
    undone = server.work(server.reviewer.post("/conflicts/home/undo", run=many["run"]))
    assert (undone["restored"], undone["left"]) == (len(rest), 0)
    assert server.viewer.get("/conflicts/home/items", status="I").json()["total"] == 0
    assert server.work(server.approver.post("/conflicts/home/undo", run=run))["left"] == 2


def test_each_role_may_do_what_befits_it(server: Server, run: str) -> None:
    (one,) = server.viewer.get("/conflicts/home/items", limit=1).json()["items"]
    decision = {"ids": [one["conflict"]], "verb": "ignore"}
    problem(server.viewer.post("/conflicts/home/decisions", **decision), 403)
    problem(server.viewer.post("/conflicts/home/runs", dry_run=True), 403)
    problem(server.reviewer.post("/conflicts/home/runs"), 403)
    problem(server.reviewer.post("/conflicts/home/decisions", **decision | {"verb": "delete"}), 403)
    problem(server.reviewer.post("/conflicts/home/undo", run=run), 403)
    others = server.approver.post("/conflicts/home/decisions", **decision | {"verb": "delete"}).json()["run"]
    problem(server.reviewer.post("/conflicts/home/undo", run=others), 403)
    problem(server.nobody.get("/conflicts"), 401)
    assert server.viewer.get(f"/conflicts/home/items/{one['conflict']}").json()["conflict"]["status"] == "D"


def test_no_request_names_a_database(server: Server, run: str, tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/care.db#visits".replace("/", "%2F").replace("#", "%23")
    for job in ("away", "%23", address):
        for path in (f"/conflicts/{job}", f"/conflicts/{job}/items", f"/conflicts/{job}/runs/{run}"):
            problem(server.admin.get(path), 404)
        problem(server.admin.post(f"/conflicts/{job}/runs"), 404)
    problem(server.admin.post("/conflicts/home/runs", source="sqlite:///other.db#t"), 422)
    problem(server.reviewer.post("/conflicts/home/decisions", verb="ignore"), 422)
    problem(server.reviewer.post("/conflicts/home/decisions", verb="ignore", ids=["nothing"]), 409)
    problem(server.viewer.get("/conflicts/home/items/nothing"), 404)


def test_a_job_without_a_database_or_a_ruleset_is_listed_with_why(tmp_path: Path) -> None:
    job = {"source": f"sqlite:///{tmp_path}/none.db#visits", "to": "postgresql://u:hush@127.0.0.1:1/d#conflict"}
    jobs = {"gone": job, "unruled": job | {"rules": "misspelt"}}
    server = Server(tmp_path, rows=0, conflicts_jobs=jobs)
    gone, unruled = server.viewer.get("/conflicts").json()
    assert gone["summary"] is unruled["summary"] is None
    assert gone["problem"]
    assert "misspelt" in unruled["problem"]
    assert "hush" not in str((gone, unruled))
    server.close()


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_databases_of_servers_are_read_by_their_names_alone(kind: str, tmp_path: Path) -> None:
    with servers.database(kind, tmp_path) as url:
        job = {"source": f"{url}#visits", "to": f"{url}#conflict"}
        server = Server(tmp_path, rows=0, conflicts_secret=SECRET, conflicts_jobs={"home": job})
        server.ws.conflicts.example(f"{url}#visits", rows=400)
        server.work(server.approver.post("/conflicts/home/runs"))
        told = server.viewer.get("/conflicts/home/items", sort="miles", found=True).json()
        assert told["total"] == server.viewer.get("/conflicts/home").json()["total"] > 0
        assert all(isinstance(each["found"], bool) for each in told["items"])
        server.close()


def test_the_shipped_rulesets_are_shown(server: Server) -> None:
    assert [each["name"] for each in server.viewer.get("/rulesets").json()] == ["rooms", "visits"]
    assert "[travel]" in server.viewer.get("/rulesets/visits").json()["text"]
    problem(server.viewer.get("/rulesets/secrets"), 404)


def test_other_rules_are_tried_and_write_nothing(server: Server, run: str) -> None:
    before = server.viewer.get("/conflicts/home").json()
    told = server.work(server.reviewer.post("/conflicts/home/what-if", road_factor=3, speeds=[[5, 1], [50, 2]]))
    assert told["before"] == before["total"]
    assert told["after"] - told["before"] == told["appear"] - told["vanish"] > 0
    assert told["by_flag"]["too_far_to_travel"]["appear"] > 0
    assert server.viewer.get("/conflicts/home").json() == before
    problem(server.viewer.post("/conflicts/home/what-if", tolerance=5), 403)
    problem(server.reviewer.post("/conflicts/home/what-if", speeds=[[5, 1], [5, 2]]), 422)


def test_a_run_that_is_no_longer_wanted_ends_between_two_partitions(server: Server) -> None:
    def unwanted(stage: str, fraction: float) -> None:
        del fraction
        if stage.startswith("[2/"):
            raise Cancelled("nobody wants it")

    server.ws.progress = unwanted
    with pytest.raises(Cancelled):
        FindConflicts(job="home", rows=50, workers=1).run(server.ws)
    (begun, *_) = server.ws.conflicts.runs("home")
    assert begun.run.status == "cancelled"
    some = server.viewer.get("/conflicts/home").json()["total"]
    server.ws.progress = silent
    done = server.work(server.approver.post("/conflicts/home/runs", rows=50, resume=begun.run.id))
    assert done["status"] == "completed"
    report = server.viewer.get(f"/conflicts/home/runs/{done['run']}").json()
    assert sum(each["outcome"] == "skipped" for each in report["parts"]) >= 2
    assert server.viewer.get("/conflicts/home").json()["total"] == done["conflicts"] >= some
