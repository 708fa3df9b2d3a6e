"""Who is signed in; of the secret in the cookie only a hash is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tablemend.records import Record, now
from tablemend.store import schema
from tablemend.store.codec import moment, stamp
from tablemend.store.database import Database

_table = schema.sessions


class Session(Record, frozen=True, kw_only=True):
    """Somebody signed in on one browser."""

    user: str
    role: str = ""  # that a one-time link gave; empty: that of the user
    link: bool = False  # whether a one-time link began it
    created: datetime
    seen: datetime  # last request, to the minute
    expires: datetime  # whatever is done with it
    address: str = ""  # where it was begun from
    agent: str = ""  # browser that began it, as it calls itself


def digest(secret: str) -> str:
    """What is kept of a secret: its entropy is that of a key, so a plain hash cannot be guessed back."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Sessions:
    """The sessions of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, secret: str, session: Session) -> None:
        """Keep a session, and let go of those that have expired."""
        values = {
            "digest": digest(secret),
            "user": session.user,
            "role": session.role,
            "created": stamp(session.created),
            "seen": stamp(session.seen),
            "expires": stamp(session.expires),
            "address": session.address,
            "agent": session.agent,
        }
        with self._database.transaction() as connection:
            connection.execute(_table.delete().where(_table.c.expires <= stamp(now())))
            connection.execute(_table.insert().values(**values))

    def find(self, secret: str) -> Session | None:
        """The session of a secret, None where there is none; it may have expired."""
        query = sa.select(_table).where(_table.c.digest == digest(secret))
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else _session(row)

    def of(self, user: str | None = None) -> list[Session]:
        """Sessions of a user, or of all, the newest first."""
        query = sa.select(_table).order_by(_table.c.seq.desc())
        if user is not None:
            query = query.where(_table.c.user == user)
        with self._database.reading() as connection:
            return [_session(row) for row in connection.execute(query).mappings()]

    def touch(self, secret: str) -> None:
        """Note a request.

        It moves no counter of writes: a look at a page must not make every other page read anew.
        """
        with self._database.exclusively() as connection:
            connection.execute(_table.update().where(_table.c.digest == digest(secret)).values(seen=stamp(now())))

    def end(self, secret: str) -> None:
        """End one session."""
        with self._database.transaction() as connection:
            connection.execute(_table.delete().where(_table.c.digest == digest(secret)))

    def end_all(self, user: str, *, but: str | None = None) -> int:
        """End the sessions of a user, save that of one secret; how many."""
        query = _table.delete().where(_table.c.user == user)
        if but is not None:
            query = query.where(_table.c.digest != digest(but))
        with self._database.transaction() as connection:
            return connection.execute(query).rowcount


def _session(row: Mapping[Any, Any]) -> Session:
    created = moment(row["created"]) or now()
    return Session(
        user=row["user"],
        role=row["role"],
        link=bool(row["role"]),
        created=created,
        seen=moment(row["seen"]) or created,
        expires=moment(row["expires"]) or created,
        address=row["address"],
        agent=row["agent"],
    )
