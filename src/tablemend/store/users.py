"""The people who may sign in."""

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

_table = schema.users


class User(Record, frozen=True, kw_only=True):
    """Somebody who may sign in."""

    name: str
    role: str  # viewer, reviewer, approver, admin
    password: bool  # whether there is one; without, only links and tokens let in
    disabled: bool = False
    created: datetime
    changed: datetime


class Users:
    """The users of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[User]:
        """Every user by name."""
        query = sa.select(_table).order_by(_table.c.name)
        with self._database.reading() as connection:
            return [_user(row) for row in connection.execute(query).mappings()]

    def any(self) -> bool:
        """Whether there is one."""
        with self._database.reading() as connection:
            return connection.execute(sa.select(_table.c.seq).limit(1)).first() is not None

    def find(self, name: str) -> User | None:
        """One user, None where there is none of that name."""
        query = sa.select(_table).where(_table.c.name == name)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else _user(row)

    def get(self, name: str) -> User:
        """One user; NotFound where there is none of that name."""
        found = self.find(name)
        if found is None:
            raise NotFound(f"there is no user {name}", hint="`tablemend users list` lists them.")
        return found

    def hashed(self, name: str) -> str:
        """The hash of a user's password; empty where there is no user or no password."""
        query = sa.select(_table.c.password).where(_table.c.name == name)
        with self._database.reading() as connection:
            return connection.execute(query).scalar() or ""

    def add(self, name: str, role: str, *, password: str) -> None:
        """Add a user, given the hash of the password."""
        when = stamp(now())
        values = {"name": name, "role": role, "password": password, "disabled": False, "created": when, "changed": when}
        with self._database.transaction() as connection:
            connection.execute(_table.insert().values(**values))

    def change(self, name: str, **values: Any) -> None:
        """Change columns of a user."""
        with self._database.transaction() as connection:
            connection.execute(_table.update().where(_table.c.name == name).values(changed=stamp(now()), **values))

    def remove(self, name: str) -> None:
        """Remove a user."""
        with self._database.transaction() as connection:
            connection.execute(_table.delete().where(_table.c.name == name))


def _user(row: Mapping[Any, Any]) -> User:
    created = moment(row["created"]) or now()
    return User(
        name=row["name"],
        role=row["role"],
        password=bool(row["password"]),
        disabled=row["disabled"],
        created=created,
        changed=moment(row["changed"]) or created,
    )
