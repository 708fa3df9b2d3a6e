"""The names that the server answers to, and the pages that may write to it."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from tablemend.web.security.messages import bearer, header, problem, refuse, unsafe
from tablemend.web.security.options import SecurityOptions


class Hosts:
    """Refuses names that are not the server's own.

    A page of another site can point its own name at this computer and then read answers as its own (DNS rebinding).
    An address cannot be pointed anywhere, so addresses are always answered to.
    """

    def __init__(self, app: ASGIApp, *, options: SecurityOptions) -> None:
        self.app = app
        self.names = {each.casefold() for each in ("localhost", *options.hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on where its host is known."""
        if scope["type"] in {"http", "websocket"} and not self._known(_hostname(f"//{header(scope, 'host')}")):
            answer = problem(
                421,
                "UnknownHost",
                title="Unknown host",
                detail="this server does not answer to that name",
                hint="Use its address, or add the name to the setting serve_hosts.",
            )
            await refuse(scope, receive, send, answer)
            return
        await self.app(scope, receive, send)

    def _known(self, name: str) -> bool:
        return "*" in self.names or name in self.names or _is_address(name)


class Origins:
    """Refuses writes that come from pages of other sites.

    A request with a token is let through: browsers never add tokens by themselves, as they do with cookies.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on where it changes nothing, has a token, or comes from a page of this server."""
        checked = scope["type"] in {"http", "websocket"} and unsafe(scope) and not bearer(scope)
        if checked and not _same(scope):
            answer = problem(
                403,
                "OtherOrigin",
                title="Not from this page",
                detail="the request did not come from a page of this server",
                hint="Open the page again from its own address; programs use a token.",
            )
            await refuse(scope, receive, send, answer)
            return
        await self.app(scope, receive, send)


def _same(scope: Scope) -> bool:
    """Whether the browser says that the request comes from the server's own page.

    Browsers send one of the two headers with every write; a request with neither is not from a browser that can be
    trusted to have asked.
    """
    site, origin = header(scope, "sec-fetch-site"), header(scope, "origin")
    if site and site != "same-origin":
        return False
    if origin:
        return urlsplit(origin).netloc.casefold() == header(scope, "host").casefold()
    return bool(site)


def _hostname(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:  # brackets that hold no address
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
