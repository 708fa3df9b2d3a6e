"""The ledger of jobs in a database: beside the data, and committed with it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from tablemend.batching import Attempt, Batch, Rejection, Settled
from tablemend.databases.database import Database
from tablemend.databases.pool import PoolLimits
from tablemend.errors import ConstraintBroken, StateError, Stopped
from tablemend.records import now

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = 200
"""Most characters of the name of a job, and of what tells its source: keys of 767 bytes are the least that a supported
database allows (MySQL, four bytes a character)."""


JOBS, BATCHES, QUARANTINE = "tablemend_jobs", "tablemend_batches", "tablemend_quarantine"
OWN = frozenset({JOBS, BATCHES, QUARANTINE})
"""Tables that are this tool's and nobody's data."""


class DatabaseLedger:
    """Jobs, their settled batches and their rejected rows, in three tables of the database that the data goes to.

    A job belongs to the runner that began it last: an older one stops at its next batch. Safe for threads; a copy in
    another process belongs to the same runner.
    """

    def __init__(self, database: Database, *, source: str = "", schema: str | None = None) -> None:
        """`source` tells the input, such as its hash: a job is not taken up with another one."""
        self.database = database
        self._source = source[:NAME]
        self._schema = schema
        self._owner = secrets.token_hex(16)
        self._tables = LedgerTables(schema)

    def __getstate__(self) -> dict[str, Any]:
        url = self.database.url.render_as_string(hide_password=False)
        return {
            "url": url,
            "limits": self.database.limits,
            "source": self._source,
            "schema": self._schema,
            "owner": self._owner,
        }

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.database = _opened(state["url"], state["limits"])
        self._source, self._schema, self._owner = state["source"], state["schema"], state["owner"]
        self._tables = LedgerTables(self._schema)

    def begin(self, job: str) -> Sequence[Settled]:
        """Take the job over and give what it has settled, in the order of positions; StateError for another source."""
        if not 0 < len(job) <= NAME or job != job.strip() or not job.isprintable():
            raise StateError(
                f"a job cannot be called {job!r}",
                hint=f"Give it a name of 1 to {NAME} characters, without space around it or breaks of lines.",
            )
        self._make_tables()
        jobs, batches = self._tables.jobs, self._tables.batches
        with self.database.transaction() as connection:
            taken = {"owner": self._owner, "status": "running", "started": _moment()}
            if not connection.execute(sa.update(jobs).where(jobs.c.job == job).values(**taken)).rowcount:
                connection.execute(sa.insert(jobs).values(job=job, source=self._source, **taken))
            known = connection.execute(sa.select(jobs.c.source).where(jobs.c.job == job)).scalar_one()
            if known != self._source:
                now_there = self._source or "unnamed"
                raise StateError(
                    f"the job {job!r} began with another source ({known or 'unnamed'}, not {now_there})",
                    hint="Hand over the source that it began with, or give this job another name.",
                )
            found = connection.execute(_outcomes(batches).where(batches.c.job == job).order_by(batches.c.first_row))
            return [_settled(row) for row in found]

    def _make_tables(self) -> None:
        """Make the tables where they are not there; another process may make them at the same moment."""
        try:
            with self.database.transaction() as connection:
                self._tables.metadata.create_all(connection)
        except Exception:
            with self.database.connect() as connection:
                if not all(
                    connection.dialect.has_table(connection, each.name, schema=self._schema)
                    for each in self._tables.metadata.sorted_tables
                ):
                    raise

    @contextmanager
    def transaction(self, batch: Batch, attempt: Attempt) -> Iterator[sa.Connection]:
        """A transaction in which each statement has the time of the attempt; a stopped attempt is cancelled there."""
        del batch
        with (
            self.database.transaction(timeout=attempt.timeout) as connection,
            attempt.cancelling(partial(self.database.cancel, connection)),
        ):
            yield connection

    def settle(
        self, transaction: sa.Connection, batch: Batch, settled: Settled, rejections: Sequence[Rejection]
    ) -> None:
        """Write down, in the transaction, the outcomes of a batch.

        Stopped where another runner has taken the job over; ConstraintBroken where the batch was settled already.
        """
        self._require_owned(transaction, batch.job)
        transaction.execute(sa.insert(self._tables.batches).values(**self._row(batch.job, settled)))
        if rejections:
            rows = [
                {
                    "job": batch.job,
                    "source_row": each.position,
                    "reason": _text(each.reason),
                    "content": _json(each.row),
                }
                for each in rejections
            ]
            transaction.execute(sa.insert(self._tables.quarantine), rows)

    def _require_owned(self, connection: sa.Connection, job: str) -> None:
        """Hold the job in a lock that many batches share, so that nobody takes it over before the commit."""
        jobs = self._tables.jobs
        query = sa.select(jobs.c.owner).where(jobs.c.job == job)
        if self.database.kind in ("postgresql", "mysql"):  # in the embedded ones, writers wait for each other anyway
            query = query.with_for_update(read=True)
        owner = connection.execute(query).scalar_one_or_none()
        if owner != self._owner:
            raise Stopped(
                f"another runner has taken the job {job!r} over",
                hint="Let one runner at a time work on a job; what this one committed is kept.",
            )

    def find(self, batch: Batch) -> Settled | None:
        """What became of a batch whose commit nobody saw end.

        It tries to write the same key, and so waits for a commit that is still under way; what it writes is taken back.
        """
        batches = self._tables.batches
        try:
            with self.database.transaction() as connection:
                row = self._row(batch.job, Settled(first=batch.first, rows=len(batch), skipped=len(batch)))
                connection.execute(sa.insert(batches).values(**row))
                raise _NotThere
        except _NotThere:
            return None
        except ConstraintBroken:
            with self.database.connect() as connection:
                query = _outcomes(batches).where(batches.c.job == batch.job, batches.c.first_row == batch.first)
                found = _settled(connection.execute(query).one())
        if found.rows != len(batch):
            raise StateError(
                f"the {len(batch):,} rows from row {batch.first:,} on were settled as {found.rows:,} rows",
                hint="Another runner works on the same job; let one at a time do so.",
            ) from None
        return found

    def finish(self, job: str, status: str) -> None:
        """Note how the job ended, unless another runner has taken it over."""
        jobs = self._tables.jobs
        mine = sa.and_(jobs.c.job == job, jobs.c.owner == self._owner)
        with self.database.transaction() as connection:
            connection.execute(sa.update(jobs).where(mine).values(status=status, ended=_moment()))

    def _row(self, job: str, settled: Settled) -> dict[str, Any]:
        counts = {name: getattr(settled, name) for name in _COUNTS}
        return {"job": job, "first_row": settled.first, "row_count": settled.rows, "settled_at": _moment(), **counts}


class LedgerTables:
    """The tables of a ledger."""

    def __init__(self, schema: str | None) -> None:
        self.metadata = sa.MetaData(schema=schema)
        exact = mysql.VARCHAR(NAME, charset="utf8mb4", collation="utf8mb4_bin")  # else Job is job there
        name, text = sa.String(NAME).with_variant(exact, "mysql", "mariadb"), sa.Text()
        self.jobs = sa.Table(
            JOBS,
            self.metadata,
            sa.Column("job", name, primary_key=True),
            sa.Column("source", name, nullable=False),
            sa.Column("owner", sa.String(32), nullable=False),
            sa.Column("status", sa.String(20), nullable=False),
            sa.Column("started", sa.String(32), nullable=False),
            sa.Column("ended", sa.String(32)),
        )
        number = partial(sa.Column, type_=sa.BigInteger, nullable=False)
        self.batches = sa.Table(
            BATCHES,
            self.metadata,
            sa.Column("job", name, primary_key=True),
            sa.Column("first_row", sa.BigInteger, primary_key=True, autoincrement=False),
            number("row_count"),
            *(number(each) for each in _COUNTS),
            sa.Column("settled_at", sa.String(32), nullable=False),
        )
        self.quarantine = sa.Table(
            QUARANTINE,
            self.metadata,
            sa.Column("job", name, primary_key=True),
            sa.Column("source_row", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("reason", text, nullable=False),
            sa.Column("content", text, nullable=False),
        )


_COUNTS = ("inserted", "updated", "skipped", "rejected")


class _NotThere(Exception):
    """Takes back what `find` wrote."""


def _outcomes(batches: sa.Table) -> sa.Select[Any]:
    return sa.select(batches.c.first_row, batches.c.row_count, *(batches.c[name] for name in _COUNTS))


def _settled(row: Any) -> Settled:
    first, rows, *counts = (int(each) for each in row)
    return Settled(first=first, rows=rows, **dict(zip(_COUNTS, counts, strict=True)))


def _moment() -> str:
    """The present moment as text, which every database keeps alike."""
    return now().isoformat()


def _json(row: Any) -> str:
    """A row as JSON; what JSON cannot hold as its text, bytes as hexadecimal."""
    return _text(json.dumps(row, ensure_ascii=False, default=lambda it: it.hex() if isinstance(it, bytes) else str(it)))


def _text(said: str) -> str:
    """A text that every database can hold."""
    return said.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")


_OPENED: dict[str, Database] = {}


def _opened(url: str, limits: PoolLimits) -> Database:
    """One database for each URL of a process that works on batches: it lives as long as the process."""
    if url not in _OPENED:
        _OPENED[url] = Database(url, limits=limits, purpose="batches")
    return _OPENED[url]
