"""Records to and from the bytes and texts that the state database holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_encoder = msgspec.json.Encoder()


def pack(value: Any) -> bytes:
    """Encode a record, or anything that JSON can hold."""
    return _encoder.encode(value)


def unpack(body: bytes, kind: type[T]) -> T:
    """Decode what `pack` wrote."""
    return msgspec.json.decode(body, type=kind)


def stamp(when: datetime) -> str:
    """A UTC time as text that sorts like the time."""
    return when.astimezone(UTC).isoformat(timespec="microseconds")


def moment(text: str | None) -> datetime | None:
    """The time that `stamp` wrote."""
    return None if text is None else datetime.fromisoformat(text)
