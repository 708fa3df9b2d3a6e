"""The SQL of every expression operation, spelled out per dialect.

Templates are used rather than transpiling, because function semantics (flags of regular expressions, null tests)
differ between engines; the conformance suite proves each spelling. `{c}` is the value, `{o}` the order column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tablemend.engine import sql
from tablemend.errors import RepairError

Params = Mapping[str, Any]

WHITE = r"[\s\x{00A0}\x{2000}-\x{200B}\x{202F}\x{3000}\x{FEFF}]"
"""RE2 class of every white space that people paste into cells."""

NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
"""RE2 pattern of a plain number."""

DUCKDB: dict[str, str] = {
    "trim": "regexp_replace({c}, '^{white}+|{white}+$', '', 'g')",
    "fold_space": "trim(regexp_replace({c}, '{white}+', ' ', 'g'))",
    "lower": "lower({c})",
    "upper": "upper({c})",
    "title": (
        "array_to_string(list_transform(string_split({c}, ' '), "
        "lambda w: upper(substr(w, 1, 1)) || lower(substr(w, 2))), ' ')"
    ),
    "replace_pattern": "regexp_replace({c}, {pattern}, {replacement}, 'g')",
    "cast": "coalesce(CAST(TRY_CAST({c} AS {type}) AS VARCHAR), {c})",
    "parse_date": "coalesce(strftime(try_strptime({c}, [{formats}]), {to}), {c})",
    "constant": "coalesce({c}, {value})",
    "filled": "CASE WHEN regexp_full_match({c}, '{white}*') THEN NULL ELSE {c} END",
    "forward": "last_value({c} IGNORE NULLS) OVER (ORDER BY {o} ROWS UNBOUNDED PRECEDING)",
    "backward": "first_value({c} IGNORE NULLS) OVER (ORDER BY {o} ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)",
    "mean": "avg(TRY_CAST({c} AS DOUBLE)) OVER ()",
    "median": "median(TRY_CAST({c} AS DOUBLE)) OVER ()",
    "mode": "mode({c} ORDER BY {c}) OVER ()",
    "plain": "regexp_replace(CAST({c} AS VARCHAR), '\\.0$', '')",
    "position": "coalesce(TRY_CAST({o} AS DOUBLE), epoch(TRY_CAST({o} AS TIMESTAMP)))",
    "number": "TRY_CAST({c} AS DOUBLE)",
    "log_2": "log2(TRY_CAST({c} AS DOUBLE))",
    "log_10": "log10(TRY_CAST({c} AS DOUBLE))",
    "log_e": "ln(TRY_CAST({c} AS DOUBLE))",
    "matches": "regexp_full_match({c}, {pattern})",
    "strip": "regexp_replace({c}, {pattern}, '', 'gi')",
}
"""Function spellings of DuckDB."""

DIALECTS: dict[str, dict[str, str]] = {"duckdb": DUCKDB}


def expression(operation: str, column: str, params: Params, *, dialect: str = "duckdb") -> str:
    """SQL of the new value of a column; reads the columns of one relation."""
    spell = DIALECTS[dialect]
    build = _BUILDERS.get(operation)
    if build is None:
        raise RepairError(f"{operation} is not an expression over the row")
    return build(spell, sql.name(column), params)


def _plain(key: str) -> Callable[[dict[str, str], str, Params], str]:
    def build(spell: dict[str, str], c: str, _: Params) -> str:
        return spell[key].format(c=c, white=WHITE)

    return build


def _change_case(spell: dict[str, str], c: str, params: Params) -> str:
    return spell[params["case"]].format(c=c)


def _cast(spell: dict[str, str], c: str, params: Params) -> str:
    kind = str(params["type"]).upper()
    if not re.fullmatch(r"[A-Z]+(\([0-9]+(, ?[0-9]+)?\))?", kind):
        raise RepairError(f"cast: {params['type']!r} is not a type", hint="Use a type such as BIGINT, DOUBLE or DATE.")
    return spell["cast"].format(c=c, type=kind)


def _parse_date(spell: dict[str, str], c: str, params: Params) -> str:
    return spell["parse_date"].format(c=c, formats=sql.literals(params["formats"]), to=sql.literal(params["to"]))


def _replace_pattern(spell: dict[str, str], c: str, params: Params) -> str:
    return spell["replace_pattern"].format(
        c=c, pattern=sql.literal(params["pattern"]), replacement=sql.literal(params["replacement"])
    )


def _normalise_number(spell: dict[str, str], c: str, params: Params) -> str:
    """Only a cell that is a number once stripped is changed; everything else stays as it is."""
    value = spell["trim"].format(c=c, white=WHITE)
    units = sorted((re.escape(str(each)) for each in params.get("strip") or ()), key=len, reverse=True)
    if units:
        either = "|".join(units)
        pattern = f"^(?:{either}){WHITE}*|{WHITE}*(?:{either})$"
        value = spell["strip"].format(c=value, pattern=sql.literal(pattern))
    if params.get("thousands"):
        value = f"replace({value}, {sql.literal(params['thousands'])}, '')"
    if params.get("decimal") not in (None, "."):
        value = f"replace({value}, {sql.literal(params['decimal'])}, '.')"
    suffix = ""
    if params.get("unit"):
        suffix = " || " + sql.literal((" " if params.get("space") else "") + str(params["unit"]))
    test = spell["matches"].format(c=value, pattern=sql.literal(NUMBER))
    return f"CASE WHEN {test} THEN {value}{suffix} ELSE {c} END"


def filled(column: str, *, dialect: str = "duckdb") -> str:
    """SQL of the value of a column, NULL where it is missing or only white space."""
    return DIALECTS[dialect]["filled"].format(c=sql.name(column), white=WHITE)


def ordering(column: str | None, *, descending: bool = False, dialect: str = "duckdb") -> str:
    """SQL that orders rows by a column, numbers and dates by their size, then by their place in the source."""
    direction = " DESC" if descending else ""
    if column is None:
        return f"_row{direction}"
    position = DIALECTS[dialect]["position"].format(o=sql.name(column))
    return f"{position}{direction} NULLS LAST, {sql.name(column)}{direction} NULLS LAST, _row{direction}"


def _fill(spell: dict[str, str], c: str, params: Params) -> str:
    given = spell["filled"].format(c=c, white=WHITE)
    value = params.get("value")
    new = _computed(spell, given, params) if value is None else sql.literal(str(value))
    return f"CASE WHEN {given} IS NULL THEN coalesce({new}, {c}) ELSE {c} END"


def _computed(spell: dict[str, str], given: str, params: Params) -> str:
    """SQL of the value that a method gives an empty cell."""
    method, order = params["method"], params.get("order")
    if method in ("forward", "backward"):
        return spell[method].format(c=given, o=ordering(order))
    if method == "interpolate":
        return _interpolated(spell, given, order)
    if method == "mode":
        return spell[method].format(c=given)
    if method == "constant":
        raise RepairError("fill needs the constant", hint="Give the parameter value.")
    return spell["plain"].format(c=spell[method].format(c=given))


def _interpolated(spell: dict[str, str], given: str, order: str | None) -> str:
    """A number on the line between its neighbours; nothing before the first and behind the last.

    Where several rows have one place, the nearest in the source counts.
    """
    place = "_row" if order is None else spell["position"].format(o=sql.name(order))
    number = spell["number"].format(c=given)
    known = f"CASE WHEN {number} IS NOT NULL THEN {place} END"
    ordered = place if order is None else f"{place} NULLS LAST, _row"
    low, high = (spell[way].format(c=number, o=ordered) for way in ("forward", "backward"))
    start, end = (spell[way].format(c=known, o=ordered) for way in ("forward", "backward"))
    share = f"({place} - {start}) / nullif({end} - {start}, 0)"
    line = f"CASE WHEN {start} = {end} THEN {low} ELSE {low} + ({high} - {low}) * ({share}) END"
    plain = spell["plain"].format(c=f"({line})")
    return f"CASE WHEN {place} IS NOT NULL AND {low} IS NOT NULL AND {high} IS NOT NULL THEN {plain} END"


def _set_null(_: dict[str, str], c: str, params: Params) -> str:
    if params.get("values") is not None:
        values = sql.literals(str(each) for each in params["values"] if each is not None)
        return f"CASE WHEN {c} IN ({values}) THEN NULL ELSE {c} END"
    return f"CASE WHEN {checked(params['predicate'])} THEN NULL ELSE {c} END"


def _cap(spell: dict[str, str], c: str, params: Params) -> str:
    number = spell["number"].format(c=c)
    arms = [
        f"WHEN {number} {sign} {float(params[key])!r} THEN {sql.literal(_plain_number(params[key]))}"
        for key, sign in (("low", "<"), ("high", ">"))
        if params.get(key) is not None
    ]
    return f"CASE {' '.join(arms)} ELSE {c} END"


def _plain_number(value: Any) -> str:
    number = float(value)
    return str(int(number)) if number.is_integer() else repr(number)


def _log(spell: dict[str, str], c: str, params: Params) -> str:
    number = spell["number"].format(c=c)
    log = spell[f"log_{params.get('base', 'e')}"].format(c=c)
    return f"CASE WHEN {number} > 0 THEN CAST({log} AS VARCHAR) ELSE {c} END"


def _custom(_: dict[str, str], __: str, params: Params) -> str:
    return f"CAST(({checked(params['expression'])}) AS VARCHAR)"


def checked(text: str) -> str:
    """A user's SQL expression, if it is one: no statement, no query inside."""
    import sqlglot
    from sqlglot import exp

    try:
        tree = sqlglot.parse_one(f"SELECT {text}", read="duckdb")
    except sqlglot.ParseError as problem:
        raise RepairError(
            f"{text!r} is not an SQL expression", hint="Write one expression over the columns of the row."
        ) from problem
    forbidden = [each for each in tree.find_all(exp.Select, exp.Command) if each is not tree]
    if forbidden or not isinstance(tree, exp.Select) or len(tree.expressions) != 1 or tree.args.get("from_"):
        raise RepairError(f"{text!r} is more than an expression over the row", hint="Leave out queries and FROM.")
    return str(tree.expressions[0].sql(dialect="duckdb"))


_BUILDERS: dict[str, Callable[[dict[str, str], str, Params], str]] = {
    "trim": _plain("trim"),
    "fold_space": _plain("fold_space"),
    "change_case": _change_case,
    "cast": _cast,
    "parse_date": _parse_date,
    "replace_pattern": _replace_pattern,
    "normalise_number": _normalise_number,
    "fill": _fill,
    "set_null": _set_null,
    "cap": _cap,
    "log_transform": _log,
    "custom": _custom,
}
