"""Which texts stand for a missing value."""

import re
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

AMONG_TYPED = frozenset(
    {"na", "none", "empty", "nil", "unknown", "missing", "not available", "not applicable", "tbd", ".", "*"}
)
"""Words that may be a value of text, but never a number, a date or an address."""

SENTINELS = ("-1", "-9", "-99", "-999", "-9999", "-99999", "99", "999", "9999", "99999", "999999")
"""Numbers that stand for missing when they lie far outside the rest of a column."""

_TYPED_MEANINGS = frozenset({"email", "url", "phone", "postcode", "measure", "currency"})

SPACE = r"[\s\p{Z}]"
"""One white-space character for RE2, whose own `\\s` is ASCII only."""


BLANK = rf"^{SPACE}*$"


def one_of(tokens: Iterable[str]) -> str:
    """The regular expression of a cell that is one of `tokens`, in any case."""
    return rf"^\s*(?i:{'|'.join(re.escape(each) for each in sorted(tokens))})\s*$"


def blank(value: str) -> str:
    """SQL that is true where the text expression `value` is empty or only white space."""
    return f"regexp_matches({value}, {sql.literal(BLANK)})"


def present(value: str) -> str:
    """SQL that is true where the text expression `value` is neither null nor blank."""
    return f"NOT {blank(value)}"


def disguised(value: str, tokens: Iterable[str]) -> str:
    """SQL that is true where the text expression `value` is one of `tokens`, in any case."""
    return f"regexp_matches({value}, {sql.literal(one_of(tokens))})"


def absent(value: str, tokens: Iterable[str]) -> str:
    """SQL that is true where the text expression `value` is blank or one of `tokens`: one search for both."""
    return f"regexp_matches({value}, {sql.literal(f'{BLANK}|{one_of(tokens)}')})"


def tokens(kind: str, meaning: str) -> frozenset[str]:
    """The texts that stand for missing in a column of this type and meaning."""
    typed = kind not in ("text", "nested") or meaning in _TYPED_MEANINGS
    return ALWAYS | AMONG_TYPED if typed else ALWAYS
