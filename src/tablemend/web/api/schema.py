"""Records in the OpenAPI document: what an endpoint answers is described by the record itself."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

_AT = "#/components/schemas/{name}"


@lru_cache(4096)
def _names(kind: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    return tuple((each.name, each.encode_name) for each in msgspec.structs.fields(kind))


def whole(value: Any) -> Any:
    """A record with every field, also those that are as by default: a program should not have to know these."""
    if isinstance(value, msgspec.Struct):
        return {written: whole(getattr(value, name)) for name, written in _names(type(value))}
    if isinstance(value, dict):
        return {key: whole(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [whole(each) for each in value]
    return value


def encode(value: Any) -> bytes:
    """A value as JSON, its records whole."""
    return msgspec.json.encode(whole(value))


class Schemas:
    """The schemas of the records of an API, by name."""

    def __init__(self) -> None:
        self.components: dict[str, Any] = {}

    def of(self, kind: Any) -> dict[str, Any]:
        """The schema of a type; those of its records are kept under their names."""
        (found,), components = msgspec.json.schema_components([kind], ref_template=_AT)
        for name, each in components.items():
            _require_all(each)
            if self.components.setdefault(name, each) != each:
                raise TypeError(f"two records of the API are called {name}")  # pragma: no cover - a mistake of ours
        return found


def _require_all(schema: dict[str, Any]) -> None:
    if schema.get("type") == "object" and "properties" in schema:
        schema["required"] = list(schema["properties"])
        for each in schema["properties"].values():
            each.pop("default", None)
