"""What requests hold: nothing unknown, and nothing that the state cannot keep."""

from __future__ import annotations

import math
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

LARGEST = 2**53 - 1
"""Largest whole number that every reader of JSON holds exactly (RFC 8259, section 6)."""
DEEPEST = 50
"""Levels of a body within each other; no request needs more than a few."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Words = Annotated[str, StringConstraints(max_length=10_000)]
Place = Annotated[str, StringConstraints(min_length=1, max_length=4_000)]
Limit = Annotated[int, Query(ge=1, le=1_000, description="At most so many.")]
Offset = Annotated[int, Query(ge=0, le=LARGEST, description="After so many.")]


class Body(BaseModel):
    """Base of the bodies of requests."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _keepable(cls, given: Any) -> Any:
        require_keepable(given)
        return given


def require_keepable(value: Any, depth: int = 0) -> None:
    """Raise ValueError for what JSON can say and the state cannot keep."""
    if depth > DEEPEST:
        raise ValueError("it is nested too deeply")
    if isinstance(value, str):
        _require_text(value)
    elif isinstance(value, dict):
        for key, each in value.items():
            require_keepable(key, depth + 1)
            require_keepable(each, depth + 1)
    elif isinstance(value, list | tuple):
        for each in value:
            require_keepable(each, depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is not finite")
    elif isinstance(value, int) and abs(value) > LARGEST:
        raise ValueError("a whole number is too large")


def _require_text(text: str) -> None:
    if "\0" in text:
        raise ValueError("a text holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError as problem:
        raise ValueError("a text is not valid Unicode") from problem
