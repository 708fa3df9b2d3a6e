"""Character patterns: letters become A or a, digits 9, other characters stay; `folded` joins runs."""

import re
from collections import Counter
from collections.abc import Iterable

_RUN = re.compile(r"(.)\1*", re.DOTALL)
_CLASSES = {"A": "[A-Z]", "a": "[a-z]", "9": "[0-9]"}


def _symbol(character: str) -> str:
    if character.isupper():
        return "A"
    if character.isdigit():
        return "9"
    return "a" if character.isalpha() else character


_ASCII = {code: _symbol(chr(code)) for code in range(128)}


def pattern(value: str) -> str:
    """One symbol a character: `AB-12` is `AA-99`."""
    if value.isascii():
        return value.translate(_ASCII)
    return "".join(map(_symbol, value))


def folded(value: str) -> str:
    """The pattern with runs of letters and digits joined: `AB-12` is `A-9`."""
    return _RUN.sub(lambda run: run[1] if run[1] in _CLASSES else run[0], pattern(value))


def histogram(values: Iterable[tuple[str, int]], *, exact: bool = False) -> Counter[str]:
    """How many cells have each pattern; `exact` keeps the lengths of runs."""
    counts: Counter[str] = Counter()
    shape = pattern if exact else folded
    for value, n in values:
        counts[shape(value)] += n
    return counts


def regex(pattern_text: str, *, exact: bool) -> str:
    """A regular expression for a pattern, read alike by RE2 and Python."""
    return "".join(_piece(run, exact=exact) for run in _RUN.finditer(pattern_text))


def _piece(run: re.Match[str], *, exact: bool) -> str:
    symbol, length = run[1], len(run[0])
    if symbol not in _CLASSES:
        return re.escape(symbol) * length
    times = f"{{{length}}}" if exact and length > 1 else "" if exact else "+"
    return _CLASSES[symbol] + times
