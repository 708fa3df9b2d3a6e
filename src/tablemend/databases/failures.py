"""What the errors of drivers mean, and this project's errors for them; no password gets into a message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, quote_plus

import sqlalchemy as sa

from tablemend.databases import quotations, urls
from tablemend.databases.dialects import DIALECTS
from tablemend.errors import (
    AccessDenied,
    ConstraintBroken,
    DatabaseError,
    DataRefused,
    MissingObject,
    StorageFull,
    Timeout,
    Transient,
    Unreachable,
)
from tablemend.records import Record

_DRIVERS = {"psycopg", "pymysql", "sqlite3", "duckdb", "_duckdb", "adbc_driver_manager", "mssql_python", "snowflake"}
_SHORT = 4  # a shorter secret is hidden where it stands alone: hiding it inside of words would spell it out


class Category(Record, frozen=True, kw_only=True):
    """One kind of failure, whatever the database."""

    error: type[DatabaseError]
    what: str  # follows the name of the database
    hint: str


CATEGORIES = {
    "unreachable": Category(
        error=Unreachable, what="does not answer", hint="Check host and port, and whether the server runs."
    ),
    "lost": Category(
        error=Unreachable,
        what="lost the connection",
        hint="What was not committed is taken back; if it was lost during the commit, look before repeating it.",
    ),
    "denied": Category(
        error=AccessDenied, what="refuses access", hint="Check user and password, and the rights of that user."
    ),
    "read_only": Category(
        error=AccessDenied, what="is read-only here", hint="Write through a connection that is not read-only."
    ),
    "missing": Category(
        error=MissingObject,
        what="has no such object",
        hint="Check the spelling, the schema, and that it is the right database.",
    ),
    "unopened": Category(
        error=MissingObject, what="cannot be opened", hint="Check the path; ?mode=rwc in the URL makes a new one."
    ),
    "crowded": Category(
        error=Transient,
        what="allows no more connections",
        hint="Lower the setting pool_max, or raise the limit of the server.",
    ),
    "transient": Category(
        error=Transient,
        what="took the transaction back, or is locked",
        hint="The transaction was taken back; try it again.",
    ),
    "timeout": Category(error=Timeout, what="took too long or was cancelled", hint="Allow more time, or ask for less."),
    "unique": Category(
        error=ConstraintBroken,
        what="refuses a value that must be unique",
        hint="The transaction was taken back; mend the rows.",
    ),
    "foreign_key": Category(
        error=ConstraintBroken,
        what="refuses a row that breaks a foreign key",
        hint="The transaction was taken back; put the parent in first, or mend the rows.",
    ),
    "not_null": Category(
        error=ConstraintBroken, what="refuses an empty value", hint="The transaction was taken back; fill the column."
    ),
    "check": Category(
        error=ConstraintBroken,
        what="refuses a row that breaks a check",
        hint="The transaction was taken back; mend the rows.",
    ),
    "data": Category(
        error=DataRefused,
        what="refuses a value",
        hint="The transaction was taken back; mend the value, or change the type of the column.",
    ),
    "full": Category(
        error=StorageFull,
        what="cannot write to its disk",
        hint="The transaction was taken back; make room, then try it again.",
    ),
    "damaged": Category(
        error=DatabaseError, what="is damaged or something else", hint="Check that the file is what the URL says."
    ),
    "other": Category(error=DatabaseError, what="failed", hint="The message is that of the database."),
}


def driver_error(problem: BaseException) -> BaseException | None:
    """The error of the driver in an exception; None where it is none."""
    if isinstance(problem, sa.exc.DBAPIError):
        return problem.orig
    if isinstance(problem, OSError) and str(problem).startswith("[libpq]"):  # of ADBC, while rows are fetched
        return problem
    return problem if type(problem).__module__.partition(".")[0] in _DRIVERS else None


def category(problem: BaseException, kind: str) -> str | None:
    """The name of the category that an exception belongs to; None where it does not come from a driver."""
    if isinstance(problem, sa.exc.NoSuchTableError):
        return "missing"
    original = driver_error(problem)
    if original is None:
        return None
    codes, text = DIALECTS[kind].codes(original), str(original)
    for rule in DIALECTS[kind].rules:
        coded = any(code.startswith(rule.codes) for code in codes) if rule.codes else not codes
        if coded and (not rule.text or re.search(rule.text, text)):
            return rule.category
    return "other"


def error(problem: BaseException, kind: str, url: sa.URL) -> DatabaseError | None:
    """This project's error for an exception; None where it does not come from a driver."""
    name = category(problem, kind)
    if name is None:
        return None
    found = CATEGORIES[name]
    text = redacted(_text(driver_error(problem) or problem), url)
    return found.error(f"{urls.shown(url)} {found.what}: {text}", hint=found.hint)


@contextmanager
def translated(kind: str, url: sa.URL) -> Iterator[None]:
    """Errors of drivers raised in here become DatabaseError and its kind."""
    try:
        yield
    except Exception as problem:
        found = error(problem, kind, url)
        if found is None:
            raise
        raise found from problem


def redacted(text: str, url: sa.URL) -> str:
    """A text without the secrets of a URL, however they are encoded."""
    text = re.sub(r"(?<=://)([^\s/:@]*):[^\s@]*@", r"\1:***@", text)
    for secret in urls.secrets(url):
        for written in {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), repr(secret)[1:-1]}:
            whole = re.escape(written)
            pattern = whole if len(written) >= _SHORT else rf"(?<!\w){whole}(?!\w)"
            text = re.sub(pattern, "***", text)
    return text


def _text(problem: BaseException) -> str:
    """What the driver says, in one line, without queries and values of rows."""
    primary = getattr(getattr(problem, "diag", None), "message_primary", None)
    number = problem.args[0] if problem.args else None
    said = primary or (problem.args[1] if isinstance(number, int) and len(problem.args) > 1 else str(problem))
    lines = [line.strip() for line in str(said).splitlines()]
    told = " ".join(line for line in lines if line and not line.startswith(("DETAIL:", "LINE ", "^")))
    return quotations.without(told).rstrip(".?! ") or "no message"
