"""The key of a result: everything that it depends on, in one digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any


def digest(parts: Sequence[str]) -> str:
    """SHA-256 of several texts, each with its length before it, so that no two lists of texts are the same."""
    return hashlib.sha256("".join(f"{len(each)}:{each}" for each in parts).encode("utf-8", "surrogatepass")).hexdigest()


def parameters(given: Mapping[str, Any] | None) -> str:
    """Parameters with their types, in the order of their names: 1, 1.0, "1" and True are four."""
    if not given:
        return ""
    return ";".join(f"{name!r}={_typed(given[name])}" for name in sorted(given))


def _typed(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}[{','.join(_typed(each) for each in value)}]"
    if isinstance(value, dict):
        return f"dict{{{','.join(f'{_typed(name)}:{_typed(each)}' for name, each in sorted(value.items(), key=repr))}}}"
    kind = type(value)
    if (
        vars(kind).get("__repr__", kind.__repr__) is object.__repr__
    ):  # which names an address: two values may have the same one, one after another
        raise TypeError(f"a parameter of type {kind.__qualname__} has no lasting spelling")
    return f"{kind.__module__}.{kind.__qualname__}:{value!r}"
