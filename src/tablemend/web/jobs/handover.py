"""Settings from a server to its workers: through a pipe, so that no list of processes shows what is secret."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
from pydantic import BaseModel, SecretStr

from tablemend.settings import Settings, restored

_LENGTH = 8


def packed(settings: Settings) -> bytes:
    """Settings with their secrets, as `received` reads them."""
    values = {name: _plain(getattr(settings, name)) for name in type(settings).model_fields}
    body = msgspec.json.encode({"values": values, "given": sorted(settings.given)})
    return len(body).to_bytes(_LENGTH, "big") + body


def received(inbox: int) -> Settings | None:
    """The settings that a server wrote; None where it went away meanwhile."""
    head = _exactly(inbox, _LENGTH)
    body = _exactly(inbox, int.from_bytes(head, "big")) if head else b""
    return restored(**msgspec.json.decode(body)) if body else None


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        return str(value.resolve())
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value


def _exactly(inbox: int, length: int) -> bytes:
    found = b""
    while len(found) < length:
        piece = os.read(inbox, length - len(found))
        if not piece:
            return b""
        found += piece
    return found
