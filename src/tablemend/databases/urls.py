"""Addresses of databases: URLs of SQLAlchemy, with the table after `#`."""

from __future__ import annotations

import re

import sqlalchemy as sa

from tablemend.errors import SettingsError
from tablemend.records import Record

DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "sqlite": "sqlite",
    "duckdb": "duckdb+tablemend",
    "mssql": "mssql+mssqlpython",
    "snowflake": "snowflake",
}
"""Kind of database → the driver that it is reached by."""

ALIASES = {"postgres": "postgresql", "mariadb": "mysql"}

SECRET = re.compile(r"pass(word|wd|phrase|code)?$|^pwd$|token|secret|private_key", re.I)
"""Names of query parameters whose values are never shown."""

_NAME = re.compile(r'(?:"((?:[^"]|"")+)"|([^".@/]+))')
_SHAPE = "Write it like postgresql://user:password@host/database#schema.table; @, :, / and # in a password as %40 …"


class Address(Record, frozen=True, kw_only=True):
    """Where a database and a table of it are, fit to be shown."""

    kind: str  # postgresql, mysql (also MariaDB), sqlite, duckdb, mssql, snowflake
    url: str  # without password
    schema: str | None = None  # None: the default one of the connection
    table: str | None = None  # None: the whole database

    @property
    def shown(self) -> str:
        """The URL with the table, as people write it."""
        named = ".".join(each for each in (self.schema, self.table) if each is not None)
        return f"{self.url}#{named}" if named else self.url


def parse(text: str) -> tuple[sa.URL, Address]:
    """The URL for connecting, with its driver, and the address to show; SettingsError where it is not understood.

    `#table` and `#schema.table` may follow; a name with a dot or a mark is put in double quotes.
    """
    written, fragment = _split(text)
    _require_known(written)
    try:
        url = with_driver(sa.make_url(written))
    except (sa.exc.ArgumentError, ValueError):  # whose messages may hold a part of the password
        raise SettingsError("the URL of the database is not understood", hint=_SHAPE) from None
    if "@" in (url.host or ""):  # a part of the password, and not shown
        raise SettingsError("the URL of the database is not understood", hint=_SHAPE)
    schema, table = _names(fragment)
    return url, Address(kind=kind(url), url=shown(url), schema=schema, table=table)


def with_driver(url: sa.URL) -> sa.URL:
    """The URL with the driver that its kind of database is reached by; SettingsError where it names another."""
    name = kind(url)
    _require_known(f"{name}://")
    given, wanted = url.drivername.partition("+")[2], DRIVERS[name].partition("+")[2]
    if given not in ("", wanted):
        raise SettingsError(
            f"the driver {given!r} of {name} is not used here", hint=f"Leave +{given} out; {name} has one driver here."
        )
    return url.set(drivername=DRIVERS[name])


def shown(url: sa.URL) -> str:
    """A URL with neither password nor driver."""
    hidden = {key: "***" for key in url.query if SECRET.search(key)}
    bare = url.set(drivername=kind(url)).update_query_dict(hidden)
    return bare.render_as_string(hide_password=True).replace("=%2A%2A%2A", "=***")


def secrets(url: sa.URL) -> list[str]:
    """Every secret that a URL holds."""
    query = [value for key, found in url.query.items() if SECRET.search(key) for value in _all(found)]
    return [each for each in (str(url.password or ""), *query) if each]


def kind(url: sa.URL) -> str:
    """The kind of database that a URL leads to."""
    name = url.get_backend_name()
    return ALIASES.get(name, name)


def _all(found: str | tuple[str, ...]) -> tuple[str, ...]:
    return (found,) if isinstance(found, str) else found


def _split(text: str) -> tuple[str, str]:
    """The URL, and what follows the last `#` outside of quotes."""
    found = re.fullmatch(r'(.*?)#((?:"(?:[^"]|"")*"|[^"#])*)', text, re.S)
    return (found[1], found[2]) if found else (text, "")


def _require_known(written: str) -> None:
    scheme, mark, _ = written.partition("://")
    if not mark or not re.fullmatch(r"[a-z0-9+_]+", scheme):
        raise SettingsError("the address of the database is not a URL", hint=_SHAPE)
    name = scheme.partition("+")[0]
    if ALIASES.get(name, name) not in DRIVERS:
        raise SettingsError(
            f"there is no kind of database {name!r}", hint=f"It can be one of {', '.join(sorted(DRIVERS | ALIASES))}."
        )


def _names(fragment: str) -> tuple[str | None, str | None]:
    if not fragment:
        return None, None
    found = re.fullmatch(rf"(?:{_NAME.pattern}\.)?{_NAME.pattern}", fragment)
    if found is None:  # it may be the rest of a password, and is not shown
        raise SettingsError("what stands after # in the URL is not a table", hint=_SHAPE)
    quoted, plain, quoted_table, plain_table = found.groups()
    return _unquoted(quoted, plain), _unquoted(quoted_table, plain_table)


def _unquoted(quoted: str | None, plain: str | None) -> str | None:
    return quoted.replace('""', '"') if quoted else plain
