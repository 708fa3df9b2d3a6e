"""Which texts stand for a missing value."""

from collections.abc import Iterable

from tablemend.engine import sql

ALWAYS = frozenset(
    {
        "n/a",
        "#n/a",
        "n.a.",
        "null",
        "(null)",
        "<null>",
        "\\n",
        "nan",
        "#nan",
        "<na>",
        "-",
        "--",
        "---",
        "?",
        "??",
        "???",
    }
    | {"#ref!", "#value!", "#div/0!", "#name?", "undefined"}
)
"""Never a value of any column, whatever its case."""

AMONG_TYPED = frozenset({"na", "none", "nil", "unknown", "missing", "not available", "not applicable", "tbd", ".", "*"})
"""Words that may be a value of text, but never a number, a date or an address."""

SENTINELS = ("-1", "-9", "-99", "-999", "-9999", "-99999", "99", "999", "9999", "99999", "999999")
"""Numbers that stand for missing when they lie far outside the rest of a column."""

LONGEST = max(map(len, ALWAYS | AMONG_TYPED))

SPACE = r"[\s\p{Z}]"
"""One white-space character for RE2, whose own `\\s` is ASCII only."""


def present(value: str) -> str:
    """SQL that is true where the text expression `value` is neither null nor blank."""
    return f"regexp_matches({value}, {sql.literal(SPACE.replace('[', '[^'))})"


def blank(value: str) -> str:
    """SQL that is true where the text expression `value` is empty or only white space."""
    return f"NOT {present(value)}"


def disguised(value: str, tokens: Iterable[str]) -> str:
    """SQL that is true where the text expression `value` is one of `tokens`, in any case."""
    return f"(length({value}) <= {LONGEST + 4} AND lower(trim({value})) IN ({sql.literals(sorted(tokens))}))"
