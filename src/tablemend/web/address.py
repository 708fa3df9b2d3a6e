"""The address of a page: its path and what follows the question mark."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote

from tablemend.records import Record


class Address(Record, frozen=True, kw_only=True):
    """Where a browser is."""

    name: str  # first part of the path: the page; empty for the overview
    rest: tuple[str, ...] = ()  # other parts of the path
    query: dict[str, str] = {}

    @property
    def subject(self) -> str:
        """What the page is about: the second part of the path, or nothing."""
        return self.rest[0] if self.rest else ""


def parse(path: str | None, search: str | None = None) -> Address:
    """The address that a path and a query string spell."""
    from urllib.parse import unquote

    parts = [unquote(part) for part in (path or "/").split("/") if part]
    return Address(
        name=parts[0] if parts else "", rest=tuple(parts[1:]), query=dict(parse_qsl((search or "").removeprefix("?")))
    )


def path(*parts: str) -> str:
    """The path of a page, its parts escaped."""
    return "/" + "/".join(quote(part, safe="") for part in parts)
