"""What the tests of the interface for programs share: a real workspace, real tokens, the app behind its protection."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

import tablemend as tm
from tablemend.bench.generate import faulty_csv
from tablemend.web import api
from tablemend.web.security import SecurityOptions, secure
from tablemend.web.site import Site
from tablemend.workspace import Workspace

PASSWORD = "correct horse battery staple 7"
ROLES = ("viewer", "reviewer", "approver", "admin")


def application(ws: Workspace) -> Any:
    """The interface behind the protection that a server has."""
    app = FastAPI(title="tablemend", version="1", openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None)
    api.include(app, Site(ws))
    options = SecurityOptions(hosts=("testserver",), upload_bytes=ws.settings.upload_bytes)
    return secure(app, workspace=ws, csp=lambda: "", options=options)


class Program:
    """A program that calls the interface, one request after the other."""

    def __init__(self, app: Any, headers: dict[str, str]) -> None:
        self.app = app
        self.headers = headers

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request, path below /api/v1."""

        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
                return await client.request(method, f"/api/v1{path}", headers=self.headers, **options)

        return asyncio.run(go())

    def get(self, path: str, **params: Any) -> httpx.Response:
        """A GET."""
        return self.send("GET", path, params=params or None)

    def post(self, path: str, **body: Any) -> httpx.Response:
        """A POST of JSON."""
        return self.send("POST", path, json=body)

    def delete(self, path: str, **params: Any) -> httpx.Response:
        """A DELETE."""
        return self.send("DELETE", path, params=params or None)


class Server:
    """A workspace with a user of each role, and a program in the hands of each."""

    def __init__(self, folder: Path, rows: int = 120, **settings: Any) -> None:
        self.ws = tm.open(folder / ".tablemend", user="owner", **settings)
        self.table = folder / "orders.csv"
        self.run = self.ws.scan(faulty_csv(self.table, rows)).run if rows else ""
        self.app = application(self.ws)
        self.ws.accounts.add("admin", "admin", password=PASSWORD)
        for role in ROLES[:-1]:
            self.ws.accounts.add(role, role)
        self.viewer, self.reviewer, self.approver, self.admin = (self.program(role, role) for role in ROLES)
        secret = self.ws.accounts.enter("owner", "admin")
        self.owner = Program(self.app, {"cookie": f"tablemend={secret}", "origin": "http://testserver"})
        self.nobody = Program(self.app, {})

    def program(self, user: str, role: str) -> Program:
        """A program with a token of a user."""
        token, _ = self.ws.accounts.issue_token("test", user=user, role=role)
        return Program(self.app, {"authorization": f"Bearer {token}"})

    def work(self, answer: httpx.Response) -> dict[str, Any]:
        """Carry out a job as a worker does, and give its result."""
        assert answer.status_code == 202, answer.text
        assert answer.headers["location"] == f"/api/v1/jobs/{answer.json()['id']}"
        job = self.ws.store.jobs.claim()
        assert job is not None
        assert job.id == answer.json()["id"]
        result = self.ws.jobs.arguments(job).run(self.ws.signed(job.by))
        self.ws.store.jobs.finish(job.id, "completed", result=result)
        return result

    def close(self) -> None:
        """Free the workspace."""
        self.ws.close()


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem that an answer tells."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert told["title"]
    assert told["detail"]
    return told
