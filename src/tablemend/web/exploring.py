"""What is chosen of a matrix, as an address spells it, and the answer to it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

from msgspec import structs

from tablemend.errors import SettingsError
from tablemend.records import Record
from tablemend.web import comparing

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.workspace import Workspace
    from tablemend.workspace.explore import Told

Order = Literal["high", "low", "strong", "name"]
Sign = Literal["high", "low", "strong"]

PARTS = {
    "feature": "Feature",
    "entity": "Entity",
    "together": "Together",
    "strongest": "Strongest",
    "heatmap": "Heatmap",
    **comparing.PARTS,
}
"""The parts of a matrix, by what the query string calls them."""
ORDERS = {"high": "highest first", "low": "lowest first", "strong": "strongest first", "name": "by name"}
SIGNS = {"high": "highest", "low": "lowest", "strong": "strongest of either sign"}

NUMBERS = (20, 50, 100, 200, 500)
"""Bars that can be asked for: of more, none can be told from the next."""
TOPS = (1, 3, 5, 10, 20, 50, 100)
ROWS, COLUMNS = (20, 60, 200, 500), (20, 60, 250, 1_000, 2_000)
"""Entities and features of a heatmap that can be asked for: at most a million cells."""

SIDES = {"e.": "entities", "f.": "features", "s.": "samples", "o.": "others"}
"""Conditions on fields begin with this in a query; others are the samples of the other matrix."""
BLANK = "␀"
"""Stands for a field that says nothing."""
MOST_NAMES = 2_000
"""Names that an address may hold."""
_WORDS = ("field", "first", "second", "by", "pairs", "test", "trend", "scale", "which", "other", "method")
_HALVES = re.compile("[\ud800-\udfff]")


class Choice(Record, frozen=True, kw_only=True):
    """What is asked of a matrix; empty where nothing is chosen."""

    part: str = "feature"
    feature: str = ""
    entity: str = ""
    entities: tuple[str, ...] = ()  # of Together and Heatmap
    features: tuple[str, ...] = ()  # of Heatmap
    order: Order = "high"
    sign: Sign = "strong"
    top: int = 10
    number: int = 50  # bars
    rows: int = 60  # entities of a heatmap
    columns: int = 60  # features of a heatmap
    field: str = ""  # of samples, whose values make groups
    first: str = ""  # group, and the next
    second: str = ""
    groups: tuple[str, ...] = ()  # of Trend, in their order
    by: str = ""  # field of regions
    pairs: str = ""  # field that says which samples belong together
    test: str = "mann-whitney"  # of Compare and Regions
    trend: str = "spearman"  # test of Trend
    scale: str = "linear"
    which: str = "any"  # regions
    other: str = ""  # matrix
    method: str = "pearson"
    version: int | None = None
    where: dict[str, dict[str, tuple[str, ...]]] = {}  # side → field → values

    @property
    def entity_where(self) -> dict[str, tuple[str, ...]]:
        """Conditions on entities."""
        return self.where.get("entities", {})

    @property
    def feature_where(self) -> dict[str, tuple[str, ...]]:
        """Conditions on features."""
        return self.where.get("features", {})


def chosen(query: Mapping[str, str]) -> Choice:
    """What a query asks for; what it does not know, or names wrongly, is as if nothing was said."""
    query = {key: value for key, value in query.items() if "\0" not in key + value}  # which no name holds
    part = query.get("part", "")
    return Choice(
        part=part if part in PARTS else "feature",
        feature=query.get("feature", ""),
        entity=query.get("entity", ""),
        entities=names(query.get("entities", "")),
        features=names(query.get("features", "")),
        order=_one(query, "order", ORDERS, "high"),  # type: ignore[arg-type]
        sign=_one(query, "sign", SIGNS, "high" if part == "together" else "strong"),  # type: ignore[arg-type]
        top=_number(query, "top", 10, TOPS[-1]),
        number=_number(query, "number", 50, NUMBERS[-1]),
        rows=_number(query, "rows", 60, ROWS[-1]),
        columns=_number(query, "columns", 60, COLUMNS[-1]),
        groups=names(query.get("groups", "")),
        **{name: query[name] for name in _WORDS if query.get(name)},
        version=_number(query, "version", 0, 10**9) or None,
        where={side: _conditions(query, mark) for mark, side in SIDES.items()},
    )


def names(text: str) -> tuple[str, ...]:
    """Names as an address holds several: a JSON list; any other text is one name."""
    if not text.startswith("["):
        return (text,) if text else ()
    try:
        found = json.loads(text)
    except ValueError:
        return (text,)
    return tuple(dict.fromkeys(each for each in found if _is_name(each)))[:MOST_NAMES]


def spelt(query: Mapping[str, Any]) -> str:
    """A query that spells conditions and choices; what is empty is left out."""
    told = {key: _text(value) for key, value in query.items() if value not in (None, "", (), [])}
    return urlencode(told)


def settled(workspace: Workspace, name: str, choice: Choice) -> Choice:
    """A choice in which nothing is left open: where no name is given, what is strongest in the whole matrix.

    For a heatmap these are the entities of which most was measured, and the features with the strongest means.
    """
    if choice.part in comparing.PARTS:
        return comparing.settled(workspace, name, choice)
    if choice.part == "feature" and not choice.feature:
        return structs.replace(choice, feature=_strongest(workspace, name, choice, "feature"))
    if choice.part == "entity" and not choice.entity:
        return structs.replace(choice, entity=_strongest(workspace, name, choice, "entity"))
    if choice.part == "together" and not choice.entities:
        found = choice.entity or _strongest(workspace, name, choice, "entity")
        return structs.replace(choice, entities=(found,) if found else ())
    if choice.part == "heatmap":
        entities = choice.entities or _first(workspace, name, choice, "entities")
        return structs.replace(
            choice, entities=entities, features=choice.features or _first(workspace, name, choice, "features")
        )
    return choice


def _strongest(workspace: Workspace, name: str, choice: Choice, what: str) -> str:
    """The feature or the entity of the strongest mean; empty where nothing was measured."""
    found = workspace.explore.strongest(name, limit=1, version=choice.version).table
    return str(found[what][0].as_py()) if found.num_rows else ""


def _first(workspace: Workspace, name: str, choice: Choice, side: str) -> tuple[str, ...]:
    """The entities or features that a heatmap shows where none are named, those that meet its conditions."""
    import pyarrow as pa
    import pyarrow.compute as pc

    told = workspace.explore.listed(name, side, where=choice.where.get(side), version=choice.version).table
    told = told_apart(told)
    told = told.filter(pc.greater(told["measured"], 0))
    if side == "entities":
        rank, most = told["measured"].cast(pa.float64()), choice.rows
    else:
        rank, most = pc.max_element_wise(pc.abs(told["lowest"]), pc.abs(told["highest"])), choice.columns
    ranked = pa.table({"name": told["name"], "rank": rank})
    return tuple(ranked.sort_by([("rank", "descending"), ("name", "ascending")])["name"].slice(0, most).to_pylist())


def whole(workspace: Workspace, name: str, choice: Choice) -> pa.Table:
    """Every row of the answer that a choice asks for, to be taken away."""
    choice = settled(workspace, name, choice)
    told = asked(workspace, name, choice, limited=False)
    if choice.part in comparing.PARTS:
        return comparing.flat(told.table, choice)
    return apart(told.table, choice.entities) if choice.part == "together" else told.table


def asked(workspace: Workspace, name: str, choice: Choice, *, limited: bool = True) -> Told:
    """The answer to a settled choice, each column of another name; SettingsError where a name is lacking."""
    told = _asked(workspace, name, choice, limited=limited)
    return told._replace(table=told_apart(told.table))


def told_apart(table: pa.Table) -> pa.Table:
    """The same table, where a field has the name of a column before it with a number after that."""
    shown: dict[str, None] = {}
    for each in table.column_names:
        numbered = (f"{each} {number}" for number in itertools.count(2))
        shown[each if each not in shown else next(name for name in numbered if name not in shown)] = None
    return table.rename_columns(list(shown))


def _asked(workspace: Workspace, name: str, choice: Choice, *, limited: bool) -> Told:
    ask, version = workspace.explore, choice.version
    limit = choice.number if limited else None
    if choice.part in comparing.PARTS:
        return comparing.asked(workspace, name, choice)
    if choice.part == "feature":
        needed(choice.feature, "feature")
        return ask.feature(
            name, choice.feature, order=choice.order, limit=limit, where=choice.entity_where, version=version
        )
    if choice.part == "entity":
        needed(choice.entity, "entity")
        return ask.entity(
            name, choice.entity, order=choice.order, limit=limit, where=choice.feature_where, version=version
        )
    if choice.part == "together":
        return ask.within_top(
            name, choice.entities, top=choice.top, sign=choice.sign, where=choice.feature_where, version=version
        )
    if choice.part == "strongest":
        return ask.strongest(
            name,
            sign=choice.sign,
            limit=choice.number,
            entities=choice.entity_where,
            features=choice.feature_where,
            version=version,
        )
    if not choice.entities or not choice.features:
        raise SettingsError("no entities or no features are chosen", hint="Name one or more of both.")
    return ask.part(name, entities=choice.entities, features=choice.features, version=version)


def needed(name: str, what: str) -> None:
    """Raise SettingsError where a name is not chosen."""
    if not name:
        raise SettingsError(f"no {what} is chosen", hint="Choose one.")


def apart(table: pa.Table, entities: tuple[str, ...]) -> pa.Table:
    """An answer of `within_top` with a column for each rank and each mean in place of the lists."""
    import pyarrow.compute as pc

    for each in ("ranks", "means"):
        lists = table[each].combine_chunks()
        for place, entity in enumerate(entities):
            table = table.append_column(f"{each.removesuffix('s')}: {entity}", pc.list_element(lists, place))
    return table.drop_columns(["ranks", "means"])


def _is_name(given: Any) -> bool:
    """Whether it is text that can be kept: JSON can spell halves of characters."""
    return isinstance(given, str) and given != "" and "\0" not in given and not _HALVES.search(given)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | tuple) else str(value)


def _one(query: Mapping[str, str], name: str, known: Mapping[str, str], otherwise: str) -> str:
    given = query.get(name, "")
    return given if given in known else otherwise


def _number(query: Mapping[str, str], name: str, otherwise: int, most: int) -> int:
    given = query.get(name, "")
    return min(max(int(given), 1), most) if given.isascii() and given.isdigit() and len(given) < 10 else otherwise


def _conditions(query: Mapping[str, str], mark: str) -> dict[str, tuple[str, ...]]:
    return {
        key.removeprefix(mark): ("" if value == BLANK else value,)
        for key, value in query.items()
        if key.startswith(mark) and len(key) > len(mark)
    }
