"""Finds out who a request is from, and lets nobody else near the app."""

from __future__ import annotations

import logging
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tablemend.errors import StateError
from tablemend.store.sessions import Session
from tablemend.store.tokens import Token
from tablemend.web.identity import Identity, identity, standing
from tablemend.web.security.messages import bearer, for_machines, problem
from tablemend.web.security.options import SecurityOptions
from tablemend.workspace import Workspace

_log = logging.getLogger(__name__)

CLOSED = 4401
"""Code that a websocket is closed with where nobody is signed in."""


class Authentication:
    """Asks for a token or a session; who it is stands in `identity` while the request is under way."""

    def __init__(self, app: ASGIApp, *, workspace: Workspace, options: SecurityOptions) -> None:
        self.app = app
        self.workspace = workspace
        self.options = options

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on as that of somebody, or refuse it."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        secret, token = self._cookie(scope), bearer(scope)
        found = await run_in_threadpool(self._find, secret, token) if secret or token else None
        if found is None and not self.options.open_to_all(scope["path"]):
            await self._refuse(scope, receive, send)
            return
        who = _identity(found)
        before = identity.set(who)
        asked = standing.set(lambda: who is not None and _identity(self._find(secret, token)) == who)
        try:
            await self.app(scope, receive, send)
        finally:
            standing.reset(asked)
            identity.reset(before)
            if found is not None:
                await run_in_threadpool(self._note, secret, found)

    def _cookie(self, scope: Scope) -> str:
        return HTTPConnection(scope).cookies.get(self.options.cookie, "")

    def _find(self, secret: str, token: str) -> Session | Token | None:
        """A token goes before the cookie: a program with a bad token is not let in by a left-over cookie."""
        accounts = self.workspace.accounts
        return accounts.token(token) if token else accounts.session(secret)

    def _note(self, secret: str, found: Session | Token) -> None:
        """Note the use. A state that is busy just then must not turn an answer into an error: the next use counts."""
        accounts = self.workspace.accounts
        try:
            if isinstance(found, Token):
                accounts.used(found)
            else:
                accounts.touch(secret, found)
        except StateError as trouble:
            _log.warning("the last use of a session or token was not kept: %s", trouble)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": CLOSED, "reason": ""})
            return
        await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response:
        if for_machines(scope["path"]) or bearer(scope) or scope["method"] not in {"GET", "HEAD"}:
            return problem(
                401,
                "NotSignedIn",
                title="Nobody is signed in",
                detail="you are not signed in, or the session has ended",
                hint="Sign in again; nothing is lost. Programs send a token: Authorization: Bearer tm_…",
                headers={"WWW-Authenticate": "Bearer"},
            )
        query = scope.get("query_string", b"").decode("latin-1")
        wanted = quote(scope["path"], safe="/") + (f"?{query}" if query else "")
        return RedirectResponse("/login" + (f"?next={quote(wanted, safe='')}" if wanted != "/" else ""), 303)


def _identity(found: Session | Token | None) -> Identity | None:
    if found is None:
        return None
    if isinstance(found, Token):
        return Identity(name=found.user, role=found.role, via="token")
    return Identity(name=found.user, role=found.role, via="link" if found.link else "password")
