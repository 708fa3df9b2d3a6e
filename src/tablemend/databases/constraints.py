"""Constraints that a table declares and its rows may break all the same.

What is unique, and the columns of a primary key, cannot be broken: every database here keeps an index for them. Nor can
NOT NULL, but where PostgreSQL was told not to look at the rows that were there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import TokenError
from sqlglot.tokens import Token, TokenType

from tablemend.databases.dialects.catalogue import queries
from tablemend.errors import DatabaseError
from tablemend.records import Record

if TYPE_CHECKING:
    from tablemend.databases.database import Database
    from tablemend.databases.introspection import TableDescription


class Constraint(Record, frozen=True, kw_only=True):
    """A condition that every row should meet."""

    name: str
    expression: str  # in the SQL of the database; a row breaks it where it is false
    columns: tuple[str, ...]  # that it speaks of


def unproven(database: Database, table: TableDescription) -> tuple[Constraint, ...]:
    """Constraints that the database does not vouch for.

    PostgreSQL: those that are NOT VALID or not enforced. SQLite, MySQL and MariaDB: every CHECK, because a session can
    switch them off and nothing notes that it did. DuckDB: none, because they are always enforced.
    """
    with database.connect(read_only=database.guards_reading) as connection:
        return tuple(
            Constraint(name=name, expression=text, columns=_spoken_of(text, database.kind, table))
            for name, text in _found(database, connection, table)
        )


def _found(database: Database, connection: sa.Connection, table: TableDescription) -> list[tuple[str, str]]:
    known = queries(database.kind)
    binds = {"schema": table.schema, "table": table.name}
    if "unproven" in known:
        return [(str(row.name), str(row.expression)) for row in connection.execute(sa.text(known["unproven"]), binds)]
    quote = database.dialect.identifier_preparer.quote
    if "definition" in known:
        statement = known["definition"].replace("{schema}", quote(table.schema))
        text = connection.execute(sa.text(statement), {"table": table.name}).scalar()
    elif database.kind == "mysql" and table.kind == "table":
        statement = f"SHOW CREATE TABLE {quote(table.schema)}.{quote(table.name)}".replace("%", "%%")
        text = connection.exec_driver_sql(statement).one()[1]
    else:
        text = None
    return list(checks(str(text), database.kind)) if text is not None else []


def checks(definition: str, kind: str) -> Iterator[tuple[str, str]]:
    """Name and condition of every CHECK in the text of a CREATE TABLE, as it is written there."""
    tokens = _tokens(definition, kind)
    number = 0
    for place, token in enumerate(tokens[:-1]):
        if token.text.upper() == "CHECK" and tokens[place + 1].token_type is TokenType.L_PAREN and _bare(token):
            number += 1
            last = _closing(tokens, place + 1)
            named = place >= 2 and tokens[place - 2].text.upper() == "CONSTRAINT"
            name = tokens[place - 1].text if named else f"check {number}"
            yield name, definition[tokens[place + 1].end + 1 : tokens[last].start].strip()


def _bare(token: Token) -> bool:
    """Whether the token is a word of SQL, not a name in quotes."""
    return token.end - token.start + 1 == len(token.text)


def _closing(tokens: list[Token], opening: int) -> int:
    depth = 0
    for place in range(opening, len(tokens)):
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(tokens[place].token_type, 0)
        if not depth:
            return place
    raise DatabaseError("the definition of the table ends within a CHECK", hint="Look at it in the database.")


def _tokens(text: str, kind: str) -> list[Token]:
    try:
        found: list[Token] = Dialect.get_or_raise(_GRAMMARS[kind]).tokenize(text)
    except TokenError as problem:
        raise DatabaseError(f"a constraint cannot be read: {problem}", hint="Look at it in the database.") from problem
    return found


_GRAMMARS = {"postgresql": "postgres", "mysql": "mysql", "sqlite": "sqlite", "duckdb": "duckdb", "mssql": "tsql"}
"""Kind of database → the name that sqlglot has for its SQL."""


def _spoken_of(text: str, kind: str, table: TableDescription) -> tuple[str, ...]:
    words = {str(token.text).lower() for token in _tokens(text, kind) if not _is_text(token)}
    return tuple(column.name for column in table.columns if column.name.lower() in words)


def _is_text(token: Any) -> bool:
    return token.token_type in (TokenType.STRING, TokenType.NATIONAL_STRING)
