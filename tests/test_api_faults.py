"""Faults around a server of its own: killed, cut off, locked out; then the state is sound and the work goes on."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

import job_helpers
import tablemend as tm
from api_helpers import PASSWORD, problem
from api_helpers import Server as InProcess
from job_helpers import SlowSource, until
from tablemend.bench.generate import faulty_csv
from tablemend.bench.served import Server
from tablemend.store import dialects

slow = job_helpers.slow


class Place:
    """A folder with an admin, and a server on it that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with tm.open(folder / ".tablemend", user="owner") as ws:
            ws.accounts.add("admin", "admin", password=PASSWORD)
            self.token, _ = ws.accounts.issue_token("test", user="admin", role="admin")
        environment = {"TABLEMEND_HTTP_PRIVATE": "true", "TABLEMEND_SERVE_WORKERS": "1"}
        self.server = Server(folder, environment=environment)
        self.headers = {"Authorization": f"Bearer {self.token}"}

    @property
    def state(self) -> Path:
        return self.folder / ".tablemend" / "state.db"

    def start(self) -> None:
        self.server.start()

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        return httpx.request(method, self.server.url(f"/api/v1{path}"), headers=self.headers, timeout=60, **options)

    def submit(self, path: str, **body: Any) -> str:
        answer = self.send("POST", path, json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def job(self, job: str) -> dict[str, Any]:
        return dict(self.send("GET", f"/jobs/{job}").json())

    def ended(self, job: str) -> dict[str, Any]:
        return dict(until(lambda: found if (found := self.job(job))["finished"] else None, 60))

    def upload(self, path: Path) -> str:
        with path.open("rb") as file:
            return str(self.send("POST", "/uploads", files={"file": (path.name, file)}).json()["id"])

    def workers(self) -> list[int]:
        """The processes of the server's workers."""
        found = subprocess.run(
            ["pgrep", "-P", str(self.server.process.pid)],  # type: ignore[union-attr]
            capture_output=True,
            text=True,
            check=True,
        )
        return [int(each) for each in found.stdout.split()]

    def assert_sound(self) -> None:
        with tm.open(self.folder / ".tablemend") as ws:
            assert ws.check_state(deep=True) == []


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    made.start()
    yield made
    made.server.stop()


def test_a_server_that_is_killed_loses_no_work(place: Place, slow: SlowSource) -> None:
    job = place.submit("/scans", source=slow.url)
    until(lambda: place.job(job)["stage"])
    waiting = place.submit("/scans", upload=place.upload(faulty_csv(place.folder / "orders.csv", 100)))
    (worker,) = place.workers()
    place.server.stop(kill=True)
    os.kill(worker, signal.SIGKILL)
    place.start()
    told = place.ended(job)
    assert told["status"] == "failed"
    assert told["error"]["title"] == "The work was broken off"
    assert "Start it again" in told["error"]["hint"]
    assert place.ended(waiting)["status"] == "completed"
    slow.answer()
    assert place.ended(place.submit("/scans", source=slow.url))["status"] == "completed"
    place.assert_sound()


def test_a_worker_that_is_killed_in_an_apply_or_an_undo_leaves_nothing_half_done(place: Place) -> None:
    done = place.ended(place.submit("/scans", upload=place.upload(faulty_csv(place.folder / "orders.csv", 2_000))))
    run = done["result"]["run"]
    decided = place.send("POST", "/decisions", json={"run": run, "verb": "approve", "everything": True, "force": True})
    assert decided.status_code == 200
    dataset = done["result"]["dataset"]

    def killed(path: str, **body: Any) -> dict[str, Any]:
        """A job whose worker is killed as soon as it has begun, and the job again until it is complete."""
        job = place.submit(path, **body)
        until(lambda: place.job(job)["status"] != "queued")
        for pid in place.workers():
            os.kill(pid, signal.SIGKILL)
        first = place.ended(job)
        if first["status"] == "completed":  # it was faster
            return dict(first["result"])
        assert first["error"]["title"] == "The work was broken off"
        place.assert_sound()
        again = place.ended(place.submit(path, **body))
        assert again["status"] == "completed", again
        return dict(again["result"])

    applied = killed("/apply", run=run)
    undone = killed("/undo", change_set=applied["change_set"])
    assert (applied["version"], undone["version"]) == (2, 3)
    answer = place.send("GET", f"/datasets/{dataset}/download", params={"safe": False})
    assert answer.content == (place.folder / "orders.csv").read_bytes()
    place.assert_sound()


def _begun(place: Place, length: int) -> socket.socket:
    """An upload of which only the beginning is sent."""
    connection = socket.create_connection(("127.0.0.1", place.server.port))
    head = (
        f"POST /api/v1/uploads HTTP/1.1\r\nHost: 127.0.0.1:{place.server.port}\r\n"
        f"Authorization: Bearer {place.token}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {length}\r\n\r\n--x\r\n"
        'Content-Disposition: form-data; name="file"; filename="cut.csv"\r\n\r\n'
    )
    connection.sendall(head.encode() + b"a,b\n1,2\n" * 200_000)
    return connection


def test_an_upload_that_is_cut_leaves_nothing(place: Place) -> None:
    place.upload(faulty_csv(place.folder / "orders.csv", 10))
    folder = place.folder / ".tablemend" / "uploads"
    before = set(folder.iterdir())
    _begun(place, 10_000_000).close()
    assert place.send("GET", "/me").status_code == 200
    second = _begun(place, 10_000_000)
    place.server.stop(kill=True)
    second.close()
    place.start()
    assert set(folder.iterdir()) == before
    assert "Traceback" not in place.server.said
    place.assert_sound()


def test_a_state_that_another_process_holds_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialects, "BUSY_SECONDS", 0)
    inside = InProcess(tmp_path, rows=60)
    try:
        with closing(sqlite3.connect(tmp_path / ".tablemend" / "state.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            told = problem(inside.admin.post("/users", name="eve", role="viewer"), 422)
            assert "cannot be written now" in told["detail"]
            assert "try again" in told["hint"]
            assert inside.viewer.get("/datasets").status_code == 200
            told = problem(inside.reviewer.post("/scans", dataset="orders"), 422)
            assert "cannot be written now" in told["detail"]
            other.execute("ROLLBACK")
        assert inside.admin.post("/users", name="eve", role="viewer").status_code == 201
        assert inside.ws.check_state() == []
    finally:
        inside.close()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    inside = InProcess(tmp_path, rows=60)
    try:
        (tmp_path / ".tablemend" / "uploads").write_text("in the way")
        answer = inside.reviewer.send("POST", "/uploads", files={"file": ("t.csv", b"a\n1\n")})
        told = problem(answer, 507)
        assert told["detail"] == "t.csv cannot be kept: Not a directory"
        assert "room on the disk" in told["hint"]
    finally:
        inside.close()


def test_two_servers_share_a_state(place: Place) -> None:
    second = Server(place.folder, environment=place.server.environment)
    second.start()
    try:
        upload = place.upload(faulty_csv(place.folder / "orders.csv", 100))
        jobs = [place.submit("/scans", upload=upload) for _ in range(2)]
        url = second.url("/api/v1/jobs/")
        assert httpx.get(url + jobs[0], headers=place.headers).status_code == 200
        assert [place.ended(each)["status"] for each in jobs] == ["completed", "completed"]
        assert httpx.get(url + jobs[1], headers=place.headers).json()["status"] == "completed"
    finally:
        second.stop()
    place.assert_sound()


def test_a_port_that_is_taken_is_told_in_words(place: Place) -> None:
    command = [sys.executable, "-m", "tablemend", "serve", "--port", str(place.server.port)]
    ended = subprocess.run(
        command, cwd=place.folder, capture_output=True, text=True, timeout=60, check=False, env=os.environ
    )
    assert ended.returncode == 2
    assert f"port {place.server.port}" in ended.stderr
    assert "Traceback" not in ended.stderr
