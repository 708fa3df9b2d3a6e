"""Headers of every answer: what a page may load, and what may be kept."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tablemend.web.security.options import SecurityOptions

_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_FOREVER = "public, max-age=31536000, immutable"
_NEVER = "no-store"
_YEAR = "max-age=31536000"


class HeadersOf:
    """Adds the headers; `csp` gives further sources of scripts, such as hashes, known only once the app is warm."""

    def __init__(self, app: ASGIApp, *, csp: Callable[[], str], options: SecurityOptions) -> None:
        self.app = app
        self.csp = csp
        self.options = options

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and add to its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(scope, message)
            await send(message)

        await self.app(scope, receive, sending)

    def _add(self, scope: Scope, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in _FIXED.items():
            headers[name] = value
        if "content-security-policy" not in headers:  # a page may be stricter, such as a report to download
            headers["Content-Security-Policy"] = policy(self.csp(), self.options)
        if scope.get("scheme") == "https":
            headers["Strict-Transport-Security"] = _YEAR
        if not self._lasting(scope, message):
            headers["Cache-Control"] = _NEVER
        elif "cache-control" not in headers or self._fingerprinted(scope):
            headers["Cache-Control"] = _FOREVER if self._fingerprinted(scope) else "no-cache"

    def _lasting(self, scope: Scope, message: Message) -> bool:
        """Whether an answer is a file that every user gets alike; an error is none."""
        return scope["path"].startswith(self.options.immutable) and message["status"] in {200, 206, 304}

    @staticmethod
    def _fingerprinted(scope: Scope) -> bool:
        """Whether the address changes with the content: a version in the query, or a hash in the name."""
        name = scope["path"].rpartition("/")[2]
        query = scope.get("query_string", b"")
        return (
            query.startswith((b"m=", b"v="))
            or ".v" in name
            or any(len(e) >= 8 and _is_hash(e) for e in name.split("."))
        )


def _is_hash(text: str) -> bool:
    return any(each.isdigit() for each in text) and all(each in "0123456789abcdef" for each in text)


def policy(scripts: str, options: SecurityOptions) -> str:
    """The content security policy, with further sources of scripts."""
    further = "".join(f" {each}" for each in options.assets_from)
    script = " ".join(("'self'", *scripts.split()))
    parts = (
        "default-src 'self'",
        f"script-src {script}{further}",
        f"style-src 'self' 'unsafe-inline'{further}",  # libraries of pages set styles of elements
        f"img-src 'self' data: blob:{further}",
        f"font-src 'self' data:{further}",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
    return "; ".join(parts)
