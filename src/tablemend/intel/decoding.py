"""JSON of other people into values: nothing too deep, and no key of an object twice."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import msgspec

_MARK = '":'
_SPACED = re.compile(r'"\s+:')


class Twofold(dict[str, Any]):
    """An object in which a key stands twice, there or further in, so that nobody knows which value is meant."""

    key: str
    inner: bool  # in an object within it


def decoded(text: str) -> Any:
    """The value of a JSON text, a Twofold for each object with a key twice in it.

    DecodeError for what is no JSON, or is nested deeper than can be followed.
    """
    try:
        plain = msgspec.json.decode(text)
        if _is_whole(text, plain):
            return plain
        found: list[Twofold] = []
        marked = json.loads(text, object_pairs_hook=lambda pairs: _object(pairs, found))
    except RecursionError:
        raise msgspec.DecodeError("it is nested too deep") from None
    return marked if found else plain


def _is_whole(text: str, plain: Any) -> bool:
    """Whether a value surely has every key of its text; cheap, and False where only a slower look can tell.

    Without escapes, texts stand in JSON as they are, so that the marks of keys are as many in the value written anew
    unless a key was lost.
    """
    if "\\" in text or _SPACED.search(text):
        return False
    return text.count(_MARK) == msgspec.json.encode(plain).count(_MARK.encode())


def _object(pairs: list[tuple[str, Any]], found: list[Twofold]) -> dict[str, Any]:
    """An object of its pairs; objects within others come first, and hand on that a key stands twice in them."""
    made = dict(pairs)
    own = _twice(pairs) if len(made) < len(pairs) else None
    key = own if own is not None or not found else _within(list(made.values()))
    if key is None:
        return made
    twofold = Twofold(made)
    twofold.key, twofold.inner = key, own is None
    found.append(twofold)
    return twofold


def _twice(pairs: list[tuple[str, Any]]) -> str:
    counts = Counter(name for name, _ in pairs)
    return next(name for name, number in counts.items() if number > 1)


def _within(waiting: list[Any]) -> str | None:
    while waiting:
        each = waiting.pop()
        if isinstance(each, Twofold):
            return each.key
        if isinstance(each, list):
            waiting.extend(each)
    return None


def twice(value: Any) -> str | None:
    """A key that stands twice in an object; None where none does."""
    return value.key if isinstance(value, Twofold) else None
