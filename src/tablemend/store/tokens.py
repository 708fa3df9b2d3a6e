"""Tokens by which programs use the interface; of each only a hash is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tablemend.errors import NotFound
from tablemend.records import Record, now
from tablemend.store import schema
from tablemend.store.codec import moment, stamp
from tablemend.store.database import Database
from tablemend.store.sessions import digest

_table = schema.tokens


class Token(Record, frozen=True, kw_only=True):
    """A program's way in, in the name of a user."""

    id: str
    name: str  # what it is for
    user: str
    role: str  # at most; never more than the user's
    created: datetime
    expires: datetime | None = None
    used: datetime | None = None  # last use, to the minute


class Tokens:
    """The tokens of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, secret: str, token: Token) -> None:
        """Keep a token."""
        values = {
            "id": token.id,
            "digest": digest(secret),
            "name": token.name,
            "user": token.user,
            "role": token.role,
            "created": stamp(token.created),
            "expires": None if token.expires is None else stamp(token.expires),
        }
        with self._database.transaction() as connection:
            connection.execute(_table.insert().values(**values))

    def find(self, secret: str) -> Token | None:
        """The token of a secret, None where there is none; it may have expired."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(_table).where(_table.c.digest == digest(secret))).mappings().first()
        return None if row is None else _token(row)

    def get(self, token: str) -> Token:
        """One token by its id; NotFound where there is none."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(_table).where(_table.c.id == token)).mappings().first()
        if row is None:
            raise NotFound(f"there is no token {token}", hint="`tablemend tokens list` lists them.")
        return _token(row)

    def of(self, user: str | None = None) -> list[Token]:
        """Tokens of a user, or of all, the oldest first."""
        query = sa.select(_table).order_by(_table.c.seq)
        if user is not None:
            query = query.where(_table.c.user == user)
        with self._database.reading() as connection:
            return [_token(row) for row in connection.execute(query).mappings()]

    def touch(self, token: str) -> None:
        """Note a use; it moves no counter of writes, as that of a session."""
        with self._database.exclusively() as connection:
            connection.execute(_table.update().where(_table.c.id == token).values(used=stamp(now())))

    def remove(self, token: str) -> None:
        """Let a token count no longer."""
        with self._database.transaction() as connection:
            connection.execute(_table.delete().where(_table.c.id == token))

    def remove_all(self, user: str) -> int:
        """Let no token of a user count any longer; how many there were."""
        with self._database.transaction() as connection:
            return connection.execute(_table.delete().where(_table.c.user == user)).rowcount


def _token(row: Mapping[Any, Any]) -> Token:
    return Token(
        id=row["id"],
        name=row["name"],
        user=row["user"],
        role=row["role"],
        created=moment(row["created"]) or now(),
        expires=moment(row["expires"]),
        used=moment(row["used"]),
    )
