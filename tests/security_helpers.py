"""What the tests of the server's protection share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import anyio
import httpx
from a2wsgi import WSGIMiddleware
from fastapi import FastAPI, Request
from starlette.staticfiles import StaticFiles
from starlette.types import Message
from starlette.websockets import WebSocket

import tablemend.web
from tablemend.web.identity import current, require
from tablemend.web.security import OneTimeLinks, SecurityOptions, router, secure
from tablemend.workspace import Workspace

GOOD = "correct horse battery"
ORIGIN = "http://127.0.0.1:8000"
OWN = {"Origin": ORIGIN}
FILES = Path(tablemend.web.__file__).parent / "static"


def old_fashioned(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """A WSGI app that says who it is asked by, and how much it was sent."""
    sent = len(environ["wsgi.input"].read())
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"name": current().name, "sent": sent}).encode()]


def app(workspace: Workspace, links: OneTimeLinks, options: SecurityOptions) -> FastAPI:
    """A small app like the real one: an interface, a websocket, and a WSGI app for all else."""
    made = FastAPI()
    made.include_router(router(workspace, links, options))

    @made.get("/api/me")
    def me() -> dict[str, str]:
        return {"name": current().name, "role": current().role, "via": current().via}

    @made.post("/api/apply")
    async def apply(request: Request) -> dict[str, Any]:
        return {"by": require("apply").name, "sent": len(await request.body())}

    @made.websocket("/api/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(current().name)
        await socket.close()

    made.mount("/static", StaticFiles(directory=FILES))
    made.mount("/", WSGIMiddleware(old_fashioned))  # type: ignore[arg-type]
    return made


class Browser:
    """Asks the app like a browser: with cookies, and without following redirects."""

    def __init__(self, asked: Any, address: str) -> None:
        self.asked = asked
        self.address = address
        self.cookies = httpx.Cookies()

    def get(self, path: str, **given: Any) -> httpx.Response:
        """GET a path."""
        return self.request("GET", path, **given)

    def post(self, path: str, *, content: bytes | Iterable[bytes] | None = None, **given: Any) -> httpx.Response:
        """POST to a path; pieces are sent without a length."""
        return self.request("POST", path, content=content, **given)

    def request(self, method: str, path: str, *, content: Any = None, **given: Any) -> httpx.Response:
        """Send one request."""

        async def pieces() -> Any:
            for piece in content:
                yield piece

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.asked, client=(self.address, 50_000))
            async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies=self.cookies) as client:
                body = content if content is None or isinstance(content, bytes) else pieces()
                answer = await client.request(method, path, content=body, **given)
                self.cookies = client.cookies
                return answer

        return anyio.run(send)

    def socket(self, path: str, origin: str) -> list[Message]:
        """Open a websocket and give all that was sent."""
        cookies = "; ".join(f"{each.name}={each.value}" for each in self.cookies.jar)
        headers = {"host": ORIGIN.removeprefix("http://"), "origin": origin, "cookie": cookies}
        scope = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "subprotocols": [],
            "extensions": {},
            "scheme": "ws",
            "state": {},
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        async def send(message: Message) -> None:
            sent.append(message)

        anyio.run(self.asked, scope, receive, send)
        return sent


class Site:
    """The app behind its protection, and a browser."""

    def __init__(self, workspace: Workspace, **options: Any) -> None:
        self.options = SecurityOptions(**options)
        self.links = OneTimeLinks()
        self.scripts = "'sha256-abc='"
        inner = app(workspace, self.links, self.options)
        self.app = secure(inner, workspace=workspace, csp=lambda: self.scripts, options=self.options)
        self.browser = self.new()

    def new(self, address: str = "127.0.0.1") -> Browser:
        """Another browser."""
        return Browser(self.app, address)

    def sign_in(self, name: str, password: str = GOOD, *, browser: Browser | None = None, **fields: str) -> Any:
        """Fill in the form and send it."""
        browser = browser or self.browser
        mark = re.search(r'name="mark" value="([^"]+)"', browser.get("/login").text)
        data = {"name": name, "password": password, "mark": mark[1] if mark else "", **fields}
        return browser.post("/login", data=data, headers=OWN)
