"""How much a request may send."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tablemend.web.security.messages import header, problem
from tablemend.web.security.options import SecurityOptions

FORM = 64 * 2**10
"""Most bytes of a request to a page that needs no session: a name and a password."""


class TooLarge(HTTPException):
    """The body of a request has more bytes than allowed."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"more than {limit:,} bytes")


class Uploads:
    """Counts the bytes of a body as they come, whatever the request claims, and stops at the limit."""

    def __init__(self, app: ASGIApp, *, options: SecurityOptions) -> None:
        self.app = app
        self.options = options

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on while its body is small enough."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = FORM if self.options.open_to_all(scope["path"]) else self.options.upload_bytes
        if (length := header(scope, "content-length")).isdigit() and int(length) > limit:
            await _answer(limit)(scope, receive, send)
        else:
            await self._counted(limit, scope, receive, send)

    async def _counted(self, limit: int, scope: Scope, receive: Receive, send: Send) -> None:
        size, answered = 0, False

        async def receiving() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > limit:
                raise TooLarge(limit)
            return message

        async def sending(message: Message) -> None:
            nonlocal answered
            if size > limit and not answered:
                return  # whatever the app made of the broken body
            answered = True
            await send(message)

        try:
            await self.app(scope, receiving, sending)
        except TooLarge:
            if answered:
                raise
        if size > limit and not answered:
            await _answer(limit)(scope, receive, send)


def _answer(limit: int) -> Response:
    return problem(
        413,
        "LimitExceeded",
        title="Too large",
        detail=f"the request has more than {limit:,} bytes",
        hint="Send a smaller file, or raise the setting upload_bytes.",
        headers={"Connection": "close"},
    )
