"""SQL in normal form: how much white space or which comment stands between two words makes no difference."""

from __future__ import annotations

import re
from itertools import pairwise

import sqlglot
from sqlglot.errors import SqlglotError

_GAP = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.S)
_MEANT = re.compile(r"/\*[!+]|--\S")
"""Comments that a database may obey, or take for something else."""


def normal(sql: str, dialect: str) -> str:
    """The tokens of a query as they are written, one space apart where anything stands between them.

    The text as it is where that is more than white space and remarks, or where two texts follow one another, which a
    line between them makes one.
    """
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
    if any("STRING" in left.token_type.name and "STRING" in right.token_type.name for left, right in pairwise(tokens)):
        return sql
    spaces = [" " if gap else "" for gap in gaps]
    spaces[0] = ""
    words = (gap + sql[each.start : each.end + 1] for gap, each in zip(spaces, tokens, strict=True))
    return "".join(words).removesuffix(";").rstrip()
