"""The pages to sign in and out."""

from __future__ import annotations

import hmac
import math
import secrets
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tablemend.errors import AccessError, SignInRefused, TooManyAttempts
from tablemend.web.identity import identity
from tablemend.web.security.forms import Form, credentials, page
from tablemend.web.security.links import OneTimeLinks
from tablemend.web.security.options import SecurityOptions
from tablemend.web.security.signing import SigningIn, Visitor
from tablemend.workspace import Workspace

_NO_USERS = "Open the link that `tablemend serve` printed when it started: it lets you in once."
_FORM_LASTS = 3600  # seconds within which a form is to be sent


def router(workspace: Workspace, links: OneTimeLinks, options: SecurityOptions) -> APIRouter:
    """`/login`, `/logout` and `/enter`; their stylesheet is expected at `/static/sign-in.css`."""
    pages = _Pages(SigningIn(workspace, links), options)
    made = APIRouter(include_in_schema=False)
    made.add_api_route("/login", pages.form, methods=["GET"], response_model=None)
    made.add_api_route("/login", pages.sign_in, methods=["POST"], response_model=None)
    made.add_api_route("/enter", pages.arrive, methods=["GET"], response_model=None)
    made.add_api_route("/enter", pages.enter, methods=["POST"], response_model=None)
    made.add_api_route("/logout", pages.out, methods=["POST"], response_model=None)
    return made


def safe_next(target: str) -> str:
    """Where to go after signing in: a path of this server, whatever was asked for.

    Browsers read backslashes as slashes and leave control characters out, so that these could make another host.
    """
    plain = target.startswith("/") and not target.startswith("//")
    if not plain or "\\" in target or any(ord(each) < 33 or ord(each) == 127 for each in target):
        return "/"
    return "/" if target.partition("?")[0] in {"/login", "/logout", "/enter"} else target


class _Pages:
    def __init__(self, signing: SigningIn, options: SecurityOptions) -> None:
        self.signing = signing
        self.options = options

    async def form(self, request: Request) -> Response:
        """The form of name and password."""
        target = safe_next(request.query_params.get("next", "/"))
        if identity.get() is not None:
            return RedirectResponse(target, 303)
        return await self._shown(request, target, note="You are signed out." if "out" in request.query_params else "")

    async def sign_in(self, request: Request) -> Response:
        """Compare name and password."""
        sent = await request.form()
        name, target = str(sent.get("name", "")), safe_next(str(sent.get("next", "/")))
        if not self._is_own(request, sent):
            return await self._shown(request, target, status=403, problem="The form was too old. Please try again.")
        password, visitor = str(sent.get("password", "")), self._visitor(request)
        try:
            secret = await run_in_threadpool(self.signing.password, name, password, visitor)
        except (SignInRefused, TooManyAttempts) as refused:
            return await self._shown(
                request, target, status=_status(refused), problem=_told(refused), name=name, headers=_retry(refused)
            )
        return self._let_in(request, secret, target)

    async def arrive(self, request: Request) -> Response:
        """Open a one-time link.

        A browser that a person leads here goes in at once; whatever else looks at links (previews, scanners, pages
        loaded ahead) gets a form, so that it does not use the link up.
        """
        key = request.query_params.get("key", "")
        sent_for = request.headers.get("sec-fetch-dest") == "document" and "sec-purpose" not in request.headers
        if sent_for and "purpose" not in request.headers:
            return await self._entered(request, key)
        return self._page(request, Form(title="Open tablemend", action="/enter", button="Open", hidden={"key": key}))

    async def enter(self, request: Request) -> Response:
        """Use a one-time link."""
        sent = await request.form()
        if not self._is_own(request, sent):
            form = Form(title="Open tablemend", problem="The form was too old. Please open the link again.")
            return self._page(request, form, status=403)
        return await self._entered(request, str(sent.get("key", "")))

    async def _entered(self, request: Request, key: str) -> Response:
        try:
            secret = await run_in_threadpool(self.signing.link, key, self._visitor(request))
        except (SignInRefused, TooManyAttempts) as refused:
            if identity.get() is not None:  # opened again by whom it let in
                return RedirectResponse("/", 303)
            form = Form(title="Open tablemend", problem=_told(refused))
            return self._page(request, form, status=_status(refused), headers=_retry(refused))
        return self._let_in(request, secret, "/")

    async def out(self, request: Request) -> Response:
        """End the session."""
        await run_in_threadpool(self.signing.out, request.cookies.get(self.options.cookie, ""))
        answer = RedirectResponse("/login?out=1", 303)
        answer.delete_cookie(self.options.cookie, path="/")
        return answer

    async def _shown(
        self,
        request: Request,
        target: str,
        *,
        status: int = 200,
        problem: str = "",
        note: str = "",
        name: str = "",
        headers: dict[str, str] | None = None,
    ) -> Response:
        if not await run_in_threadpool(lambda: self.signing.by_password):
            return self._page(request, Form(title="Sign in", note=note or _NO_USERS, problem=problem), status=status)
        form = Form(
            title="Sign in",
            fields=credentials(name, problem=bool(problem)),
            action="/login",
            button="Sign in",
            hidden={"next": target},
            problem=problem,
            note=note,
        )
        return self._page(request, form, status=status, headers=headers)

    def _page(
        self, request: Request, form: Form, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> Response:
        """A page whose form can be sent only from the browser that was shown it."""
        mark = secrets.token_urlsafe(32)
        hidden = {**form.hidden, "mark": mark}
        fields = {name: getattr(form, name) for name in form.__struct_fields__} | {"hidden": hidden}
        answer = HTMLResponse(page(Form(**fields)), status_code=status, headers=headers)
        self._set(request, answer, self._mark, mark, lasts=_FORM_LASTS, same_site="strict")
        return answer

    @property
    def _mark(self) -> str:
        return f"{self.options.cookie}_form"

    def _is_own(self, request: Request, sent: Any) -> bool:
        kept = request.cookies.get(self._mark, "")
        return bool(kept) and hmac.compare_digest(kept.encode(), str(sent.get("mark", "")).encode())

    def _let_in(self, request: Request, secret: str, target: str) -> Response:
        answer = RedirectResponse(target, 303)
        answer.delete_cookie(self._mark, path="/")
        self._set(request, answer, self.options.cookie, secret, lasts=None, same_site="lax")
        return answer

    def _set(
        self, request: Request, answer: Response, name: str, value: str, *, lasts: int | None, same_site: Any
    ) -> None:
        secure = self.options.secure_cookies
        answer.set_cookie(
            name,
            value,
            max_age=lasts,
            path="/",
            secure=request.url.scheme == "https" if secure is None else secure,
            httponly=True,
            samesite=same_site,
        )

    def _visitor(self, request: Request) -> Visitor:
        return Visitor(
            address=request.client.host if request.client else "",
            agent=request.headers.get("user-agent", ""),
            session=request.cookies.get(self.options.cookie, ""),
        )


def _status(refused: AccessError) -> int:
    return 429 if isinstance(refused, TooManyAttempts) else 401


def _retry(refused: AccessError) -> dict[str, str]:
    return {"Retry-After": str(math.ceil(refused.wait))} if isinstance(refused, TooManyAttempts) else {}


def _told(refused: AccessError) -> str:
    return f"{refused.message[0].upper()}{refused.message[1:]}. {refused.hint or ''}".strip()
