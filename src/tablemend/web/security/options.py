"""What of the protection depends on how the server is run."""

from __future__ import annotations

from tablemend.records import Record


class SecurityOptions(Record, frozen=True, kw_only=True):
    """How the server is reached, and what it takes."""

    port: int = 0  # in the name of the cookie: browsers share cookies between the ports of a host
    hosts: tuple[str, ...] = ()  # names it answers to, besides localhost and addresses; ("*",) for any
    upload_bytes: int = 200 * 2**20  # most bytes of a request's body
    secure_cookies: bool | None = None  # None: where the request came over https
    public: tuple[str, ...] = ("/static/", "/login", "/enter", "/logout", "/favicon.ico")  # need no session
    immutable: tuple[str, ...] = ("/static/", "/assets/", "/_dash-component-suites/")  # files, not answers
    assets_from: tuple[str, ...] = ()  # further origins that scripts, styles and images may come from

    @property
    def cookie(self) -> str:
        """Name of the cookie of the session."""
        return f"tablemend_{self.port}" if self.port else "tablemend"

    def open_to_all(self, path: str) -> bool:
        """Whether a path needs no session."""
        return any(path.startswith(each) if each.endswith("/") else path == each for each in self.public)
