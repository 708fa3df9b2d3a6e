"""Texts that a spreadsheet would run as formulas, made harmless.

After the advice of OWASP on CSV injection: a text that begins with = + - @, a tab or a line break gets an apostrophe
before it. Numbers with a sign stay as they are: they can do nothing.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

_SPACE = r"[ \t\n\f\r]*"  # spelt out, since the two engines that read it have different classes
_MARKS = rf"^(?:[\t\r\n]|{_SPACE}[=+\-@＝＋－＠])"
_NUMBER = rf"^{_SPACE}[+\-](?:[0-9]+(?:[.,][0-9]+)*|[.,][0-9]+)(?:[eE][+\-]?[0-9]+)?{_SPACE}%?{_SPACE}\z"
_PLAIN = (pt.is_integer, pt.is_floating, pt.is_decimal, pt.is_temporal, pt.is_boolean)


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would run a text."""
    return re.search(_MARKS, text) is not None and re.search(_NUMBER.replace(r"\z", r"\Z"), text) is None


def harmless(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would run it."""
    return f"'{text}" if is_formula(text) else text


def harmless_column(column: pa.ChunkedArray, texts: pa.Array) -> pa.Array:
    """The texts of a column, each made harmless; columns of numbers and times hold nothing to run."""
    if any(is_plain(column.type) for is_plain in _PLAIN):
        return texts
    runs = pc.and_not(pc.match_substring_regex(texts, _MARKS), pc.match_substring_regex(texts, _NUMBER))
    if not pc.any(runs).as_py():
        return texts
    return pc.if_else(runs, pc.binary_join_element_wise("'", texts, ""), texts)
