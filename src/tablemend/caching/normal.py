"""SQL in normal form: white space, comments and the case of keywords make no difference; nothing else is touched."""

from __future__ import annotations

import re
from itertools import pairwise

import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

_KEYWORDS = {
    getattr(TokenType, name)
    for name in (
        *("SELECT", "FROM", "WHERE", "GROUP_BY", "ORDER_BY", "HAVING", "LIMIT", "OFFSET", "JOIN", "INNER", "OUTER"),
        *("CROSS", "ON", "USING", "AND", "OR", "NOT", "IN", "IS", "LIKE", "BETWEEN", "ALIAS", "DISTINCT", "UNION"),
        *("EXCEPT", "INTERSECT", "WITH", "CASE", "WHEN", "THEN", "ELSE", "END", "ASC", "DESC", "NULL", "EXISTS"),
    )
}
"""Keywords that no database takes for a name where they stand without quotes."""

_GAP = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.S)
_MEANT = re.compile(r"/\*[!+]|--\S")
"""Comments that a database may obey, or take for something else."""


def normal(sql: str, dialect: str) -> str:
    """The tokens of a query, one space apart; the text as it is where anything between them is more than a remark."""
    try:
        tokens = sqlglot.tokenize(sql, dialect=dialect)
    except SqlglotError:
        return sql
    if not tokens or _MEANT.search(sql):
        return sql
    ends = [(0, tokens[0].start), *((left.end + 1, right.start) for left, right in pairwise(tokens))]
    gaps = [sql[start:end] for start, end in ends]
    tail = sql[tokens[-1].end + 1 :]
    if not all(_GAP.fullmatch(each) for each in (*gaps, tail)):
        return sql
    words = (
        " ".join(each.text.upper().split()) if each.token_type in _KEYWORDS else sql[each.start : each.end + 1]
        for each in tokens
    )
    return " ".join(words).removesuffix(" ;")
