"""Byte spans of the fields and records of delimited text, as Python's csv module would split it.

A quote counts only where a field starts with it; inside a quoted field it is doubled. Text after a closing quote
belongs to the field. Unlike the csv module, a quote that is never closed is an ordinary character, so that one
stray quote cannot swallow the rest of a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from tablemend.errors import LimitExceeded

PLAIN, QUOTED, DOUBLED, ODD = 0, 1, 2, 3
"""Kinds of fields: bare; in quotes; in quotes with doubled quotes inside; none of these (see `field_value`)."""

BLOCK = 1 << 20
"""Bytes looked at together: the masks over them stay in the processor's cache."""

LONGEST = (1 << 31) - 1
"""Bytes of a stretch that positions of 32 bits reach."""

PATCH = 64 << 10
"""Bytes first read by the exact pattern where quotes stand in unusual places."""

Integers = npt.NDArray[np.int32]
Positions = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
_LF, _CR, _QUOTE = 10, 13, 34


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """The records of one stretch of bytes, without blank lines; positions count from `base`."""

    base: int  # first byte of the stretch in the text
    stop: int  # first byte behind the stretch, in the text
    start: Integers  # of each field, quotes included
    end: Integers
    kind: Bytes  # of each field
    counts: Integers  # fields of each record
    after: Integers  # of each record: behind its line end

    @property
    def first(self) -> Positions:
        """Index of the first field of each record."""
        return np.cumsum(self.counts, dtype=np.int64) - self.counts

    def without_blanks(self) -> Spans:
        """The same without records of no bytes at all."""
        first = self.first
        blank = (self.counts == 1) & (self.start[first] == self.end[first])
        if not blank.any():
            return self
        keep = np.ones(len(self.start), dtype=bool)
        keep[first[blank]] = False
        return replace(
            self,
            start=self.start[keep],
            end=self.end[keep],
            kind=self.kind[keep],
            counts=self.counts[~blank],
            after=self.after[~blank],
        )


def tokenise(data: bytes, delimiter: str, *, start: int = 0, block: int = BLOCK) -> Iterator[Spans]:
    """Split text into records and fields, stretch by stretch; each stretch ends with a record."""
    scanner = _Scanner(data, delimiter)
    position, step, patch = start, block, PATCH
    while position < len(data):
        spans, regular = scanner.scan(position, min(position + step, len(data)))
        if spans is not None:
            yield spans
            position = spans.stop
        if regular:
            step, patch = min(2 * step, block), PATCH
            continue
        exact = scanner.exact(position, patch)
        yield exact
        position, patch = exact.stop, min(2 * patch, block)
        step = min(4 * patch, block)


def field_value(raw: bytes) -> bytes:
    """Value of a field from its bytes, whatever its quotes."""
    match = _QUOTED.match(raw)
    if match is None:
        return raw
    return match[1].replace(b'""', b'"') + raw[match.end() :]


def is_open(raw: bytes) -> bool:
    """Whether a field starts with a quote that is never closed."""
    return raw.startswith(b'"') and _QUOTED.match(raw) is None


_QUOTED = re.compile(rb'"((?:[^"]++|"")*+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edges:
    """Delimiters and line ends outside quotes, in order."""

    positions: Positions
    marks: Bytes  # the byte at each position
    doubled: Positions = field(default_factory=lambda: np.zeros(0, dtype=np.int64))  # quotes that double the one before
    regular: bool = True  # every quote opens, closes or doubles; else the edges end before the first that does not
    complete: bool = True  # and none is left open


class _Scanner:
    def __init__(self, data: bytes, delimiter: str) -> None:
        self.data = data
        self.view = np.frombuffer(data, dtype=np.uint8)
        self.delimiter = ord(delimiter)
        self.mark = delimiter.encode()
        self.openings = [edge + b'"' for edge in (self.mark, b"\n", b"\r")]
        mark = re.escape(self.mark)
        bare = rb"[^" + mark + rb"\r\n]*+"
        self.pattern = re.compile(
            rb'(?:(?P<inner>"(?:[^"]++|"")*+")(?P<tail>' + bare + rb")|" + bare + rb")"
            rb"(?P<edge>" + mark + rb"|\r\n|\r|\n|\Z)"
        )

    def scan(self, low: int, high: int) -> tuple[Spans | None, bool]:
        """Vectorised splitting of regular text; also whether all of it was regular.

        Returns the records up to the last line end that is known to be one, or None where there is none.
        """
        view = self.view[low:high]
        at_end = high == len(self.data)
        found = self._edges(view, low, high)
        edges, marks, after = _join_crlf(found.positions, found.marks)
        if at_end and found.complete:
            edges, marks, after = self._close(edges, marks, after, len(view))
        elif len(after) and after[-1] == len(view) and marks[-1] == _CR:
            edges, marks, after = edges[:-1], marks[:-1], after[:-1]
        ends = np.flatnonzero(marks != self.delimiter)
        if not len(ends):
            return None, False
        size = ends[-1] + 1
        stop: Integers = edges[:size].astype(np.int32)
        behind: Integers = after[:size].astype(np.int32)
        start = np.concatenate([np.zeros(1, np.int32), behind[:-1]])
        spans = Spans(
            base=low,
            stop=low + int(behind[-1]),
            start=start,
            end=stop,
            kind=_kinds(view, start, stop, found.doubled[found.doubled < behind[-1]]),
            counts=np.diff(ends, prepend=-1).astype(np.int32),
            after=behind[ends],
        )
        return spans.without_blanks(), found.regular

    def _close(self, edges: Positions, marks: Bytes, after: Positions, size: int) -> tuple[Positions, Bytes, Positions]:
        """End the last record of the text where no line end does."""
        if len(after) and marks[-1] != self.delimiter and after[-1] == size:
            return edges, marks, after
        return np.append(edges, size), np.append(marks, np.uint8(_LF)), np.append(after, size)

    def _edges(self, view: Bytes, low: int, high: int) -> _Edges:
        mask = (view == self.delimiter) | (view == _LF)
        if self.data.find(b"\r", low, high) >= 0:
            mask |= view == _CR
        if self._any_quoted(low, high):
            return _outside_quotes(view, mask)
        positions = np.flatnonzero(mask)
        return _Edges(positions=positions, marks=view.take(positions))

    def _any_quoted(self, low: int, high: int) -> bool:
        """Whether a quote starts a field; other quotes are ordinary characters."""
        return self.view[low] == _QUOTE or any(self.data.find(each, low, high) >= 0 for each in self.openings)

    def exact(self, low: int, size: int) -> Spans:
        """Splitting by pattern, field by field, of at least one record and at most about `size` bytes."""
        starts: list[int] = []
        ends: list[int] = []
        kinds: list[int] = []
        counts: list[int] = []
        after: list[int] = []
        position, fields = low, 0
        while position < len(self.data) or fields:
            match = self.pattern.match(self.data, position)
            if match is None:
                raise AssertionError("the pattern matches any bytes")
            starts.append(match.start() - low)
            ends.append(match.start("edge") - low)
            kinds.append(_kind(match))
            position, fields = match.end(), fields + 1
            if position - low > LONGEST:
                raise LimitExceeded("A row is longer than 2 GB.", hint="Look for a quote that is never closed.")
            if match["edge"] != self.mark:
                counts.append(fields)
                after.append(position - low)
                fields = 0
                if position - low >= size:
                    break
        return Spans(
            base=low,
            stop=position,
            start=np.array(starts, dtype=np.int32),
            end=np.array(ends, dtype=np.int32),
            kind=np.array(kinds, dtype=np.uint8),
            counts=np.array(counts, dtype=np.int32),
            after=np.array(after, dtype=np.int32),
        ).without_blanks()


def _kind(match: re.Match[bytes]) -> int:
    inner = match["inner"]
    if inner is None:
        return ODD if match[0].startswith(b'"') else PLAIN
    if match["tail"]:
        return ODD
    return DOUBLED if b'"' in inner[1:-1] else QUOTED


def _outside_quotes(view: Bytes, mask: Mask) -> _Edges:
    """Those of the masked bytes that are outside quotes, up to the first quote in an unusual place."""
    quotes = view == _QUOTE
    inside = (np.cumsum(quotes, dtype=np.uint8) & 1).view(bool)
    opening, closing = quotes & inside, quotes & ~inside
    near = mask | quotes
    opening_wrong = opening[1:] & ~near[:-1]
    closing_wrong = closing[:-1] & ~near[1:]
    wrong = min(_first(opening_wrong) + 1, _first(closing_wrong))
    regular = wrong >= len(view)
    positions = np.flatnonzero((mask & ~inside)[:wrong])
    return _Edges(
        positions=positions,
        marks=view.take(positions),
        doubled=np.flatnonzero(opening[1:] & quotes[:-1]) + 1,
        regular=regular,
        complete=regular and not inside[-1],
    )


def _first(mask: Mask) -> int:
    """Position of the first true value; far behind the end where there is none."""
    found = int(mask.argmax()) if len(mask) else 0
    return found if len(mask) and mask[found] else 1 << 62


def _kinds(view: Bytes, starts: Integers, ends: Integers, doubled: Positions) -> Bytes:
    heads = view.take(np.minimum(starts, len(view) - 1))
    kind: Bytes = ((heads == _QUOTE) & (ends > starts)).astype(np.uint8)
    kind[np.searchsorted(starts, doubled, side="right") - 1] = DOUBLED
    return kind


def _join_crlf(edges: Positions, marks: Bytes) -> tuple[Positions, Bytes, Positions]:
    """Count CR LF as one line end; also the position behind each edge."""
    carriage = marks == _CR
    if not carriage.any():
        return edges, marks, edges + 1
    pairs = np.zeros(len(edges), dtype=bool)
    pairs[:-1] = carriage[:-1] & (marks[1:] == _LF) & (edges[1:] == edges[:-1] + 1)
    keep = np.ones(len(edges), dtype=bool)
    keep[1:] = ~pairs[:-1]
    return edges[keep], marks[keep], (edges + 1 + pairs)[keep]
