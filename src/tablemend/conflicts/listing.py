"""Choosing among kept conflicts, in the database that holds them: pages, counts, and what became of one."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa
from msgspec.structs import replace

from tablemend.conflicts.assembling import KEY
from tablemend.conflicts.changes import STATUSES
from tablemend.conflicts.keeping import Keeper, history_schema, schema
from tablemend.errors import NotFound, SettingsError
from tablemend.records import Record

if TYPE_CHECKING:
    import pyarrow as pa

Sort = Literal["changed_at", "first_at", "amount", "overlap_minutes", "start_a", "miles", "status", "flags"]
MOST_IDS = 5_000
"""Ids that are looked for one by one; with more, all rows are read."""
SORTS: tuple[str, ...] = ("changed_at", "first_at", "amount", "overlap_minutes", "start_a", "miles", "status", "flags")


class Wanted(Record, frozen=True, kw_only=True):
    """Which conflicts; every condition must hold, and one that is empty always does."""

    ids: tuple[str, ...] = ()
    status: tuple[str, ...] = ()  # N, U, W, I, R, D
    flags: tuple[str, ...] = ()  # at least one of them
    classes: tuple[str, ...] = ()  # avoidance, recovery
    differ: str = ""  # of one of the two rows, such as an agency
    entity: str = ""  # as it is kept
    text: str = ""  # the beginning of a key, of a row's id, or of what must differ
    found: bool | None = None  # whether the newest run found it
    run: str = ""  # that changed it last
    min_amount: float | None = None


class Page(Record, frozen=True, kw_only=True):
    """Some of the conflicts that are wanted, and how many there are."""

    rows: tuple[dict[str, Any], ...]  # columns of the table of conflicts
    total: int


class Summary(Record, frozen=True, kw_only=True):
    """Counts of kept conflicts."""

    total: int
    statuses: dict[str, int]  # status → conflicts
    flags: dict[str, int]  # flag → conflicts that are found and that nobody set aside
    amounts: dict[str, float]  # class → money at stake in these


OPEN = ("N", "U", "W")
"""Statuses of what is still to be settled."""


class Listing:
    """The kept conflicts of one ruleset."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._table = described(keeper.table, schema())

    def page(
        self, wanted: Wanted, *, sort: str = "changed_at", descending: bool = True, limit: int = 100, offset: int = 0
    ) -> Page:
        """Conflicts in an order that is always the same; those without a value in `sort` come last."""
        if sort not in SORTS:
            raise SettingsError(f"conflicts are not sorted by {sort!r}", hint=f"Choose {', '.join(SORTS)}.")
        if not self._keeper.is_there:
            return Page(rows=(), total=0)
        column = self._table.c[sort]
        order = (sa.case((column.is_(None), 1), else_=0), column.desc() if descending else column, self._table.c[KEY])
        query = self._chosen(wanted, *self._table.c).order_by(*order).limit(limit).offset(offset)
        with self._connected() as connection:
            total = connection.execute(self._chosen(wanted, sa.func.count())).scalar_one()
            rows = tuple(dict(row) for row in connection.execute(query).mappings())
        return Page(rows=rows, total=int(total))

    def rows(self, wanted: Wanted) -> pa.Table:
        """All that are wanted, as the table holds them, without `ruleset`."""
        import pyarrow as pa

        kept = schema()
        kinds = kept.remove(kept.get_field_index("ruleset"))
        if not self._keeper.is_there:
            return kinds.empty_table()
        if len(wanted.ids) > MOST_IDS:
            return self._among(wanted)
        query = self._chosen(wanted, *(self._table.c[name] for name in kinds.names)).order_by(self._table.c[KEY])
        with self._connected() as connection:
            columns = list(zip(*connection.execute(query), strict=True)) or [()] * len(kinds)
        return pa.table([pa.array(each, kind.type) for each, kind in zip(columns, kinds, strict=True)], schema=kinds)

    def _among(self, wanted: Wanted) -> pa.Table:
        """Rows that are wanted by more ids than a statement can bind."""
        import pyarrow as pa
        import pyarrow.compute as pc

        others = replace(wanted, ids=())
        found = self._keeper.kept() if others == Wanted() else self.rows(others)
        return found.filter(pc.is_in(found[KEY], pa.array(wanted.ids, pa.string()))).sort_by(KEY)

    def get(self, conflict: str) -> dict[str, Any]:
        """A kept conflict by its key; NotFound."""
        found = self.page(Wanted(ids=(conflict,)), limit=1).rows
        if not found:
            raise NotFound(f"no conflict {conflict} is kept here", hint="`tablemend conflicts list` lists them.")
        return found[0]

    def history(self, conflict: str) -> list[dict[str, Any]]:
        """What was done to a conflict by runs and by people, the oldest first."""
        if not self._keeper.is_there:
            return []
        table = described(self._keeper.history, history_schema())
        query = sa.select(*table.c).where(table.c[KEY] == conflict).order_by(table.c["at"], table.c["change"])
        with self._connected() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def summary(self) -> Summary:
        """Counts by status and by flag, and the money at stake."""
        if not self._keeper.is_there:
            return Summary(total=0, statuses=dict.fromkeys(STATUSES, 0), flags={}, amounts={})
        c = self._table.c
        open_ = Wanted(status=OPEN, found=True)
        count, amount = sa.func.count(), sa.func.sum(c["amount"])
        with self._connected() as connection:
            statuses = connection.execute(self._chosen(Wanted(), c["status"], count).group_by(c["status"])).all()
            flags = connection.execute(self._chosen(open_, c["flags"], count).group_by(c["flags"])).all()
            money = connection.execute(self._chosen(open_, c["class"], amount).group_by(c["class"])).all()
        counted: dict[str, int] = {}
        for words, number in flags:
            for flag in words.split():
                counted[flag] = counted.get(flag, 0) + int(number)
        return Summary(
            total=sum(int(number) for _, number in statuses),
            statuses=dict.fromkeys(STATUSES, 0) | {status: int(number) for status, number in statuses},
            flags=dict(sorted(counted.items(), key=lambda each: (-each[1], each[0]))),
            amounts={name: round(float(each), 2) for name, each in sorted(money, key=str) if name and each},
        )

    def _connected(self) -> Any:
        database = self._keeper.database
        return database.connect(read_only=database.guards_reading)

    def _chosen(self, wanted: Wanted, *columns: Any) -> sa.Select[Any]:
        query = sa.select(*columns).select_from(self._table)
        return query.where(self._table.c["ruleset"] == self._keeper.ruleset, *self._conditions(wanted))

    def _conditions(self, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
        c = self._table.c
        lists: Mapping[str, tuple[str, ...]] = {KEY: wanted.ids, "status": wanted.status, "class": wanted.classes}
        found: list[sa.ColumnElement[bool]] = [c[name].in_(values) for name, values in lists.items() if values]
        if wanted.flags:
            padded = sa.literal(" ") + c["flags"] + sa.literal(" ")
            found.append(sa.or_(*(padded.contains(f" {flag} ", autoescape=True) for flag in wanted.flags)))
        if wanted.differ:
            found.append(sa.or_(c["differ_a"] == wanted.differ, c["differ_b"] == wanted.differ))
        if wanted.entity:
            found.append(c["entity"] == wanted.entity)
        if wanted.run:
            found.append(c["run"] == wanted.run)
        if wanted.text:
            places = (KEY, "id_a", "id_b", "differ_a", "differ_b")
            found.append(sa.or_(*(c[name].startswith(wanted.text, autoescape=True) for name in places)))
        if wanted.found is not None:
            found.append(c["found"].is_(wanted.found) if self._has_booleans else c["found"] == wanted.found)
        if wanted.min_amount is not None:
            found.append(c["amount"] >= wanted.min_amount)
        return found

    @property
    def _has_booleans(self) -> bool:
        return self._keeper.database.kind == "postgresql"


def described(table: tuple[str | None, str], columns: pa.Schema) -> sa.TableClause:
    """A table for statements, with the types that its columns come back as."""
    named = [sa.column(field.name, _type(str(field.type))) for field in columns]
    return sa.table(table[1], *named, schema=table[0])


@functools.cache
def _type(arrow: str) -> Any:
    if arrow.startswith("timestamp"):
        return sa.DateTime()
    return {"double": sa.Double(), "date32[day]": sa.Date(), "bool": sa.Boolean()}.get(arrow, sa.String())
