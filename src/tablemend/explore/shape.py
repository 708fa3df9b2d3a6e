"""What the columns of a table of measurements are: row ids, what is told about rows, and the values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tablemend.errors import SettingsError
from tablemend.explore import numbers
from tablemend.records import Column, Record
from tablemend.tables.columns import ROW

SHARE = 0.5
"""Least share of the cells of a column that are numbers, of those that hold anything, for it to be one of values."""
LOOKED_AT = 5_000
"""Rows that are looked at to tell columns apart."""
LONG = 12
"""Most columns of a table that is taken for a long one unasked."""
_VALUE = re.compile(r"(?i)^(value|intensity|abundance|measurement|concentration|expression|level|log2fc|log2_?fold.*)$")


class Shape(Record, frozen=True, kw_only=True):
    """How a table holds a matrix; columns by their names."""

    kind: Literal["wide", "long"]
    row: str | None = None  # wide: what names its rows; by default they are numbered
    values: tuple[str, ...] = ()  # wide: a column a feature
    about: tuple[str, ...] = ()  # told about rows
    sample: str | None = None  # long: what was measured; by default the entity, its replicates numbered
    entity: str | None = None  # long
    feature: str | None = None  # long
    value: str | None = None  # long
    replicate: str | None = None  # long


class Wish(Record, frozen=True, kw_only=True):
    """What somebody says of a table; what is left out is found."""

    kind: Literal["wide", "long", ""] = ""
    row: str = ""
    entity: str = ""
    feature: str = ""
    value: str = ""
    replicate: str = ""
    about: tuple[str, ...] = ()


def recognise(table: pa.Table, columns: Sequence[Column], wish: Wish) -> Shape:
    """The shape of a table whose first column is `_row`; SettingsError where no columns can be of values."""
    names = [each.name for each in columns]
    for asked in (wish.row, wish.entity, wish.feature, wish.value, wish.replicate, *wish.about):
        if asked and asked not in names:
            raise SettingsError(f"there is no column {asked!r}", hint=f"There are {', '.join(names[:12])}.")
    roles = {"entity": wish.entity, "feature": wish.feature, "value": wish.value, "replicate": wish.replicate}
    for one, other in combinations(roles, 2):
        if roles[one] and roles[one] == roles[other]:
            raise SettingsError(f"{roles[one]!r} cannot be the {one} and the {other}", hint="Name two columns.")
    if not table.num_rows:
        raise SettingsError("the table has no rows", hint="Give one with a row for each sample, or for each cell.")
    head = table.slice(0, LOOKED_AT)
    shares = _shares(head, [name for name in names if name != ROW])
    if wish.kind != "wide" and (wish.feature or wish.value or wish.kind == "long"):
        return _long(head, names, shares, wish)
    if wish.kind != "wide" and (found := _taken_for_long(head, names, shares, wish)):
        return found
    return _wide(head, columns, shares, wish)


def _shares(head: pa.Table, names: Sequence[str]) -> dict[str, float | None]:
    """Share of numbers among the cells of each column that hold anything; None where none does.

    Formatted ones count: a column of them is no field, and it is told that they cannot be read.
    """
    step = max(1, numbers.BLOCK // max(head.num_rows, 1))
    found: dict[str, float | None] = {}
    for first in range(0, len(names), step):
        some = names[first : first + step]
        kind = numbers.parse_all([head[name].combine_chunks() for name in some]).kind.reshape(len(some), -1)
        full = np.count_nonzero((kind != numbers.BLANK) & (kind != numbers.MARKED), axis=1).tolist()
        numeric = np.count_nonzero((kind == numbers.NUMERIC) | (kind == numbers.FORMATTED), axis=1).tolist()
        found |= {n: a / b if b else None for n, a, b in zip(some, numeric, full, strict=True)}
    return found


def _is_numeric(share: float | None) -> bool:
    return share is not None and share >= SHARE


def _wide(head: pa.Table, columns: Sequence[Column], shares: dict[str, float | None], wish: Wish) -> Shape:
    row = wish.row or (_id(head, columns, wish.entity) or wish.entity if wish.entity else _key(head, columns, shares))
    told = {row, wish.entity, *wish.about}
    values = [n for n, share in shares.items() if n not in told and (share is None or _is_numeric(share))]
    if not any(_is_numeric(shares[name]) for name in values):
        raise SettingsError(
            "no column of the table holds numbers", hint="Name another delimiter, or look at it with `tablemend scan`."
        )
    taken = {row, *values}
    about = [name for name in shares if name not in taken]
    return Shape(kind="wide", row=row or None, values=tuple(values), about=tuple(about), entity=wish.entity or None)


def _key(head: pa.Table, columns: Sequence[Column], shares: dict[str, float | None]) -> str:
    """The column that names the rows: the first without a header or of text, else one of ids; empty where none does."""
    first = columns[0]
    if not first.header.strip() or (not _is_numeric(shares[first.name]) and shares[first.name] is not None):
        return first.name
    if _ID.match(first.header.strip()) and _distinct(head, first.name) == head.num_rows:
        return first.name
    texts = [name for name, share in shares.items() if share is not None and not _is_numeric(share)]
    return next((name for name in texts if _distinct(head, name) == head.num_rows), texts[0] if texts else "")


_ID = re.compile(r"(?i)^(.*[_. ])?(id|key|name|sample|row|index)$")


def _id(head: pa.Table, columns: Sequence[Column], entity: str) -> str:
    """The column of ids of samples beside one of entities: without a header or called so; empty where there is none."""
    called = [each for each in columns if each.name != entity and (not each.header.strip() or _ID.match(each.header))]
    return next((each.name for each in called if _distinct(head, each.name) == head.num_rows), "")


def _distinct(head: pa.Table, name: str) -> int:
    return int(pc.count_distinct(head[name], mode="only_valid").as_py())


def _taken_for_long(head: pa.Table, names: Sequence[str], shares: dict[str, float | None], wish: Wish) -> Shape | None:
    """A long table: few columns, one of values, and two of words that come again and again, in ever other pairs."""
    if len(names) > LONG or head.num_rows < 4:
        return None
    numeric = [name for name, share in shares.items() if _is_numeric(share)]
    value = next((name for name in numeric if _VALUE.match(name)), numeric[0] if len(numeric) == 1 else "")
    words = [name for name in shares if name != value and shares[name] is not None and not _is_numeric(shares[name])]
    again = [name for name in words if _distinct(head, name) <= head.num_rows / 2]
    if not value or len(again) < 2:
        return None
    return _long(head, names, shares, wish) if _named_pair(again) or len(words) == 2 else None


_ROWS_ARE_FEATURES = re.compile(
    r"(?i)^(feature|metabolite|gene|compound|analyte|protein|taxon|marker)s?([_. ]?(id|name|symbol))?$"
)
_FEATURE = re.compile(r"(?i)feature|metabolite|gene|compound|analyte|protein|taxon|marker|parameter|variable|test")
_ENTITY = re.compile(r"(?i)entity|bacteri|species|strain|organism|patient|subject|cell|sample|site|station|culture")
_REPLICATE = re.compile(r"(?i)^(technical[_ ]?|bio(logical)?[_ ]?)?rep(licate|l)?[_ ]?(no|number|id)?$")


def rows_are_features(header: str) -> bool:
    """Whether the column that names the rows is called as one of features is."""
    return bool(_ROWS_ARE_FEATURES.match(header.strip()))


def _named_pair(names: Sequence[str]) -> bool:
    return any(_FEATURE.search(name) for name in names) and any(_ENTITY.search(name) for name in names)


def _long(head: pa.Table, names: Sequence[str], shares: dict[str, float | None], wish: Wish) -> Shape:
    numeric = [name for name, share in shares.items() if _is_numeric(share)]
    replicate = wish.replicate or next((name for name in names if _REPLICATE.match(name)), "")
    taken = {wish.entity, wish.feature, replicate, wish.row}
    value = wish.value or next(
        (n for n in numeric if _VALUE.match(n)), next((n for n in reversed(numeric) if n not in taken), "")
    )
    words = [name for name in shares if name not in {value, *taken} and shares[name] is not None]
    texts = [name for name in words if not _is_numeric(shares[name])] or words
    feature = wish.feature or next((n for n in texts if _FEATURE.search(n)), texts[-1] if len(texts) > 1 else "")
    left = [name for name in texts if name != feature]
    entity = wish.entity or next((n for n in left if _ENTITY.search(n)), left[0] if left else "")
    if not (value and feature and entity):
        lacking = [n for n, found in (("entity", entity), ("feature", feature), ("value", value)) if not found]
        raise SettingsError(
            f"it is not clear which column of a long table is the {' and the '.join(lacking)}",
            hint="Name them: --entity, --feature and --value.",
        )
    used = {value, feature, entity, replicate, wish.row}
    about = tuple(name for name in names if name not in used and _belongs(head, name, wish.row or entity))
    return Shape(
        kind="long",
        sample=wish.row or None,
        entity=entity,
        feature=feature,
        value=value,
        replicate=replicate or None,
        about=about,
    )


def _belongs(head: pa.Table, name: str, owner: str) -> bool:
    """Whether a column says the same in every row of an owner."""
    found = head.group_by(owner).aggregate([(name, "count_distinct", pc.CountOptions(mode="all"))])
    return bool(pc.all(pc.less_equal(found[f"{name}_count_distinct"], 1)).as_py())
