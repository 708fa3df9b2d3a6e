"""The SQL of this package, which is DuckDB's, written for Spark.

sqlglot parses and prints; every function is spelled by the tables here, and what they do not hold is evaluated by
DuckDB itself inside Spark's workers (`embedded`), so that no function means something else there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from typing import Any

import duckdb
from sqlglot import exp

from tablemend.engine import regex

SPACES = "\u0020\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""What DuckDB's `trim` takes off: the space separators (Zs) of Unicode."""

_LOWER = {"Σ": "σ", "İ": "i"}
"""Capitals whose small letter depends on the word or is two characters in Spark; found by asking both for every one."""

_DIGITS = "[0-9]+(?:_[0-9]+)*"
_NUMBER = rf"\A[\t-\r ]*[+-]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?[\t-\r ]*\z"
_INFINITE = r"\A[\t-\r ]*{}[iI][nN][fF](?:[iI][nN][iI][tT][yY])?[\t-\r ]*\z"
_NAN = r"\A[\t-\r ]*[+-]?[nN][aA][nN][\t-\r ]*\z"

_PLAIN = (
    *(exp.Case, exp.If, exp.And, exp.Or, exp.Coalesce, exp.Nullif, exp.Exists, exp.ConcatWs, exp.Length, exp.Abs),
    *(exp.Sqrt, exp.Count, exp.Sum, exp.Min, exp.Max, exp.Avg, exp.StddevPop, exp.AnyValue, exp.Median),
    *(exp.RowNumber, exp.FirstValue, exp.LastValue, exp.Lag, exp.Lead, exp.ApproxDistinct),
)
"""Functions that mean the same in both, under the names that sqlglot prints."""

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.In, exp.Between)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.IntDiv, exp.Neg)
_TEXTS = (exp.RegexpReplace, exp.RegexpExtract, exp.Lower, exp.Upper, exp.Trim, exp.Replace, exp.ConcatWs, exp.DPipe)
_NUMBERS = (*_ARITHMETIC, exp.Count, exp.Sum, exp.Avg, exp.Median, exp.StddevPop, exp.Length, exp.RowNumber, exp.Abs)
_OUTSIDE = (exp.Window, exp.AggFunc, exp.Filter, exp.Subquery, exp.Exists, exp.Select)
"""What Spark computes before an embedded expression sees it."""

_WHOLE = ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UTINYINT", "USMALLINT", "UINTEGER")
_TYPES: dict[str, tuple[str, str]] = {
    **dict.fromkeys(_WHOLE, ("BIGINT", "bigint")),
    "UBIGINT": ("DECIMAL(20,0)", "decimal(20,0)"),
    "HUGEINT": ("DECIMAL(38,0)", "decimal(38,0)"),
    "DOUBLE": ("DOUBLE", "double"),
    "FLOAT": ("DOUBLE", "double"),
    "VARCHAR": ("VARCHAR", "string"),
    '"NULL"': ("VARCHAR", "string"),
    "BOOLEAN": ("BOOLEAN", "boolean"),
    "DATE": ("DATE", "date"),
    "TIMESTAMP": ("TIMESTAMP", "timestamp_ntz"),
    "TIMESTAMP WITH TIME ZONE": ("TIMESTAMP", "timestamp_ntz"),
    "VARCHAR[]": ("VARCHAR[]", "array<string>"),
}
"""Types of DuckDB's results, as DuckDB hands them on and as Spark's."""


class SparkFailure(Exception):
    """Why Spark did not carry out a statement."""


def _handed_on(kind: str) -> tuple[str, str]:
    """How a result of a type comes to Spark; SparkFailure where it cannot."""
    found = _TYPES.get(kind) or ((kind, kind.lower()) if kind.startswith("DECIMAL(") else None)
    if found is None:
        raise SparkFailure(f"a value of the type {kind} has no equal on Spark")
    return found


Register = Callable[[str, str, str, str], None]
"""Makes an embedded expression a function of Spark: name, expression, DuckDB's and Spark's type of the result."""


class Transpiler:
    """Writes queries for one Spark session; keeps what it has embedded there."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._embedded: dict[tuple[str, tuple[str, ...]], str] = {}
        self._patterns: dict[tuple[str, str], bool] = {}
        self._binder = duckdb.connect(":memory:")
        self._binder.execute("SET TimeZone = 'UTC'")

    def close(self) -> None:
        """Free the connection that types are asked of."""
        self._binder.close()

    def query(self, tree: exp.Expression, texts: Collection[str]) -> str:
        """A parsed query as Spark's SQL; `texts` are the names, in lower case, of columns that hold text."""
        return _Writer(self, frozenset(texts)).write(tree).sql(dialect="spark", identify=True)

    def embed(self, text: str, guesses: tuple[str, ...]) -> str:
        """The name of a Spark function that evaluates an expression over `c0` … of these types."""
        known = self._embedded.get((text, guesses))
        if known is None:
            kind = self._kind(text, guesses)
            known = "tm_" + hashlib.sha256(f"{text}\0{kind}".encode()).hexdigest()[:16]
            self._register(known, text, *_handed_on(kind))
            self._embedded[text, guesses] = known
        return known

    def matches_nothing(self, pattern: str, replacement: str = "") -> bool:
        """Whether a pattern can match an empty text; SparkFailure, in DuckDB's words, where DuckDB refuses it."""
        if (pattern, replacement) not in self._patterns:
            asked = "SELECT regexp_matches('', $1), regexp_replace('x', $1, $2)"
            try:
                ((empty, _),) = self._binder.execute(asked, [pattern, replacement]).fetchall()
            except duckdb.Error as problem:
                raise SparkFailure(str(problem).splitlines()[0]) from problem
            self._patterns[pattern, replacement] = empty or "\\b" in pattern
        return self._patterns[pattern, replacement]

    def _kind(self, text: str, guesses: tuple[str, ...]) -> str:
        """The type of an expression; inputs whose type is not known may be text or numbers."""
        problem: Exception | None = None
        for unknown in ("VARCHAR", "DOUBLE", "BIGINT", "TIMESTAMP"):
            kinds = [each or unknown for each in guesses]
            inputs = ", ".join(f"NULL::{kind} AS c{place}" for place, kind in enumerate(kinds)) or "1"
            try:
                return str(self._binder.execute(f"DESCRIBE SELECT {text} AS v FROM (SELECT {inputs})").fetchall()[0][1])
            except duckdb.Error as found:
                problem = problem or found
        raise SparkFailure(str(problem).splitlines()[0])

    def constant(self, text: str) -> exp.Expression:
        """The value of an expression without columns, as a literal."""
        try:
            value, kind = self._binder.execute(
                f"SELECT CAST(v AS VARCHAR), typeof(v) FROM (SELECT ({text}) AS v)"
            ).fetchall()[0]
        except duckdb.Error as problem:
            raise SparkFailure(str(problem).splitlines()[0]) from problem
        _, spark = _handed_on(kind)
        shown = exp.null() if value is None else exp.Literal.string(value)
        plain = spark == "string" and value is not None
        return shown if plain else exp.cast(shown, exp.DataType.build(spark, dialect="spark"))


def call(name: str, *arguments: exp.Expression | str | int) -> exp.Anonymous:
    """A function under exactly this name."""
    return exp.Anonymous(
        this=name,
        expressions=[
            each
            if isinstance(each, exp.Expression)
            else exp.Literal.string(each)
            if isinstance(each, str)
            else exp.Literal.number(each)
            for each in arguments
        ],
    )


def _constant(node: Any) -> str | None:
    return str(node.this) if isinstance(node, exp.Literal) and node.is_string else None


class _Writer:
    """Writes one query."""

    def __init__(self, transpiler: Transpiler, texts: frozenset[str]) -> None:
        self._transpiler = transpiler
        self._texts = texts

    def write(self, node: exp.Expression) -> exp.Expression:
        """The node for Spark, changed in place where it can be."""
        handler = _HANDLERS.get(type(node))
        written = handler(self, node) if handler else None
        if written is not None:
            return written
        if self._foreign(node):
            return self._embedded(node)
        return self._inside(node)

    def _inside(self, node: exp.Expression) -> exp.Expression:
        for key, value in list(node.args.items()):
            if isinstance(value, exp.Expression):
                node.set(key, self.write(value))
            elif isinstance(value, list):
                node.set(key, [self.write(each) if isinstance(each, exp.Expression) else each for each in value])
        return node

    def _foreign(self, node: exp.Expression) -> bool:
        """Whether Spark would read it otherwise."""
        if isinstance(node, _COMPARISONS):
            sides = {self._kind(each) for each in node.iter_expressions()}
            return {"text", "number"} <= sides
        if isinstance(node, _ARITHMETIC):
            return any(self._kind(each) == "text" for each in node.iter_expressions())
        if isinstance(node, exp.DPipe):
            return any(self._kind(each) == "number" for each in node.iter_expressions())
        if isinstance(node, exp.Div):
            return not node.find(exp.AggFunc, exp.Window)
        if isinstance(node, exp.Mod | exp.Bracket | exp.Like | exp.ILike | exp.Lambda | exp.Collate | exp.AtTimeZone):
            return True
        return isinstance(node, exp.Func) and not isinstance(node, _PLAIN)

    def _kind(self, node: exp.Expression) -> str:
        if isinstance(node, exp.Paren):
            return self._kind(node.this)
        if isinstance(node, exp.Literal):
            return "text" if node.is_string else "number"
        if isinstance(node, exp.Column):
            return "text" if node.name.lower() in self._texts else ""
        if isinstance(node, exp.Cast):
            return "text" if node.to.is_type(*exp.DataType.TEXT_TYPES) else "number"
        return "text" if isinstance(node, _TEXTS) else "number" if isinstance(node, _NUMBERS) else ""

    def _embedded(self, node: exp.Expression) -> exp.Expression:
        """The node evaluated by DuckDB; columns, aggregates and windows in it become its inputs."""
        inputs: dict[str, tuple[exp.Expression, str]] = {}
        own = {each.name for found in node.find_all(exp.Lambda) for each in found.expressions}

        def outside(part: exp.Expression) -> exp.Expression:
            if isinstance(part, exp.Column) and part.name in own:
                return part
            if not isinstance(part, (exp.Column, *_OUTSIDE)):
                return part
            text = part.sql(dialect="duckdb")
            if text not in inputs:
                inputs[text] = (self.write(part.copy()), self._guess(part))
            return exp.column(f"c{list(inputs).index(text)}")

        if isinstance(node, _OUTSIDE):
            raise SparkFailure(f"{node.sql(dialect='duckdb'):.80} cannot be carried out on Spark")
        text = node.copy().transform(_logarithm).transform(outside).sql(dialect="duckdb")
        if not inputs:
            return self._transpiler.constant(text)
        name = self._transpiler.embed(text, tuple(guess for _, guess in inputs.values()))
        return call(name, *(each for each, _ in inputs.values()))

    def _guess(self, part: exp.Expression) -> str:
        """DuckDB's type of an input, empty where it is not known."""
        if isinstance(part, exp.Column):
            name = part.name.lower()
            return "VARCHAR" if name in self._texts else "BIGINT" if name in ("_row", "n", "_tm_n") else ""
        inner = part.this if isinstance(part, exp.Window | exp.Filter | exp.IgnoreNulls) else part
        inner = inner.this if isinstance(inner, exp.IgnoreNulls | exp.Filter) else inner
        if isinstance(inner, exp.Avg | exp.Median | exp.StddevPop):
            return "DOUBLE"
        if isinstance(inner, exp.Count | exp.Sum | exp.RowNumber):
            return "BIGINT"
        return "VARCHAR" if isinstance(inner, exp.Mode) else ""

    def matches(self, value: exp.Expression, pattern: str) -> exp.Expression:
        """Whether a Java pattern is found in the value."""
        return call("regexp_like", value, pattern)

    def _search(self, node: exp.Expression) -> exp.Expression | None:
        pattern = _constant(node.expression)
        if pattern is None or node.args.get("flag"):
            return None
        return self._pattern(lambda found: self.matches(self.write(node.this), found.pattern), pattern)

    def _full(self, node: exp.Expression) -> exp.Expression | None:
        pattern = _constant(node.expression)
        if pattern is None or node.args.get("options"):
            return None
        return self._pattern(lambda found: self.matches(self.write(node.this), rf"\A(?:{found.pattern})\z"), pattern)

    def _replace_pattern(self, node: exp.Expression) -> exp.Expression | None:
        pattern, new = _constant(node.expression), _constant(node.args["replacement"])
        flags = node.args.get("modifiers")
        letters = "" if flags is None else _constant(flags)
        if pattern is None or new is None or letters is None or set(letters) - {"g", "i"}:
            return None
        once = "g" not in letters

        def spelled(found: regex.Translated) -> exp.Expression:
            java = ("$1" if once else "") + regex.replacement(new)
            return call("regexp_replace", self.write(node.this), regex.first(found) if once else found.pattern, java)

        return self._pattern(spelled, pattern, new=new, ignore_case="i" in letters)

    def _extract(self, node: exp.Expression) -> exp.Expression | None:
        pattern, group = _constant(node.expression), node.args.get("group")
        names = [_constant(each) for each in group.expressions] if isinstance(group, exp.Array) else []
        known = group is None or group.is_int or (names and None not in names)
        if pattern is None or node.args.get("parameters") or not known:
            return None
        number = len(names) or (int(group.this) if group is not None else 0)

        def spelled(found: regex.Translated) -> exp.Expression:
            if number > found.groups:
                raise regex.Untranslatable(f"group {number}")
            value = self.write(node.this)
            if not names:
                return call("regexp_extract", value, found.pattern, number)
            parts = (call("regexp_extract", value.copy(), found.pattern, place) for place in range(1, number + 1))
            return call("named_struct", *(part for pair in zip(names, parts, strict=True) for part in pair))

        return self._pattern(spelled, pattern)

    def _pattern(
        self,
        spelled: Callable[[regex.Translated], exp.Expression],
        pattern: str,
        *,
        new: str | None = None,
        ignore_case: bool = False,
    ) -> exp.Expression | None:
        """The node with its pattern in Java's spelling; None where that has no equal, and DuckDB has to read it."""
        empty = self._transpiler.matches_nothing(pattern, new or "")
        if new is not None and empty:  # RE2 takes no empty match behind another, and none inside a character
            return None
        try:
            return spelled(regex.translate(pattern, ignore_case=ignore_case))
        except regex.Untranslatable:
            return None

    def _lower(self, node: exp.Expression) -> exp.Expression:
        return call("lower", call("translate", self.write(node.this), "".join(_LOWER), "".join(_LOWER.values())))

    def _trim(self, node: exp.Expression) -> exp.Expression | None:
        if node.expression is not None or node.args.get("position"):
            return None
        return call("btrim", self.write(node.this), SPACES)

    def _replace(self, node: exp.Expression) -> exp.Expression:
        return call("replace", *(self.write(each) for each in (node.this, node.expression, node.args["replacement"])))

    def _try_cast(self, node: exp.Expression) -> exp.Expression | None:
        if not node.to.is_type(exp.DataType.Type.DOUBLE):
            return None
        value = self.write(node.this)
        double = exp.DataType.build("double")
        plain = exp.TryCast(this=call("replace", value.copy(), "_", ""), to=double.copy())
        case = exp.Case().when(self.matches(value.copy(), _NUMBER), plain)
        for pattern, meant in (
            (_INFINITE.format("[+]?"), "Infinity"),
            (_INFINITE.format("-"), "-Infinity"),
            (_NAN, "NaN"),
        ):
            case = case.when(self.matches(value.copy(), pattern), exp.cast(exp.Literal.string(meant), double.copy()))
        return case

    def _cast(self, node: exp.Expression) -> exp.Expression | None:
        value = node.this.unnest() if isinstance(node.this, exp.Paren) else node.this
        text = node.to.is_type(*exp.DataType.TEXT_TYPES)
        if isinstance(value, exp.Null) or (text and isinstance(value, exp.Column)):
            return self._inside(node)
        whole = node.to.is_type("bigint", "int")
        if whole and not isinstance(value, exp.Column | exp.Literal) and self._kind(value) != "text":
            return self._inside(node)
        return None

    def _finite(self, node: exp.Expression) -> exp.Expression | None:
        if node.name.lower() != "isfinite":
            return self._named(node)
        value = self.write(node.expressions[0])
        double = exp.DataType.build("double")
        low, high = (exp.cast(exp.Literal.string(each), double.copy()) for each in ("-Infinity", "Infinity"))
        return exp.paren(exp.and_(exp.GT(this=value, expression=low), exp.LT(this=value.copy(), expression=high)))

    def _named(self, node: exp.Expression) -> exp.Expression | None:
        """Functions that sqlglot has no node for."""
        name = _ANONYMOUS.get(node.name.lower())
        return None if name is None else call(name, *(self.write(each) for each in node.expressions))

    def _best(self, node: exp.Expression) -> exp.Expression:
        key = node.expression
        if isinstance(key, exp.Tuple):
            key = call("struct", *key.expressions)
        name = "max_by" if isinstance(node, exp.ArgMax) else "min_by"
        return call(name, self.write(node.this), self._inside(key))

    def _least(self, node: exp.Expression) -> exp.Expression | None:
        """The smallest few, in order; records compare by their first field."""
        if node.args.get("count") is None:
            return self._inside(node)
        value = node.this
        key = value.expressions[0].expression if isinstance(value, exp.Struct) else value
        return call("min_by", self.write(value), self.write(key.copy()), int(node.args["count"].this))

    def _struct(self, node: exp.Expression) -> exp.Expression:
        fields = [part for each in node.expressions for part in (each.this.name, self.write(each.expression))]
        return call("named_struct", *fields)

    def _quantile(self, node: exp.Expression) -> exp.Expression:
        value, shares = self.write(node.this), node.expression
        several = isinstance(shares, exp.Array)
        picked = [
            _ordered(call("percentile_disc", each), value) for each in (shares.expressions if several else [shares])
        ]
        if not several:
            return picked[0]
        return exp.Case().when(
            exp.GT(this=exp.Count(this=value.copy()), expression=exp.Literal.number(0)), call("array", *picked)
        )

    def _mode(self, node: exp.Expression) -> exp.Expression:
        value = node.this.this if isinstance(node.this, exp.Order) else node.this
        return _ordered(call("mode"), self.write(value))

    def _window(self, node: exp.Expression) -> exp.Expression | None:
        if isinstance(node.this, exp.Mode | exp.Median):
            node.set("this", self._mode(node.this) if isinstance(node.this, exp.Mode) else self._inside(node.this))
            return node
        return self._inside(node)

    def _select(self, node: exp.Expression) -> exp.Expression:
        """`* REPLACE (…)` is spelled out: all other columns, then the replaced ones."""
        replaced = []
        for each in node.expressions:
            star = each if isinstance(each, exp.Star) else each.this if isinstance(each, exp.Column) else None
            if isinstance(star, exp.Star) and star.args.get("replace"):
                renewed = star.args["replace"]
                names = [exp.column(exp.to_identifier(found.alias, quoted=True)) for found in renewed]
                star.set("except_", [*(star.args.get("except_") or []), *names])
                star.set("replace", None)
                replaced += renewed
        node.set("expressions", [*node.expressions, *replaced])
        return self._inside(node)

    def _order(self, node: exp.Expression) -> exp.Expression:
        """Samples are ordered by DuckDB's own hash, so that both engines take the same."""
        if isinstance(node.this, exp.Anonymous) and node.this.name.lower() == "hash":
            node.set("this", self._embedded(node.this))
            return node
        return self._inside(node)

    def _cte(self, node: exp.Expression) -> exp.Expression:
        node.set("materialized", None)
        return self._inside(node)


def _ordered(function: exp.Expression, value: exp.Expression) -> exp.Expression:
    return exp.WithinGroup(this=function, expression=exp.Order(expressions=[exp.Ordered(this=value.copy())]))


def _logarithm(node: exp.Expression) -> exp.Expression:
    name = _LOGARITHMS.get(node.this.name) if isinstance(node, exp.Log) and node.expression else None
    return call(name, node.expression) if name else node


_LOGARITHMS = {"2": "log2", "10": "log10"}
"""Functions of DuckDB that sqlglot would print as `log(2, x)`, which rounds otherwise."""

_ANONYMOUS = {"hash": "xxhash64", "row": "struct"}

_HANDLERS: dict[type[exp.Expression], Callable[[_Writer, Any], exp.Expression | None]] = {
    exp.RegexpLike: _Writer._search,
    exp.RegexpFullMatch: _Writer._full,
    exp.RegexpReplace: _Writer._replace_pattern,
    exp.RegexpExtract: _Writer._extract,
    exp.Lower: _Writer._lower,
    exp.Trim: _Writer._trim,
    exp.Replace: _Writer._replace,
    exp.TryCast: _Writer._try_cast,
    exp.Cast: _Writer._cast,
    exp.Anonymous: _Writer._finite,
    exp.ArgMax: _Writer._best,
    exp.ArgMin: _Writer._best,
    exp.Min: _Writer._least,
    exp.Struct: _Writer._struct,
    exp.PercentileDisc: _Writer._quantile,
    exp.Mode: _Writer._mode,
    exp.Window: _Writer._window,
    exp.Select: _Writer._select,
    exp.CTE: _Writer._cte,
    exp.Ordered: _Writer._order,
}
