"""How each database spells what the checks need, and what it lacks, with the reason: one entry per database.

Every spelling gives what the embedded engine gives for the same cells; the conformance tests hold it to that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from sqlglot import exp

from tablemend.records import Record

ASCII_SPACE = "\t\n\f\r "
"""What `\\s` is to RE2, the regular expressions of the embedded engine."""

SPACE = ASCII_SPACE + "\u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
"""`[\\s\\p{Z}]` to RE2: the separators of Unicode (category Z) beside the ASCII ones."""

Expression: TypeAlias = exp.Expression
Test = Callable[[Expression], Expression]


class Spelling(Record, frozen=True, kw_only=True):
    """One database."""

    grammar: str  # name that sqlglot has for its SQL
    double: str  # type of floating-point numbers, for casts
    exact: Test  # text that compares by its bytes, whatever the collation
    blank: Test  # true for empty text and text of white space alone
    outer_space: Test
    double_space: Test
    words: Callable[[Expression, list[str]], Expression]  # true where the text is one of the words, in any case
    full_match: Callable[[Expression, str], Expression] | None  # of a portable pattern; None where there is none
    prepare: str = ""  # run before each query, in its transaction
    unsupported: Mapping[str, str]  # check or feature → why this database cannot evaluate it as the engine does


def text(value: str) -> Expression:
    """A literal."""
    return exp.Literal.string(value)


def call(name: str, *arguments: Expression) -> Expression:
    """A function by the name that the database has for it."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def _trimmed(name: str) -> Callable[[Expression, str], Expression]:
    return lambda value, characters: call(name, value.copy(), text(characters))


def _blank(trim: Callable[[Expression, str], Expression]) -> Test:
    return lambda value: exp.EQ(this=trim(value, SPACE), expression=text(""))


def _outer(trim: Callable[[Expression, str], Expression]) -> Test:
    """Longer than without the space around it, and not blank."""

    def test(value: Expression) -> Expression:
        rest = trim(value, SPACE)
        shorter = exp.NEQ(this=call("length", rest), expression=call("length", value.copy()))
        return exp.and_(shorter, exp.NEQ(this=rest.copy(), expression=text("")))

    return test


def _words(trim: Callable[[Expression, str], Expression], lower: Test) -> Callable[..., Expression]:
    return lambda value, words: exp.In(this=lower(trim(value, ASCII_SPACE)), expressions=[text(each) for each in words])


def _plain(value: Expression) -> Expression:
    return value.copy()


def _lower(value: Expression) -> Expression:
    return call("lower", value)


def _collated(value: Expression, collation: str) -> Expression:
    return exp.Collate(this=value.copy(), expression=exp.to_identifier(collation, quoted=True))


_DOUBLE = rf"[^{SPACE}][{SPACE}]{{2,}}[^{SPACE}]"


def _match(value: Expression, pattern: Expression) -> Expression:
    return exp.RegexpLike(this=value, expression=pattern)


def _glob(value: Expression) -> Expression:
    """Two spaces side by side in what is left when the outer ones are gone."""
    return exp.Glob(this=_trimmed("trim")(value, SPACE), expression=text(f"*[{SPACE}][{SPACE}]*"))


def _mysql_exact(value: Expression) -> Expression:
    """As bytes: a collation by bytes would still take `a` and `a ` for the same."""
    return exp.Cast(this=_mysql_text(value), to=exp.DataType.build("BINARY", dialect="mysql"))


def _mysql_text(value: Expression) -> Expression:
    """In a collation by bytes; CONVERT first, because the column may be of any character set."""
    utf8 = exp.DataType(this=exp.DataType.Type.CHARACTER_SET, kind=exp.Var(this="utf8mb4"))
    return exp.Collate(this=exp.Cast(this=value.copy(), to=utf8), expression=exp.Var(this="utf8mb4_bin"))


def _mysql_like(value: Expression, pattern: str) -> Expression:
    """By REGEXP_INSTR, which MySQL and MariaDB both have."""
    place = call("REGEXP_INSTR", _mysql_text(value), text(pattern))
    return exp.GT(this=place, expression=exp.Literal.number(0))


_FIXED = "text of fixed length is padded, which its functions do not see"

SPELLINGS: dict[str, Spelling] = {
    "duckdb": Spelling(
        grammar="duckdb",
        double="DOUBLE",
        exact=_plain,
        blank=_blank(_trimmed("trim")),
        outer_space=_outer(_trimmed("trim")),
        double_space=lambda value: call("regexp_matches", value.copy(), text(_DOUBLE)),
        words=_words(_trimmed("trim"), _lower),
        full_match=lambda value, pattern: call("regexp_full_match", value.copy(), text(pattern)),
        unsupported={},
    ),
    "postgresql": Spelling(
        grammar="postgres",
        double="DOUBLE PRECISION",
        exact=lambda value: _collated(value, "C"),
        blank=_blank(_trimmed("btrim")),
        outer_space=_outer(_trimmed("btrim")),
        double_space=lambda value: _match(_collated(value, "C"), text(_DOUBLE)),
        words=_words(_trimmed("btrim"), lambda value: _lower(_collated(value, "C"))),
        full_match=lambda value, pattern: _match(_collated(value, "C"), text(f"^(?:{pattern})$")),
        prepare="SET LOCAL work_mem = '256MB'",  # else keys are not hashed, and grouped anew for every row
        unsupported={"character": _FIXED},
    ),
    "mysql": Spelling(
        grammar="mysql",
        double="DOUBLE",
        exact=_mysql_exact,
        blank=lambda value: _mysql_like(value, rf"^[{SPACE}]*\z"),
        outer_space=lambda value: _mysql_like(value, rf"^[{SPACE}]+[^{SPACE}]|[^{SPACE}][{SPACE}]+\z"),
        double_space=lambda value: _mysql_like(value, _DOUBLE),
        words=lambda value, words: _mysql_like(
            value, rf"^[{ASCII_SPACE}]*(?i:{'|'.join(map(re.escape, words))})[{ASCII_SPACE}]*\z"
        ),
        full_match=lambda value, pattern: _mysql_like(value, rf"^(?:{pattern})\z"),
        unsupported={},
    ),
    "sqlite": Spelling(
        grammar="sqlite",
        double="REAL",
        exact=lambda value: exp.Collate(this=value.copy(), expression=exp.Var(this="BINARY")),
        blank=_blank(_trimmed("trim")),
        outer_space=_outer(_trimmed("trim")),
        double_space=_glob,
        words=_words(_trimmed("trim"), _lower),
        full_match=None,
        unsupported={"regex": "it has no regular expressions"},
    ),
}

UNSUPPORTED: dict[str, str] = {
    "pattern": "the pattern uses what databases read in different ways",
    "other": "values of this type have no text that all databases agree on",
    "text as number": "numbers held as text are read in different ways",
    "text as date": "dates held as text are read in different ways",
    "zone": "moments with a zone are compared in different ways",
    "decimal as text": "the text of this number is written in different ways",
    "sentinel": "a number such as 9999 stands out, and telling it from a value takes the quartiles of the column",
    "function": "functions differ between databases",
    "parent": "the parent is no table of the same database",
    "types": "keys of different types compare in different ways",
}
"""What no database is asked for, and why."""
