"""JSON of other people into values: nothing too deep, and no key of an object twice."""

from __future__ import annotations

import json
from typing import Any

import msgspec


class Twofold(dict[str, Any]):
    """An object in which a key stood twice, so that nobody knows which of its values is meant."""

    key: str = ""


def decoded(text: str) -> Any:
    """The value of a JSON text, a Twofold for each object with a key twice.

    DecodeError for what is no JSON, or is nested deeper than can be followed.
    """
    try:
        plain = msgspec.json.decode(text)
        found: list[Twofold] = []
        marked = json.loads(text, object_pairs_hook=lambda pairs: _object(pairs, found))
    except RecursionError:
        raise msgspec.DecodeError("it is nested too deep") from None
    return marked if found else plain


def _object(pairs: list[tuple[str, Any]], found: list[Twofold]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    twofold = Twofold(made)
    names = [name for name, _ in pairs]
    twofold.key = next(name for n, name in enumerate(names) if name in names[:n])
    found.append(twofold)
    return twofold


def twice(value: Any) -> str:
    """A key that stands twice in an object of a value; empty where there is none."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Twofold):
            return each.key
        if isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
    return ""
