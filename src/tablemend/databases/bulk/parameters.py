"""Parameters of queries, which are written `:name`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect

from tablemend.databases.bulk.dialect import Dialect
from tablemend.errors import DatabaseError, SettingsError

_TEXTS = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)


def bound(dialect: Dialect, sql: str, params: Mapping[str, Any]) -> tuple[str, Sequence[Any]]:
    """A query with its parameters as the driver takes them; SettingsError for one too many or too few."""
    if not params:
        return sql, ()
    written = sa.text(sql)
    names = list(written.compile().params)
    if unknown := [each for each in params if each not in names]:
        have = f"its parameters are {', '.join(f':{each}' for each in names)}" if names else "it has no parameters"
        raise SettingsError(
            f"the query has no parameter :{unknown[0]}; {have}", hint="Leave it out, or write it in the query."
        )
    if missing := [each for each in names if each not in params]:
        raise _missing(missing)
    compiled = written.bindparams(**params).compile(dialect=DefaultDialect(paramstyle=dialect.parameters))
    return str(compiled), [params[name] for name in compiled.positiontup or ()]


@contextmanager
def missing_told(sql: str, params: Mapping[str, Any]) -> Iterator[None]:
    """A query without any parameter given, which the database refuses because it has some, is said to lack them.

    What looks like one may be none, such as a slice of an array; therefore the database is asked first.
    """
    try:
        yield
    except DatabaseError as problem:
        names = (
            [] if params or type(problem) is not DatabaseError else list(sa.text(_TEXTS.sub("", sql)).compile().params)
        )
        if names:
            raise _missing(names, f" ({problem.message})") from problem
        raise


def _missing(names: Sequence[str], why: str = "") -> SettingsError:
    return SettingsError(
        f"the query has the parameter :{names[0]}, which is not given{why}",
        hint=f"Give its value: params={{'{names[0]}': …}}, on the command line --param {names[0]}=….",
    )
