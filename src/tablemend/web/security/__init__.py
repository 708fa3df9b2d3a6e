"""The protection around the app: headers, hosts, origins, sizes, and who is let in."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp

from tablemend.web.security.authentication import Authentication
from tablemend.web.security.headers import HeadersOf
from tablemend.web.security.hosts import Hosts, Origins
from tablemend.web.security.links import OneTimeLinks
from tablemend.web.security.options import SecurityOptions
from tablemend.web.security.pages import router
from tablemend.web.security.uploads import Uploads
from tablemend.workspace import Workspace

__all__ = ["OneTimeLinks", "SecurityOptions", "router", "secure"]


def secure(app: ASGIApp, *, workspace: Workspace, csp: Callable[[], str], options: SecurityOptions) -> ASGIApp:
    """The app behind its protection, outermost first: headers, hosts, origins, sizes, and who it is.

    `csp` gives further sources of scripts, such as the hashes of inline ones. `router` adds the pages to sign in.
    """
    inner: ASGIApp = Authentication(app, workspace=workspace, options=options)
    inner = Uploads(inner, options=options)
    inner = Hosts(Origins(inner), options=options)
    return HeadersOf(inner, csp=csp, options=options)
