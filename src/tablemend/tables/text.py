"""Which encoding and which delimiter a text file uses."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tablemend.errors import UnreadableSource
from tablemend.tables.tokens import tokenise

DELIMITERS = (",", "\t", ";", "|")
SAMPLE = 256 << 10
"""Bytes that detection looks at."""

CONTROL_SHARE = 0.01
"""Share of control characters above which bytes are no text; plain text holds almost none."""

ENOUGH = 16
"""Bytes above 127 from which on an encoding can be told; with fewer, the Western one is taken."""

_MARKS = (
    ("utf-8", codecs.BOM_UTF8),
    ("utf-32-le", codecs.BOM_UTF32_LE),
    ("utf-32-be", codecs.BOM_UTF32_BE),
    ("utf-16-le", codecs.BOM_UTF16_LE),
    ("utf-16-be", codecs.BOM_UTF16_BE),
)
_LEGACY = [
    *("cp1252", "latin_1", "iso8859_15", "cp1250", "iso8859_2", "cp1251", "koi8_r", "cp1253", "cp1254"),
    *("shift_jis", "euc_jp", "gb18030", "big5", "euc_kr"),
]
_SLICE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A decoded text file: UTF-8 bytes, and how to get back to the original ones."""

    data: bytes  # UTF-8, but for the bytes at `damaged`
    start: int  # first byte behind the byte order mark
    encoding: str  # Python codec name of the original
    bom: bool
    damaged: npt.NDArray[np.int64]  # positions of bytes that are no UTF-8

    def as_str(self) -> str:
        """The text as a string, without the byte order mark."""
        return decode_damaged(self.data[self.start :])

    def encode(self, data: bytes) -> bytes:
        """Bytes in the original encoding, with the original byte order mark.

        Raises UnicodeEncodeError for a character that the encoding lacks.
        """
        if self.encoding == "utf-8":
            return data
        mark = dict(_MARKS)[self.encoding] if self.bom else b""
        return mark + data.decode().encode(self.encoding)


def decode(raw: bytes, name: str, encoding: str | None = None) -> Text:
    """Find the encoding, or use the given one; raise UnreadableSource where the bytes are no text."""
    found, mark = _marked(raw)
    if encoding is not None:
        chosen = _codec(encoding, name)
        start = len(mark) if found == chosen or mark == codecs.BOM_UTF8 == _mark_of(chosen) else 0
        return _utf8(raw, start, name) if chosen == "utf-8" else _transcoded(raw, start, chosen, name)
    if mark:
        return _utf8(raw, len(mark), name) if found == "utf-8" else _transcoded(raw, len(mark), found, name)
    wide = _wide(raw)
    if wide:
        return _transcoded(raw, 0, wide, name)
    text = _utf8(raw, 0, name)
    if not len(text.damaged) or _mostly_utf8(raw, len(text.damaged)):
        return text
    return _transcoded(raw, 0, _legacy(raw, text.damaged), name)


def decode_damaged(raw: bytes) -> str:
    """Text of bytes that are mostly UTF-8; each byte that is not stands for its Windows-1252 character."""
    return raw.decode("utf-8", errors="tablemend-windows")


def _windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(_windows_character(byte) for byte in bad), error.end


def _windows_character(byte: int) -> str:
    single = bytes([byte])
    return single.decode("latin-1" if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else "cp1252")


codecs.register_error("tablemend-windows", _windows)


def _marked(raw: bytes) -> tuple[str, bytes]:
    return next(((name, mark) for name, mark in _MARKS if raw.startswith(mark)), ("", b""))


def _mark_of(codec: str) -> bytes:
    return dict(_MARKS).get(codec, b"")


def _codec(encoding: str, name: str) -> str:
    try:
        chosen = codecs.lookup(encoding).name
    except LookupError:
        raise UnreadableSource(
            f"{name} cannot be read: there is no encoding {encoding!r}.",
            hint="Name an encoding as Python does, such as utf-8, utf-16-le or cp1252.",
        ) from None
    return {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(chosen, chosen)


def _utf8(raw: bytes, start: int, name: str) -> Text:
    _refuse_binary(raw, name)
    return Text(data=raw, start=start, encoding="utf-8", bom=start > 0, damaged=_damaged(raw, start))


def _damaged(raw: bytes, start: int) -> npt.NDArray[np.int64]:
    """Positions of bytes that are no UTF-8."""
    found: list[int] = []
    position = start
    while position < len(raw):
        piece = raw[position : position + _SLICE]
        if not piece.isascii():
            final = position + len(piece) == len(raw)
            piece = piece[: _check(piece, position, final, found)]
        position += len(piece)
    return np.array(found, dtype=np.int64)


def _check(piece: bytes, base: int, final: bool, found: list[int]) -> int:
    """Note the bytes of a piece that are no UTF-8; how many bytes of it were looked at."""
    position = 0
    while True:
        try:
            return position + codecs.utf_8_decode(memoryview(piece)[position:], "strict", final)[1]
        except UnicodeDecodeError as error:
            found.extend(range(base + position + error.start, base + position + error.end))
            position += error.end


def _wide(raw: bytes) -> str:
    """UTF-16 without a mark: in text of any script that uses ASCII delimiters, zeros stand on one side."""
    sample = raw[: SAMPLE & ~1]
    if not sample or len(raw) % 2 or sample.find(b"\0") < 0:
        return ""
    pairs = np.frombuffer(sample[: len(sample) & ~1], dtype=np.uint8).reshape(-1, 2)
    low, high = (pairs == 0).mean(axis=0)
    if high > 0.3 and low < 0.01:
        return "utf-16-le"
    return "utf-16-be" if low > 0.3 and high < 0.01 else ""


def _refuse_binary(raw: bytes, name: str) -> None:
    sample = np.frombuffer(raw[:SAMPLE], dtype=np.uint8)
    control = (sample < 32) & ~np.isin(sample, (9, 10, 11, 12, 13)) | (sample == 127)
    zero = raw.find(b"\0")
    if zero >= 0 or control.mean() > CONTROL_SHARE:
        found = f"a zero byte at position {zero}" if zero >= 0 else f"{control.mean():.0%} control characters"
        raise UnreadableSource(
            f"{name} is not a text file: it holds {found}.",
            hint="Give it the suffix of what it is (.xlsx, .parquet, .sqlite …), unpack it, or name its encoding.",
        )


def _mostly_utf8(raw: bytes, damaged: int) -> bool:
    view = np.frombuffer(raw, dtype=np.uint8)
    leads = sum(int(np.count_nonzero(view[low : low + _SLICE] >= 0xC2)) for low in range(0, len(view), _SLICE))
    return leads > 2 * damaged


def _legacy(raw: bytes, damaged: npt.NDArray[np.int64]) -> str:
    """The one-byte or East Asian encoding that makes the most of the lines with bytes above 127."""
    import charset_normalizer

    lines = [raw[max(0, at - 40) : at + 40] for at in damaged[:: max(1, len(damaged) // 400)].tolist()]
    matches = charset_normalizer.from_bytes(b"\n".join(lines), cp_isolation=list(_LEGACY))
    best = matches.best()
    western = next((each for each in matches if each.encoding == "cp1252"), None)
    enough = len(damaged) >= ENOUGH and best is not None and (western is None or best.chaos < western.chaos)
    chosen = best.encoding if best is not None and enough else "cp1252"
    return next(each for each in (chosen, "cp1252", "latin-1") if _round_trips(raw, each))


def _round_trips(raw: bytes, codec: str) -> bool:
    try:
        return raw.decode(codec).encode(codec) == raw
    except UnicodeError:
        return False


def _transcoded(raw: bytes, start: int, codec: str, name: str) -> Text:
    body = raw[start:]
    if not _round_trips(body, codec):
        raise UnreadableSource(f"{name} is not written in {codec}.", hint="Name its encoding, or save it as UTF-8.")
    data = body.decode(codec).encode()
    if b"\0" in data:
        _refuse_binary(data, name)
    return Text(data=data, start=0, encoding=codec, bom=start > 0, damaged=np.zeros(0, dtype=np.int64))


def detect_delimiter(data: bytes, start: int, preferred: str = ",") -> str:
    """The delimiter that splits the first records most alike; `preferred` for a single column."""
    sample = beginning(data, start)
    order = (preferred, *(each for each in DELIMITERS if each != preferred))
    counts = {each: field_counts(sample, each) for each in order}
    scores = {each: _agreement(found) for each, found in counts.items()}
    best = max(order, key=lambda each: scores[each])
    if scores[best][0] > 0:
        return best
    return next((each for each in order if (counts[each] == 1).all()), preferred)


def beginning(data: bytes, start: int) -> bytes:
    """The first whole lines of a text, for detection."""
    sample = data[start : start + SAMPLE]
    if start + len(sample) == len(data):
        return sample
    last = max(sample.rfind(b"\n"), sample.rfind(b"\r"))
    return sample[: last + 1] if last > 0 else sample


def field_counts(sample: bytes, delimiter: str) -> npt.NDArray[np.int32]:
    """How many fields each record has."""
    found = [spans.counts for spans in tokenise(sample, delimiter)]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int32)


def _agreement(counts: npt.NDArray[np.int32]) -> tuple[float, int]:
    """Share of records that fit under the header, weighed by how many are of one length; fields of the header."""
    if not len(counts) or counts[0] < 2:
        return 0.0, 0
    body = counts[1:] if len(counts) > 1 else counts
    fits = float(((body >= 2) & (body <= counts[0])).mean())
    lengths = np.bincount(body)
    return fits * (0.5 + 0.5 * float(lengths.max()) / len(body)), int(counts[0])
