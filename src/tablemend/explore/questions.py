"""Questions about a matrix, each a query that a person can read, and its answer as an Arrow table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from tablemend.engine.sql import literals
from tablemend.errors import SettingsError
from tablemend.explore.matrix import Answer, Matrix
from tablemend.explore.parts import ENTITY, FEATURE, NAME, SAMPLE

if TYPE_CHECKING:
    from tablemend.explore.chunks import Floats

Order = Literal["high", "low", "strong", "name"]
ORDERS: dict[str, str] = {
    "high": "highest first",
    "low": "lowest first",
    "strong": "strongest of either sign first",
    "name": "by name",
}
Sign = Literal["high", "low", "strong"]
SIGNS: dict[str, str] = {"high": "top", "low": "bottom", "strong": "strongest"}
Where = Mapping[str, Sequence[str]]
"""Conditions on fields: a field has one of some values; all hold."""

_MEASURES = """m.n, m.mean, m.sd, m.sd / sqrt(m.n) AS se, m.high, m.low, m.strong, m.measured,
  m.measured::INTEGER - m.high - m.low + 2 AS ties"""
_SORTS = {"high": "m.mean DESC", "low": "m.mean", "strong": "abs(m.mean) DESC"}


def feature(
    matrix: Matrix, feature: str, *, order: Order = "high", limit: int | None = None, where: Where | None = None
) -> Answer:
    """One feature over all entities that have it.

    Columns: entity, n (replicates), mean, sd and se (null for one replicate), high, low and strong (rank from the top,
    from the bottom, by absolute value; equal means have the same rank), measured (entities that have the feature), ties
    (entities with this very mean), and the fields of entities.
    """
    told = matrix.fields("entities")
    shown = "".join(f", e.{matrix.field('entities', each)}" for each in told)
    sql = f"""SELECT e.{NAME} AS entity, {_MEASURES}{shown}
FROM means AS m JOIN entities AS e USING ({ENTITY})
WHERE m.{FEATURE} = {_code(matrix, "features", feature)}{conditions(matrix, "entities", "e", where)}
ORDER BY {_sorted(order, "e")}"""
    found = matrix.answer(sql, limit=_limit(limit), told="" if where else "measured")
    return _why(matrix, found, feature=feature, where=where)


def entity(
    matrix: Matrix, entity: str, *, order: Order = "high", limit: int | None = None, where: Where | None = None
) -> Answer:
    """One entity over all features that it has, with its rank among all entities within each.

    Columns as those of `feature`, with the feature in place of the entity, and the fields of features.
    """
    shown = "".join(f", f.{matrix.field('features', each)}" for each in matrix.fields("features"))
    sql = f"""SELECT f.{NAME} AS feature, {_MEASURES}{shown}
FROM by_entity AS m JOIN features AS f USING ({FEATURE})
WHERE m.{ENTITY} = {_code(matrix, "entities", entity)}{conditions(matrix, "features", "f", where)}
ORDER BY {_sorted(order, "f")}"""
    return _why(matrix, matrix.answer(sql, limit=_limit(limit)), entity=entity, where=where)


def strongest(
    matrix: Matrix,
    *,
    sign: Sign = "strong",
    limit: int = 20,
    entities: Where | None = None,
    features: Where | None = None,
) -> Answer:
    """The cells of the whole matrix with the highest, the lowest or the strongest means.

    Columns: feature, entity, and those of `feature` from n on.
    """
    _limit(limit)
    edge = _edge(matrix, _sign(sign), limit, entities, features)
    among = conditions(matrix, "entities", "e", entities) + conditions(matrix, "features", "f", features)
    sql = f"""SELECT f.{NAME} AS feature, e.{NAME} AS entity, {_MEASURES}
FROM by_strength AS m JOIN features AS f USING ({FEATURE}) JOIN entities AS e USING ({ENTITY})
WHERE {edge}{among}
ORDER BY {_SORTS[sign]}, f.{NAME}, e.{NAME}
LIMIT {limit}"""
    return _noted(
        Answer(matrix.ask(sql), sql, _count(matrix, entities, features)), "No measured cell has these fields."
    )


def _edge(matrix: Matrix, sign: str, limit: int, entities: Where | None, features: Where | None) -> str:
    """A condition that only the first `limit` of all cells meet, and what ties with the last of them.

    So only their names are looked up and sorted. The strongest are looked for at both ends, as groups of a file are
    skipped by the values in them, not by absolute ones.
    """
    among = _among(matrix, "entities", ENTITY, entities) + _among(matrix, "features", FEATURE, features)

    def first(end: str, half: str = "") -> Floats:
        sql = f"SELECT m.mean FROM by_strength AS m WHERE true{half}{among} ORDER BY m.mean {end} LIMIT {limit}"
        return matrix.ask(sql)["mean"].to_numpy()

    if sign == "strong":
        found = np.abs(np.r_[first("DESC", " AND m.mean > 0"), first("ASC", " AND m.mean <= 0")])
        found = np.sort(found)[::-1]
    else:
        found = first("DESC" if sign == "high" else "ASC")
    if len(found) < limit:
        return "true"
    last = _number(found[limit - 1])
    return {"high": f"m.mean >= {last}", "low": f"m.mean <= {last}"}.get(
        sign, f"(m.mean >= {last} OR m.mean <= -{last})"
    )


def _among(matrix: Matrix, side: str, column: str, where: Where | None) -> str:
    """Conditions on fields as one on codes."""
    chosen = conditions(matrix, side, "t", where)
    return f" AND m.{column} IN (SELECT t.{column} FROM {side} AS t WHERE true{chosen})" if chosen else ""


def _count(matrix: Matrix, entities: Where | None, features: Where | None) -> int:
    """Cells that meet conditions on fields; read from one side where only one has conditions."""
    side, where = ("entities", entities) if entities else ("features", features)
    chosen = conditions(matrix, side, "t", where)
    sql = f"SELECT coalesce(sum(t.measured), 0)::BIGINT AS n FROM {side} AS t WHERE true{chosen}"
    if entities and features:
        among = _among(matrix, "entities", ENTITY, entities) + _among(matrix, "features", FEATURE, features)
        sql = f"SELECT count(*) AS n FROM means AS m WHERE true{among}"
    return int(matrix.ask(sql)["n"][0].as_py())


def _number(value: np.floating) -> str:
    """A measurement as SQL reads it, to the last digit."""
    return f"'{float(value)!r}'::{'FLOAT' if value.dtype == np.float32 else 'DOUBLE'}"


def within_top(
    matrix: Matrix, entities: Sequence[str], *, top: int = 10, sign: Sign = "high", where: Where | None = None
) -> Answer:
    """The features in which every one of the chosen entities is among the first of all entities.

    One entity: where it is in the top; several: where they are together. `high` and `low` take only entities above,
    or below, zero: the least bad consumer is none. Columns: feature, entities (measured), worst (the last of their
    ranks), mean (of their means), ranks and means (a list in the order of the entities), and the fields of features.
    """
    if not entities:
        raise SettingsError("no entity is chosen", hint="Name one or more.")
    codes = matrix.places("entities", entities)
    beyond = {"high": " AND m.mean > 0", "low": " AND m.mean < 0", "strong": ""}[_sign(sign)]
    shown = "".join(f", f.{matrix.field('features', each)}" for each in matrix.fields("features"))
    order = f"list_position([{', '.join(map(str, codes))}], m.{ENTITY})"
    sql = f"""SELECT f.{NAME} AS feature, c.measured AS entities, c.worst, c.mean, c.ranks, c.means{shown}
FROM (
  SELECT m.{FEATURE}, any_value(m.measured) AS measured, max(m.{sign}) AS worst, avg(m.mean) AS mean,
    list(m.{sign} ORDER BY {order}) AS ranks, list(m.mean ORDER BY {order}) AS means
  FROM by_entity AS m
  WHERE m.{ENTITY} IN ({", ".join(map(str, codes))}) AND m.{sign} <= {_limit(top)}{beyond}
  GROUP BY m.{FEATURE} HAVING count(*) = {len(codes)}
) AS c JOIN features AS f USING ({FEATURE})
WHERE true{conditions(matrix, "features", "f", where)}
ORDER BY c.worst, abs(c.mean) DESC, f.{NAME}"""
    who = f"{'is' if len(codes) == 1 else 'are all of'} {', '.join(entities)}"
    return _noted(matrix.answer(sql), f"In no feature {who} among the {SIGNS[sign]} {top}.")


def replicates(matrix: Matrix, feature: str, *, entities: Sequence[str] = (), where: Where | None = None) -> Answer:
    """Every cell of a feature, one by one. Columns: sample, entity (null: none), value, and the fields of samples."""
    chosen = f" AND e.{NAME} IN ({literals(entities)})" if entities else ""
    matrix.places("entities", entities)
    shown = "".join(f", s.{matrix.field('samples', each)}" for each in matrix.fields("samples"))
    sql = f"""SELECT s.{NAME} AS sample, e.{NAME} AS entity, c.value{shown}
FROM cells AS c JOIN samples AS s USING ({SAMPLE}) LEFT JOIN entities AS e ON e.{ENTITY} = s.{ENTITY}
WHERE c.{FEATURE} = {_code(matrix, "features", feature)}{chosen}{conditions(matrix, "samples", "s", where)}
ORDER BY e.{NAME}, s.{NAME}"""
    alone = entities[0] if len(entities) == 1 else ""
    found = _why(matrix, matrix.answer(sql), feature=feature, entity=alone, where=where)
    return _noted(found, f"No sample of {', '.join(entities)} has a value for {feature}.")


def part(
    matrix: Matrix,
    *,
    entities: Sequence[str] = (),
    features: Sequence[str] = (),
    entity_where: Where | None = None,
    feature_where: Where | None = None,
) -> Answer:
    """The cells of some entities and some features, by default all of them; what was not measured is not there.

    Columns: feature, entity, n, mean, sd, high, low.
    """
    chosen = ""
    for side, column, wanted in (("entities", ENTITY, entities), ("features", FEATURE, features)):
        if wanted:
            chosen += f" AND m.{column} IN ({', '.join(map(str, matrix.places(side, wanted)))})"
    chosen += conditions(matrix, "entities", "e", entity_where) + conditions(matrix, "features", "f", feature_where)
    sql = f"""SELECT f.{NAME} AS feature, e.{NAME} AS entity, m.n, m.mean, m.sd, m.high, m.low
FROM means AS m JOIN features AS f USING ({FEATURE}) JOIN entities AS e USING ({ENTITY})
WHERE true{chosen}
ORDER BY m.{FEATURE}, m.{ENTITY}"""
    return _noted(matrix.answer(sql), "None of these entities has a value in any of these features.")


def values(matrix: Matrix, side: str, field: str) -> Answer:
    """What a field says, and of how many features, entities or samples. Columns: value, count."""
    column = matrix.field(side, field)
    return matrix.answer(f"SELECT {column} AS value, count(*) AS count FROM {side} GROUP BY ALL ORDER BY 2 DESC, 1")


def listed(matrix: Matrix, side: str, *, where: Where | None = None, limit: int | None = None) -> Answer:
    """Features, entities or samples with their fields and how much of them was measured. Columns: name, and these."""
    hidden = f"EXCLUDE ({', '.join(column for column in _HIDDEN[side])})"
    sql = f"""SELECT t.{NAME} AS name, t.* {hidden}
FROM {side} AS t
WHERE true{conditions(matrix, side, "t", where)}
ORDER BY t.{NAME}"""
    return _noted(matrix.answer(sql, limit=_limit(limit)), f"None of the {side} has these fields.")


_HIDDEN = {"features": (FEATURE, NAME), "entities": (ENTITY, NAME), "samples": (SAMPLE, ENTITY, NAME)}


def _code(matrix: Matrix, side: str, wanted: str) -> str:
    """The code of a name, which the query spells out: files are found by it without looking at any other row."""
    return f"{matrix.place(side, wanted)}  -- {_commented(wanted)}\n "


def _commented(text: str) -> str:
    """A name inside a comment, which it must not end."""
    return "".join(each if each.isprintable() else " " for each in text)


def conditions(matrix: Matrix, side: str, alias: str, where: Where | None) -> str:
    """Conditions on the fields of a side as SQL that goes behind others; NotFound for a field that is not there."""
    found = ""
    for field, wanted in (where or {}).items():
        column = f"{alias}.{matrix.field(side, field)}"
        texts = [each for each in wanted if each != ""]
        either = [f"{column} IN ({literals(texts)})"] if texts else []
        either += [f"{column} IS NULL"] if "" in wanted or not wanted else []
        found += f" AND ({' OR '.join(either)})"
    return found


def _sorted(order: str, alias: str) -> str:
    if order not in ORDERS:
        raise SettingsError(f"there is no order {order!r}", hint=f"There are {', '.join(ORDERS)}.")
    return f"{_SORTS[order]}, {alias}.{NAME}" if order in _SORTS else f"{alias}.{NAME}"


def _sign(sign: str) -> str:
    if sign not in SIGNS:
        raise SettingsError(f"there is no sign {sign!r}", hint=f"There are {', '.join(SIGNS)}.")
    return sign


def _limit(limit: int | None) -> int | None:
    if limit is not None and limit < 1:
        raise SettingsError(f"{limit} rows cannot be asked for", hint="Ask for 1 or more.")
    return limit


def _why(matrix: Matrix, found: Answer, *, feature: str = "", entity: str = "", where: Where | None) -> Answer:
    """An empty answer with the reason of it."""
    if found.table.num_rows:
        return found
    from tablemend.explore.absence import reasons

    return found._replace(notes=reasons(matrix, feature=feature, entity=entity, where=where))


def _noted(found: Answer, told: str) -> Answer:
    """An empty answer that says so."""
    return found if found.table.num_rows or found.notes else found._replace(notes=(told,))
