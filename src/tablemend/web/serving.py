"""Running the server: its workers, its stream of events, and where it listens."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from contextlib import ExitStack

import uvicorn

from tablemend.errors import SettingsError
from tablemend.records import Record
from tablemend.web.app import create
from tablemend.web.jobs.scheduler import Scheduler
from tablemend.web.jobs.warming import Warming
from tablemend.web.jobs.watch import Watch
from tablemend.web.jobs.workers import Workers
from tablemend.web.security import OneTimeLinks, SecurityOptions
from tablemend.web.site import Site
from tablemend.workspace import Workspace

READY = 60.0
"""Most seconds to wait for the workers; later ones are taken up when they come."""


class Place(Record, frozen=True, kw_only=True):
    """Where a server listens."""

    host: str = "127.0.0.1"
    port: int = 8642

    @property
    def local(self) -> bool:
        """Whether only this computer reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def url(self, path: str = "/") -> str:
        """Where a browser finds it."""
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://{f'[{shown}]' if ':' in shown and not shown.startswith('[') else shown}:{self.port}{path}"


def serve(workspace: Workspace, place: Place, *, said: Callable[[str], None]) -> None:
    """Serve a workspace until the process is asked to end; `said` is told where, once it answers.

    SettingsError where the port is taken, and where others could reach a server that has no users.
    """
    if not place.local and not workspace.accounts.any:
        raise SettingsError(
            f"{place.host} can be reached from other computers, and there are no users",
            hint="Add one with `tablemend users add NAME admin`, or leave --host away.",
        )
    if workspace.settings.http_private is None:  # who asks is in a browser: not everything here is for them
        workspace.settings = workspace.settings.model_copy(update={"http_private": False})
    settings = workspace.settings
    with ExitStack() as stack:
        listening = stack.enter_context(_listening(place))
        place = Place(host=place.host, port=listening.getsockname()[1])
        links = OneTimeLinks()
        options = SecurityOptions(port=place.port, hosts=settings.serve_hosts, upload_bytes=settings.upload_bytes)
        watch = stack.enter_context(Watch(workspace))
        workers = stack.enter_context(Workers(settings, settings.serve_workers, workspace=workspace, news=watch.wake))
        stack.enter_context(Scheduler(workspace, watch))
        app = create(Site(workspace), watch, links, options)
        workspace.start()  # the engine, which exact predictions run in
        stack.enter_context(Warming(workspace))
        workers.wait(READY)
        server = _Server(_config(app, place), told=lambda: said(_welcome(workspace, place, links)), ending=watch.close)
        server.run(sockets=[listening])


def _config(app: object, place: Place) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=place.host,
        port=place.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        proxy_headers=False,
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=64 * 1024,
    )


class _Server(uvicorn.Server):
    """Tells when it answers, and ends the streams of events first when it is to end, as they would hold it up."""

    def __init__(self, config: uvicorn.Config, *, told: Callable[[], None], ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._told = told
        self._ending = ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._told()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what is under way, then end."""
        self._ending()
        await super().shutdown(sockets)


def _listening(place: Place) -> socket.socket:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((place.host, place.port))
    except OSError as problem:
        made.close()
        raise SettingsError(
            f"cannot listen on {place.host}, port {place.port}: {problem.strerror}",
            hint="Name another one with --host and --port; --port 0 takes any that is free.",
        ) from problem
    return made


def _welcome(workspace: Workspace, place: Place, links: OneTimeLinks) -> str:
    if workspace.accounts.any:
        return f"Serving {workspace.settings.data} at {place.url()}\nPress Ctrl-C to stop."
    key = links.issue(workspace.settings.person, "admin")
    return (
        f"Serving {workspace.settings.data}, for this computer only. Open this link; it lets you in once:\n\n"
        f"    {place.url('/enter?key=' + key)}\n\nPress Ctrl-C to stop."
    )
