"""Keys of people are hashed as rows arrive: behind this door nothing knows them."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from tablemend.errors import SettingsError

if TYPE_CHECKING:
    import pyarrow as pa

LENGTH = 16
"""Bytes that are kept of a hash: two of a billion people get the same with a chance below 10^-20."""
SHORTEST = 16
"""Signs that a secret must have: who can guess it can try every number of social security."""


def secret_of(value: str | None) -> bytes:
    """The secret as bytes; SettingsError where there is none, or one that can be guessed."""
    if not value:
        raise SettingsError(
            "there is no secret to hash the keys of people with",
            hint="Set TABLEMEND_CONFLICTS_SECRET to a long random text, and keep it: other secrets give other hashes.",
        )
    if len(value) < SHORTEST:
        raise SettingsError(
            f"the secret to hash the keys of people with is shorter than {SHORTEST} signs",
            hint="Make one with `python -c 'import secrets; print(secrets.token_hex(32))'`.",
        )
    return value.encode()


def hashed(key: str, secret: bytes) -> str:
    """The hash of one key: HMAC-SHA-256, its first bytes in hexadecimal digits."""
    return hmac.digest(secret, key.encode(), hashlib.sha256)[:LENGTH].hex()


def closed(table: pa.Table, column: str, secret: bytes) -> pa.Table:
    """The table with the hashes of a column instead of its values; each distinct value is hashed once."""
    import pyarrow as pa

    place = table.schema.get_field_index(column)
    keys = table.column(place).combine_chunks().cast(pa.string()).dictionary_encode()
    hashes = pa.array(
        [None if each is None else hashed(each, secret) for each in keys.dictionary.to_pylist()], pa.string()
    )
    return table.set_column(place, column, hashes.take(keys.indices))
