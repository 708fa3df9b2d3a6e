"""Items: versioned, linked to every run that saw them, listed by filter, written in batches that are all or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from tablemend.errors import NotFound, StateError
from tablemend.records import Decision, Item, now
from tablemend.store import schema
from tablemend.store.codec import moment, pack, stamp, unpack
from tablemend.store.database import Database
from tablemend.store.decisions import Decisions
from tablemend.store.filters import Filter, checked, conditions, meets, members, words

PAGE = 1000
"""Items read at a time where all of them are streamed."""

_KEPT = 5000  # items of one answer up to which it is worth keeping in memory


class Standing(NamedTuple):
    """How an item stands, without what it says."""

    version: int
    content: str
    decision: str
    decided_by: str
    reason: str


class _Known(NamedTuple):
    """An item as it was before a batch."""

    seq: int
    version: int
    content: str
    body: bytes


class _Put(NamedTuple):
    """An item on its way into the state."""

    item: Item
    seq: int
    version: int
    body: bytes
    known: _Known | None

    @property
    def new_version(self) -> bool:
        """Whether it says something else than the version before."""
        return self.known is None or self.version != self.known.version

    @property
    def opens(self) -> bool:
        """Whether it holds what nobody has decided on."""
        return self.known is None or self.item.content != self.known.content


class Items:
    """The items of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._log = Decisions(database)

    def put(self, items: Sequence[Item]) -> None:
        """Write items of one run: new ones, new versions where anything differs, and a link to the run for each.

        A new version has the decision that was last taken on its content, else it is open; the log keeps every one.
        All or nothing. StateError where an item stands twice in the batch, its run is unknown or another than that of
        the rest, or its evidence speaks of a claim that it does not make.
        """
        if not items:
            return
        _require_sound(items)
        try:
            self._put(items, stamp(now()))
        except (sa.exc.IntegrityError, sa.exc.DataError) as problem:
            raise StateError(
                f"items cannot be kept: {problem.orig}", hint="Nothing of the batch was kept."
            ) from problem

    def _put(self, items: Sequence[Item], when: str) -> None:
        with self._database.transaction() as connection:
            run = _run(connection, items[0].run)
            known = self._known(connection, [item.id for item in items])
            following = _next(connection)
            puts: list[_Put] = []
            for item in items:
                before, body = known.get(item.id), _body(item)
                if before is None:
                    puts.append(_Put(item, following, 1, body, None))
                    following += 1
                else:
                    puts.append(_Put(item, before.seq, before.version + (body != before.body), body, before))
            insert = self._database.insert
            fresh = [each for each in puts if each.known is None]
            insert(connection, schema.items, _COLUMNS, [_row(each, run, when) for each in fresh])
            self._renew(connection, [each for each in puts if each.known is not None], run, when)
            insert(connection, schema.item_versions, _VERSION, _versions(puts, run, when))
            self._link(connection, puts, run, known=bool(known))

    def _known(self, connection: sa.Connection, ids: Sequence[str]) -> dict[str, _Known]:
        items, versions = schema.items.c, schema.item_versions.c
        query = (
            sa.select(items.id, items.seq, items.version, items.content, versions.body)
            .join(schema.item_versions, (versions.item == items.seq) & (versions.version == items.version))
            .where(self._database.dialect.within("items.id", ids))
        )
        return {identity: _Known(*rest) for identity, *rest in connection.execute(query)}

    def _renew(self, connection: sa.Connection, puts: Sequence[_Put], run: int, when: str) -> None:
        """Bring items that are seen again up to date: each has the decision that was last taken on its content."""
        same = [{"of": each.seq, "run": run} for each in puts if not each.new_version]
        if same:
            table = schema.items
            connection.execute(table.update().where(table.c.seq == sa.bindparam("of")), same)
        told = [each for each in puts if each.new_version]
        opened = [each for each in told if each.opens]
        standing = self._log.standing(connection, {each.seq: each.item.content for each in opened})
        values = {each.seq: _values(each, run, when) for each in told}
        if kept := [values[each.seq] for each in told if not each.opens]:
            connection.execute(_TELL, kept)
        if opened:
            connection.execute(_TELL.values(**_bound(_DECISION)), [values[e.seq] | standing[e.seq] for e in opened])

    def _link(self, connection: sa.Connection, puts: Sequence[_Put], run: int, *, known: bool) -> None:
        """Say that the run saw these versions; what it saw before keeps its place."""
        table = schema.item_runs
        last = connection.execute(sa.select(sa.func.max(table.c.position)).where(table.c.run == run)).scalar()
        start = 0 if last is None else last + 1
        linked: set[int] = set()
        if known and start:
            linked = set(connection.execute(sa.select(table.c.item).where(table.c.run == run)).scalars())
        new = [each for each in puts if each.seq not in linked]
        rows = [(run, n, each.seq, each.version, "") for n, each in enumerate(new, start=start)]
        self._database.insert(connection, table, ("run", "position", "item", "version", "applied"), rows)
        again = [{"of": each.seq, "now": each.version} for each in puts if each.seq in linked]
        if again:
            statement = table.update().where(table.c.run == run, table.c.item == sa.bindparam("of"))
            connection.execute(statement.values(version=sa.bindparam("now")), again)

    def select(self, wanted: Filter, *, limit: int | None = None, offset: int = 0) -> list[Item]:
        """Items that meet a filter, in the order in which their run found them, as that run saw them.

        Without a run they come in the order in which they were first seen, as their newest run saw them. Conditions are
        about what is shown: of an older run, about the older version. StateError for a filter that cannot be meant.
        """
        checked(wanted)

        def load(connection: sa.Connection) -> list[Item]:
            if wanted.run is not None and wanted.narrows and self._outdated(connection, wanted.run):
                whole = self._items(connection, self._query(Filter(run=wanted.run)).order_by(_order(wanted)))
                found = [item for item in whole if meets(item, wanted)]
                return found[offset:] if limit is None else found[offset : offset + limit]
            query = self._query(wanted).order_by(_order(wanted))
            query = query if limit is None else query.limit(limit)
            return self._items(connection, query.offset(offset) if offset else query)

        if limit is not None and limit > _KEPT:
            with self._database.reading() as connection:
                return load(connection)
        return list(self._database.recall(("items", wanted.key, limit, offset), load))

    @staticmethod
    def _outdated(connection: sa.Connection, run: str) -> bool:
        """Whether a run saw an older version of any item than the newest."""
        items, links = schema.items.c, schema.item_runs.c
        query = (
            sa.select(links.item)
            .join(schema.items, items.seq == links.item)
            .join(schema.runs, schema.runs.c.seq == links.run)
            .where(schema.runs.c.id == run, links.version < items.version)
        )
        return connection.execute(query.limit(1)).first() is not None

    def _items(self, connection: sa.Connection, query: sa.Select[Any]) -> list[Item]:
        """The items of a query; an older version has the decisions that it had, and people's on its content."""
        rows = connection.execute(query).all()
        older = [(row.seq, row.version) for row in rows if row.version < row.latest]
        then = self._log.then(connection, older) if older else {}
        return [_item(row, then.get((row.seq, row.version))) for row in rows]

    def mark(self, run: str) -> tuple[int, int]:
        """Another one as soon as any item of a run is new or says something else; decisions do not count."""
        links = schema.item_runs.c
        query = (
            sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(links.version), 0))
            .select_from(schema.item_runs)
            .join(schema.runs, schema.runs.c.seq == links.run)
            .where(schema.runs.c.id == run)
        )
        with self._database.reading() as connection:
            number, versions = connection.execute(query).one()
        return int(number), int(versions)

    def standing(self, run: str) -> list[tuple[str, str, str, str]]:
        """Id, decision, by whom, and change set that applied it, of every item of a run, without what it holds."""
        items, links = schema.items.c, schema.item_runs.c
        query = (
            sa.select(items.id, items.decision, items.decided_by, links.applied)
            .join(schema.item_runs, links.item == items.seq)
            .join(schema.runs, schema.runs.c.seq == links.run)
            .where(schema.runs.c.id == run)
            .order_by(links.position)
        )
        with self._database.reading() as connection:
            if not self._outdated(connection, run):
                return [tuple(row) for row in connection.execute(query)]
        return [(each.id, each.decision, each.decided_by, each.applied) for each in self.select(Filter(run=run))]

    def standings(self, ids: Iterable[str]) -> dict[str, Standing]:
        """How those of some items that there are stand, in their newest version."""
        return self._standings(self._database.dialect.within("items.id", list(ids)))

    def settled(self, kind: str, dataset: str) -> dict[str, Standing]:
        """How the items of a type and dataset stand that are approved or rejected."""
        items = schema.items.c
        decided = items.decision.in_(("approved", "rejected"))
        return self._standings(items.type == kind, items.dataset == dataset, decided)

    def _standings(self, *chosen: sa.ColumnElement[bool]) -> dict[str, Standing]:
        items = schema.items.c
        columns = (items.version, items.content, items.decision, items.decided_by, items.reason)
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(items.id, *columns).where(*chosen))
            return {identity: Standing(*rest) for identity, *rest in rows}

    def runs(self, *, limit: int = 100) -> list[str]:
        """Finished runs that were the last to see any item, the newest first; of each kind and dataset the newest."""
        items, runs = schema.items.c, schema.runs.c
        newest = sa.func.max(runs.seq)
        query = (
            sa.select(newest)
            .where(runs.status.in_(("completed", "partial")), runs.seq.in_(sa.select(items.run)))
            .group_by(runs.kind, runs.dataset)
            .order_by(newest.desc())
            .limit(limit)
        )

        def load(connection: sa.Connection) -> list[str]:
            names = sa.select(runs.id).where(runs.seq.in_(query)).order_by(runs.seq.desc())
            return list(connection.execute(names).scalars())

        return self._database.recall(("item runs", limit), load)

    def named(self, ids: Sequence[str], run: str | None = None) -> list[str]:
        """The whole ids of items, given whole or as unmistakable beginnings; `NotFound` otherwise."""
        table = schema.items
        query = sa.select(table.c.id).where(self._database.dialect.within("items.id", ids))
        if run is not None:
            query = query.join(schema.item_runs, schema.item_runs.c.item == table.c.seq)
            query = query.join(schema.runs, schema.runs.c.seq == schema.item_runs.c.run).where(schema.runs.c.id == run)
        with self._database.reading() as connection:
            whole = set(connection.execute(query).scalars())
        return [each if each in whole else self.get(each, run).id for each in ids]

    def stream(self, wanted: Filter, *, page: int = PAGE) -> Iterator[Item]:
        """All items that meet a filter, a page at a time; each page is as quick as the first."""
        checked(wanted)
        with self._database.reading() as connection:
            outdated = wanted.run is not None and self._outdated(connection, wanted.run)
        asked = Filter(run=wanted.run) if outdated else wanted
        place, last = _order(wanted), -1
        while True:
            query = self._query(asked).add_columns(place.label("place")).where(place > last).order_by(place).limit(page)
            with self._database.reading() as connection:
                places = [row.place for row in connection.execute(query)]
                found = self._items(connection, query)
            yield from (item for item in found if not outdated or meets(item, wanted))
            if len(places) < page:
                return
            last = places[-1]

    def _query(self, wanted: Filter) -> sa.Select[Any]:
        items, links, versions = schema.items, schema.item_runs, schema.item_versions
        query = (
            sa.select(*_READ)
            .select_from(links)
            .join(items, items.c.seq == links.c.item)
            .join(versions, (versions.c.item == links.c.item) & (versions.c.version == links.c.version))
            .join(schema.runs, schema.runs.c.seq == links.c.run)
        )
        if wanted.run is None:
            query = query.where(links.c.run == items.c.run)
        else:
            run = sa.select(schema.runs.c.seq).where(schema.runs.c.id == wanted.run).scalar_subquery()
            query = query.where(links.c.run == run)
        return query.where(*conditions(wanted, self._database.dialect))

    def get(self, item: str, run: str | None = None) -> Item:
        """One item by id, or by an unmistakable beginning of it; `NotFound` otherwise."""
        table = schema.items
        query = sa.select(table.c.id).where(table.c.id.startswith(item, autoescape=True))
        if run is not None:
            query = query.join(schema.item_runs, schema.item_runs.c.item == table.c.seq)
            query = query.join(schema.runs, schema.runs.c.seq == schema.item_runs.c.run).where(schema.runs.c.id == run)
        with self._database.reading() as connection:
            ids = list(connection.execute(query.limit(2)).scalars())
        if len(ids) != 1 or not item:
            raise NotFound(
                f"{item} begins the names of several items" if item and ids else f"there is no item {item!r}",
                hint="`tablemend items` lists them.",
            )
        return self.select(Filter(run=run, ids=tuple(ids)))[-1]

    def versions(self, item: str) -> list[Item]:
        """Every version of an item as it was, oldest first; `NotFound` where there is none."""
        items, versions, runs = schema.items.c, schema.item_versions.c, schema.runs.c
        query = (
            sa.select(versions.body, versions.version, runs.id, versions.created)
            .join(schema.items, items.seq == versions.item)
            .join(schema.runs, runs.seq == versions.run)
            .where(items.id == item)
            .order_by(versions.version)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        if not rows:
            raise NotFound(f"there is no item {item!r}", hint="`tablemend items` lists them.")
        return [
            msgspec.structs.replace(unpack(body, Item), version=version, run=run, updated=moment(created))
            for body, version, run, created in rows
        ]

    def count(self, wanted: Filter) -> int:
        """How many items meet a filter."""
        checked(wanted)

        def load(connection: sa.Connection) -> int:
            if wanted.run is not None and wanted.narrows and self._outdated(connection, wanted.run):
                return sum(meets(item, wanted) for item in self._items(connection, self._query(Filter(run=wanted.run))))
            query = sa.select(sa.func.count()).select_from(self._query(wanted).subquery())
            return int(connection.execute(query).scalar_one())

        return self._database.recall(("count", wanted.key), load)

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Append decisions to the log and make them current; all or nothing."""
        self._log.append(decisions)

    def decisions(self, item: str) -> list[Decision]:
        """The log of one item, oldest first."""
        return self._log.of(item)

    def decided(self, *, type: str | None = None, people: bool = False) -> Iterator[tuple[Item, Decision]]:  # noqa: A002
        """Items that have a decision, as they were when it was taken, each with the last one, or the last of people."""
        return self._log.last(type, people=people)

    def mark_applied(self, run: str, items: Iterable[str], change_set: str) -> None:
        """Say which change set carried out items of a run; an empty one says that it was undone."""
        chosen = list(items)
        if not chosen:
            return
        table = schema.item_runs
        which = sa.select(schema.items.c.seq).where(self._database.dialect.within("items.id", chosen))
        with self._database.transaction() as connection:
            statement = table.update().where(table.c.run == _run(connection, run), table.c.item.in_(which))
            connection.execute(statement.values(applied=change_set))


_DECISION = ("decision", "decided_by", "reason")
_COLUMNS = tuple(column.name for column in schema.items.columns)
_VERSION = tuple(column.name for column in schema.item_versions.columns)
_CHANGED = tuple(name for name in _COLUMNS if name not in ("seq", "id", "created", *_DECISION))


def _bound(names: Iterable[str]) -> dict[str, sa.BindParameter[Any]]:
    return {name: sa.bindparam(name) for name in names}


_SEQ = "seq_of"  # a statement may not bind a value under the name of the column that it looks for
_TELL = schema.items.update().where(schema.items.c.seq == sa.bindparam(_SEQ)).values(**_bound(_CHANGED))
"""Brings items to what a new version says."""

_READ = (
    schema.item_versions.c.body,
    schema.item_runs.c.version,
    schema.item_versions.c.content,
    schema.runs.c.id.label("run"),
    schema.item_runs.c.applied,
    schema.items.c.content.label("newest"),
    schema.items.c.decision,
    schema.items.c.decided_by,
    schema.items.c.reason,
    schema.items.c.created,
    schema.items.c.updated,
    schema.items.c.seq,
    schema.items.c.version.label("latest"),
)


def _require_sound(items: Sequence[Item]) -> None:
    if len({item.id for item in items}) != len(items):
        raise StateError("an item stands twice in one batch", hint="Give each item an id of its own.")
    run = items[0].run
    for item in items:
        if item.run != run:
            raise StateError(f"a batch holds items of the runs {run} and {item.run}", hint="Put the items run by run.")
        if item.evidence:
            _require_linked(item)


def _require_linked(item: Item) -> None:
    claims = {claim.id for claim in item.claims}
    for each in item.evidence:
        if not claims.issuperset(each.claims):
            missing = ", ".join(sorted(set(each.claims) - claims))
            raise StateError(
                f"evidence {each.id} of item {item.id} speaks of {missing}, which it does not claim",
                hint="Name claims of the same item.",
            )


def _run(connection: sa.Connection, run: str) -> int:
    found = connection.execute(sa.select(schema.runs.c.seq).where(schema.runs.c.id == run)).scalar()
    if found is None:
        raise StateError(f"there is no run {run}", hint="Begin the run before its items.")
    return int(found)


def _next(connection: sa.Connection) -> int:
    """Number of the next new item; only one writer at a time gets here."""
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(schema.items.c.seq), 0))).scalar_one()) + 1


_NUL = rb"\u0000"
_NEITHER = {"run": "", "version": 1, "created": None, "updated": None, "stale": False, "applied": ""}
_UNDECIDED = {"decision": "open", "decided_by": "", "reason": ""}


def _body(item: Item) -> bytes:
    """What a version says, without what the state itself knows of the item; StateError for what not all can hold."""
    body = pack(msgspec.structs.replace(item, **_NEITHER, **_UNDECIDED))
    if _NUL in body:
        raise StateError(f"item {item.id} holds a NUL character, which PostgreSQL cannot", hint="Leave it out.")
    return body


def _versions(puts: Iterable[_Put], run: int, when: str) -> list[tuple[Any, ...]]:
    return [(each.seq, each.version, run, each.item.content, each.body, when) for each in puts if each.new_version]


def _row(put: _Put, run: int, when: str) -> tuple[Any, ...]:
    """A row of the table of items, in the order of its columns."""
    item = put.item
    return (
        put.seq,
        item.id,
        put.version,
        run,
        item.dataset,
        item.type,
        item.check,
        item.operation,
        members(item.columns),
        item.dimension,
        members(item.flags),
        item.confidence,
        item.scores.get("total"),
        item.cells,
        item.rows,
        "open",
        "",
        "",
        item.content,
        words(item),
        when,
        when,
    )


def _values(put: _Put, run: int, when: str) -> dict[str, Any]:
    """What a statement that renews an item binds."""
    found = dict(zip(_COLUMNS, _row(put, run, when), strict=True))
    return {_SEQ: put.seq} | {name: found[name] for name in _CHANGED}


def _order(wanted: Filter) -> sa.ColumnElement[int]:
    return schema.items.c.seq if wanted.run is None else schema.item_runs.c.position


def _item(row: Any, then: Mapping[str, str] | None) -> Item:
    decision = then or {"decision": row.decision, "decided_by": row.decided_by, "reason": row.reason}
    return msgspec.structs.replace(
        unpack(row.body, Item),
        run=row.run,
        version=row.version,
        applied=row.applied,
        stale=row.content != row.newest,
        created=moment(row.created),
        updated=moment(row.updated),
        **decision,
    )
