"""Writing a snapshot as JSON: over the records of its source where it has them, else anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from tablemend.records import Snapshot
from tablemend.tables import json, text
from tablemend.tables.columns import ROW, named
from tablemend.tables.snapshot import Snapshots
from tablemend.tables.values import plain, speak


def rendered(snapshot: Snapshot, snapshots: Snapshots, table: pa.Table, *, lines: bool) -> bytes:
    """The rows of `table` (`_row` first) as JSON, or as JSON Lines.

    Over a JSON original, what is unchanged keeps its type and its place; lines that are no JSON stay in JSON Lines.
    """
    if snapshot.format is not None or snapshot.original is None:
        return _fresh(table, lines=lines)
    decoded = text.decode(snapshots.original(snapshot.original), snapshot.dataset, snapshot.source.encoding)
    written = decoded.as_str()
    document = json.parse(written, snapshot.dataset, lines=snapshot.source.kind == "jsonl")
    records = _Records(document, table)
    if lines and document.shape == "lines":
        found = records.over_lines(written)
    elif lines:
        found = "".join(json.dumps(record) + "\n" for record in records.all())
    else:
        value = list(records.all()) if document.shape == "lines" else json.rebuild(document, list(records.all()))
        style = json.Style(indent="  ") if document.shape == "lines" else json.style_of(written)
        found = json.dumps(value, style) + ("\n" if written.endswith("\n") else "")
    if decoded.encoding == "utf-8":
        return decoded.data[: decoded.start] + found.encode()
    return decoded.encode(found.encode())


class _Records:
    """The records of the original with the values of a table put in."""

    def __init__(self, document: json.Document, table: pa.Table) -> None:
        self.document = document
        flat = [json.flatten(record) for record in document.records]
        paths = json.paths_of(flat)
        names = [column.name for column in named([".".join(path) for path in paths])]
        self.known = dict(zip(names, paths, strict=True))
        self.wanted = [name for name in table.column_names if name != ROW]
        self.dropped = [path for name, path in self.known.items() if name not in self.wanted]
        self.sorts = {name: json.sort_of(row.get(path) for row in flat) for name, path in self.known.items()}
        self.flat = flat
        self.ids: list[int] = table[ROW].to_pylist()
        self.columns = {name: table[name].to_pylist() for name in self.wanted}

    def all(self) -> Iterator[Any]:
        """Each record that is left."""
        for at in range(len(self.ids)):
            yield self.record(at)[0]

    def record(self, at: int) -> tuple[Any, bool]:
        """The record of a row of the table, and whether it is as it was."""
        number = self.ids[at] - 1
        known = number < len(self.flat)
        record = self.document.records[number] if known else {}
        flat = self.flat[number] if known else {}
        changed = [name for name in self.wanted if self._differs(name, at, flat)]
        gone = [path for path in self.dropped if path in flat]
        if not changed and not gone:
            return record, True
        if not isinstance(record, dict):
            if self.known.get(changed[0] if changed else "") == ("value",) and len(self.wanted) == 1:
                return self._value(changed[0], at), False
            record = {"value": record}
        for name in changed:
            json.put(record, self.known.get(name, (name,)), self._value(name, at))
        for path in gone:
            json.drop(record, path)
        return record, False

    def _differs(self, name: str, at: int, flat: dict[json.Path, Any]) -> bool:
        path = self.known.get(name)
        if path is None:
            return True
        return bool(json.as_text(flat.get(path)) != self.columns[name][at])

    def _value(self, name: str, at: int) -> Any:
        return json.retyped(speak(self.columns[name][at]), self.sorts.get(name, "text"))

    def over_lines(self, written: str) -> str:
        """The lines of the original with the changed ones written anew."""
        lines = written.split("\n")
        places = dict(enumerate(self.document.lines))
        kept = set()
        for at, number in enumerate(self.ids):
            record, same = self.record(at)
            place = places.get(number - 1)
            if place is None:
                lines.append(json.dumps(record))
            else:
                kept.add(place)
                if not same:
                    lines[place - 1] = json.dumps(record, json.style_of(lines[place - 1])) + _carriage(lines[place - 1])
        gone = set(self.document.lines) - kept
        return "\n".join(line for place, line in enumerate(lines, 1) if place not in gone)


def _carriage(line: str) -> str:
    return "\r" if line.endswith("\r") else ""


def _fresh(table: pa.Table, *, lines: bool) -> bytes:
    """The values of a table of any types."""
    rows = [json.dumps(plain(row)) for row in table.drop_columns([ROW]).to_pylist()]
    if lines:
        return "".join(row + "\n" for row in rows).encode()
    return ("[\n  " + ",\n  ".join(rows) + "\n]\n").encode() if rows else b"[]\n"
