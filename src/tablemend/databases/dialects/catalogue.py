"""The named queries of a kind of database: `-- name: …` in the file beside this one."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files


@cache
def queries(kind: str) -> dict[str, str]:
    """Name → SQL of every query on the catalogue."""
    text = files(__package__).joinpath(f"{kind}.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.M)[1:]
    return {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}
