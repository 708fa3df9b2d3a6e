"""A result as bytes: Arrow IPC behind a short header by which anything else is told."""

from __future__ import annotations

import hashlib
import struct

import msgspec
import pyarrow as pa

from tablemend.records import Record

MAGIC = b"TMQC"
VERSION = 1
_HEAD = struct.Struct(">4sBI32s")  # magic, version, bytes of the description, SHA-256 of all that follows
HEAD = _HEAD.size
FIRST = 4_096
"""Bytes from which a description can be read in all but odd cases."""


class Description(Record, frozen=True, kw_only=True):
    """What stands before the rows, so that it can be listed without reading them."""

    place: str  # database
    tables: tuple[str, ...]
    text: str  # of the query, in normal form
    rows: int
    life: int  # milliseconds that it was given when it was written
    age: int  # milliseconds that it had already


def encoded(table: pa.Table, description: Description) -> bytes:
    """A result as bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    about = msgspec.json.encode(description)
    body = about + sink.getvalue().to_pybytes()
    return _HEAD.pack(MAGIC, VERSION, len(about), hashlib.sha256(body).digest()) + body


def decoded(data: bytes) -> tuple[pa.Table, Description]:
    """The result in some bytes; ValueError where they are anything else."""
    _, size, digest = _head(data)
    body = memoryview(data)[HEAD:]
    if hashlib.sha256(body).digest() != digest:
        raise ValueError("its digest is another one")
    try:
        description = msgspec.json.decode(body[:size], type=Description)
        with pa.ipc.open_stream(pa.py_buffer(body[size:])) as reader:
            return reader.read_all(), description
    except (pa.ArrowException, msgspec.MsgspecError) as problem:
        raise ValueError(str(problem)) from problem


def described(data: bytes) -> Description | None:
    """The description at the beginning of some bytes; None where there is none, or it is longer than they are."""
    try:
        _, size, _ = _head(data)
        return msgspec.json.decode(data[HEAD : HEAD + size], type=Description)
    except (ValueError, msgspec.MsgspecError):
        return None


def _head(data: bytes) -> tuple[int, int, bytes]:
    if len(data) < HEAD:
        raise ValueError(f"{len(data)} bytes are no result")
    magic, version, size, digest = _HEAD.unpack_from(data)
    if magic != MAGIC or version != VERSION:
        raise ValueError("it is no result of this version")
    return version, size, digest
