"""The SQL of a change by key: a staging table, what it meets in the target, and one statement for each verb."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tablemend.databases.bulk.dialect import Column, Dialect
from tablemend.records import Record


class Statements(Record, frozen=True, kw_only=True):
    """Everything that one change runs, in the order of the fields."""

    stage: tuple[str, ...]  # the staging table and the table of matches
    filled: tuple[str, ...]  # after loading
    doubled: str  # keys that come more than once in the data
    before: tuple[str, ...]
    match: str  # "" where the statement matches by itself
    statement: str  # update or delete; "" where nothing but inserting is asked
    rest: str
    add: str  # "" where nothing is inserted
    counts: str  # matches, different positions, matches whose old values hold
    conflicts: str  # positions whose old values do not hold
    missing: str  # positions that met no row
    differing: str  # how many changed rows hold something else than what was written; "" where nothing is changed
    drop: tuple[str, ...]


class Shape(Record, frozen=True, kw_only=True):
    """Which columns take part in a change, and in what role."""

    target: str  # quoted
    stage: str  # name of the staging table; that of the matches follows from it
    key: tuple[Column, ...]
    new: tuple[Column, ...] = ()  # columns that get a value
    old: tuple[Column, ...] = ()  # columns whose value must still hold

    @property
    def staged(self) -> list[tuple[str, Column]]:
        """Columns of the staging table after its position, in order."""
        roles = (("k", self.key), ("n", self.new), ("o", self.old))
        return [(f"{role}{n}", column) for role, columns in roles for n, column in enumerate(columns)]


def update(dialect: Dialect, shape: Shape) -> Statements:
    """Changes rows that are there and whose old values hold."""
    return _statements(dialect, shape, dialect.change)


def delete(dialect: Dialect, shape: Shape) -> Statements:
    """Removes rows that are there and whose old values hold."""
    return _statements(dialect, shape, dialect.remove)


def upsert(dialect: Dialect, shape: Shape) -> Statements:
    """Changes rows that are there and adds the others."""
    return _statements(dialect, shape, dialect.change, add=dialect.add)


def _statements(dialect: Dialect, shape: Shape, verb: str, add: str = "") -> Statements:
    names = _names(dialect, shape)
    stage, matched = names["stage"], names["matched"]
    keys = ", ".join(f"k{n}" for n in range(len(shape.key)))
    return Statements(
        stage=_filled((*dialect.stage, *dialect.matched), names),
        filled=_filled(dialect.filled, names),
        doubled=f"SELECT {keys}, count(*) FROM {stage} GROUP BY {keys} HAVING count(*) > 1",
        before=_filled(dialect.before, names),
        match=dialect.match.format(**names),
        statement=verb.format(**names),
        rest=dialect.rest.format(**names),
        add=add.format(**names),
        counts=f"SELECT count(*), count(DISTINCT pos), coalesce(sum(ok), 0) FROM {matched}",
        conflicts=f"SELECT pos FROM {matched} WHERE ok = 0 ORDER BY pos",
        missing=(
            f"SELECT s.pos FROM {stage} s LEFT JOIN {matched} m ON m.pos = s.pos WHERE m.pos IS NULL ORDER BY s.pos"
        ),
        differing=_differing(dialect, shape, names) if verb == dialect.change and shape.new else "",
        drop=tuple(dialect.drop.format(name=each) for each in (stage, matched)),
    )


def _differing(dialect: Dialect, shape: Shape, names: dict[str, str]) -> str:
    same = " AND ".join(
        _same(dialect, f"t.{dialect.quoted(each.name)}", f"s.n{n}", each) for n, each in enumerate(shape.new)
    )
    return (
        f"SELECT count(*) FROM {names['matched']} m JOIN {names['stage']} s ON s.pos = m.pos"
        f" JOIN {names['target']} t ON {names['join']} WHERE m.ok = 1 AND NOT ({same})"
    )


def _names(dialect: Dialect, shape: Shape) -> dict[str, str]:
    keys = [(f"t.{dialect.quoted(each.name)}", f"s.k{n}", each) for n, each in enumerate(shape.key)]
    olds = [(f"t.{dialect.quoted(each.name)}", f"s.o{n}", each) for n, each in enumerate(shape.old)]
    written = [("k", n, each) for n, each in enumerate(shape.key)] + [
        ("n", n, each) for n, each in enumerate(shape.new)
    ]
    return {
        "target": shape.target,
        "stage": dialect.temporary.format(name=shape.stage),
        "matched": dialect.temporary.format(name=f"{shape.stage}_matched"),
        "columns": ", ".join(f"t.{dialect.quoted(column.name)} AS {name}" for name, column in shape.staged),
        "key": ", ".join(dialect.quoted(each.name) for each in shape.key),
        "keys": ", ".join(f"s.k{n}" for n in range(len(shape.key))),
        "staged_keys": ", ".join(f"k{n}" for n in range(len(shape.key))),
        "join": " AND ".join(_equal(dialect, *each) for each in keys),
        "old": " AND ".join(_same(dialect, *each) for each in olds) or "1 = 1",
        "set": ", ".join(f"{dialect.quoted(each.name)} = s.n{n}" for n, each in enumerate(shape.new)),
        "set_t": ", ".join(f"t.{dialect.quoted(each.name)} = s.n{n}" for n, each in enumerate(shape.new)),
        "written": ", ".join(dialect.quoted(each.name) for _, _, each in written),
        "values": ", ".join(f"s.{role}{n}" for role, n, _ in written),
    }


def _equal(dialect: Dialect, a: str, b: str, column: Column) -> str:
    return (dialect.equal_text if dialect.is_text(column) else dialect.equal).format(a=a, b=b)


def _same(dialect: Dialect, a: str, b: str, column: Column) -> str:
    compared = dialect.compared.get(column.type, "{}")
    a, b = compared.format(a), compared.format(b)
    as_text = dialect.is_text(column) or compared != "{}"
    return (dialect.same_text if as_text else dialect.same).format(a=a, b=b)


def _filled(templates: Iterable[str], names: dict[str, str]) -> tuple[str, ...]:
    return tuple(each.format(**names) for each in templates)


def insert(dialect: Dialect, table: str, columns: Sequence[str]) -> str:
    """An INSERT of one row by parameters; `table` and `columns` are quoted."""
    marks = ", ".join([dialect.placeholder] * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
