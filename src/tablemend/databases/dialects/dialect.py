"""What a kind of database is described by."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import sqlalchemy as sa

from tablemend.errors import SettingsError
from tablemend.records import Record

MODES = ("rw", "rwc", "ro")
"""How a file is opened: to read and write, also where it is new, or only to read."""


class Rule(Record, frozen=True, kw_only=True):
    """Which errors of a driver belong to a category of failures; the first rule that fits counts."""

    category: str
    codes: tuple[str, ...] = ()  # beginnings of SQLSTATEs, error numbers or names; () for errors without a code
    text: str = ""  # regular expression that the message must hold as well


class Dialect(Record, frozen=True, kw_only=True):
    """How one kind of database is opened, guarded and understood."""

    name: str  # for people
    extra: str  # of tablemend, with the driver; "" where it is always there
    url: str  # an example
    driver: str  # name of the package
    guard: str  # what keeps a read-only connection from writing, in words
    limit: str  # what stops a statement that takes too long, in words
    verified: str  # whether tests run against the real thing, in words
    opening: Callable[[sa.URL, ExitStack], dict[str, Any]]  # options of the engine; the stack closes what they open
    read_only: Callable[[sa.Connection, bool], None]  # for the transactions to come
    timeout: Callable[[sa.Connection, float | None], None]  # seconds for each statement to come; None: as before
    codes: Callable[[BaseException], tuple[str, ...]]  # of a driver's error, the most telling first
    rules: tuple[Rule, ...]
    cancel: Callable[[sa.Connection], None] | None = None  # breaks off what another thread runs; None: only the timeout
    listen: Callable[[sa.Engine], None] = lambda _: None
    guards_reading: bool = True  # has read-only transactions


def rules(*more: Rule, texts: dict[str, str], **codes: str) -> tuple[Rule, ...]:
    """Rules from `category="code code"`, and from texts for errors that come without a code."""
    coded = tuple(Rule(category=category, codes=tuple(each.split())) for category, each in codes.items())
    return coded + more + tuple(Rule(category=category, text=text) for category, text in texts.items())


def outside(connection: sa.Connection, statement: str) -> None:
    """Run a statement on the driver, in no transaction, so that a rollback does not take it back."""
    driver: Any = connection.connection.driver_connection
    cursor = driver.cursor()
    try:
        cursor.execute(statement)
    finally:
        cursor.close()


def defaults(url: sa.URL, **options: Any) -> dict[str, Any]:
    """Arguments of the driver that the URL does not give itself."""
    return {name: value for name, value in options.items() if name not in url.query}


def mode(url: sa.URL) -> str:
    """How the URL of a file says that it is opened, by default "rw"; SettingsError for anything unknown."""
    found = str(url.query.get("mode", "rw"))
    unknown = sorted(url.query.keys() - {"mode"})
    if found not in MODES or unknown:
        what = f"the parameter {unknown[0]!r}" if unknown else f"the mode {found!r}"
        raise SettingsError(
            f"{what} in the URL of a file is not known", hint=f"It can hold ?mode= and one of {', '.join(MODES)}."
        )
    return found
