"""Which line of a TOML document each key stands on."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

Path = tuple[str | int, ...]
"""Keys, and places in arrays counted from 0, from the top of a document."""

_SPACE = " \t"
_BLANK = " \t\r\n"
_BARE_END = " \t\r\n=.]#,}\"'"


class Lines:
    """The line of every key and array element of a document that tomllib has accepted."""

    def __init__(self, text: str) -> None:
        self._found: dict[Path, int] = {(): 1}
        scanner = _Scanner(text, self._found)
        scanner.document()

    def of(self, path: Path) -> int:
        """Line, from 1, on which a key begins; of the table around it where the key is not there."""
        while path not in self._found:
            path = path[:-1]
        return self._found[path]

    def all(self) -> Mapping[Path, int]:
        """Every path with its line."""
        return self._found


class _Scanner:
    """Walks a document once. Values are skipped: only where keys and elements begin matters."""

    def __init__(self, text: str, found: dict[Path, int]) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._found = found
        self._lengths: dict[Path, int] = {}  # tables so far of each array of tables

    def document(self) -> None:
        table: Path = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._next == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)

    @property
    def _next(self) -> str:
        return self._text[self._at]

    def _step(self, length: int = 1) -> None:
        self._line += self._text.count("\n", self._at, self._at + length)
        self._at += length

    def _skip(self, signs: str) -> None:
        """Skip blanks; comments too where line ends are skipped."""
        while self._at < len(self._text):
            if self._next in signs:
                self._step()
            elif self._next == "#" and "\n" in signs:
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            else:
                return

    def _mark(self, path: Path, line: int) -> None:
        self._found.setdefault(path, line)

    def _header(self) -> Path:
        line = self._line
        many = self._text.startswith("[[", self._at)
        self._step(2 if many else 1)
        *parents, last = self._key()
        self._step(2 if many else 1)
        path: Path = ()
        for part in parents:
            self._mark((*path, part), line)
            path = self._inside((*path, part))
        path = (*path, last)
        self._mark(path, line)
        if many:
            self._lengths[path] = self._lengths.get(path, 0) + 1
            path = self._inside(path)
            self._mark(path, line)
        else:
            self._found[path] = line  # a table that a header above went through has its line here
        return path

    def _inside(self, path: Path) -> Path:
        """The newest table where the path is an array of tables."""
        return (*path, self._lengths[path] - 1) if path in self._lengths else path

    def _key(self) -> list[str]:
        parts = []
        while True:
            self._skip(_SPACE)
            parts.append(self._quoted() if self._next in "\"'" else self._bare())
            self._skip(_SPACE)
            if self._next != ".":
                return parts
            self._step()

    def _bare(self) -> str:
        start = self._at
        while self._next not in _BARE_END:
            self._at += 1
        return self._text[start : self._at]

    def _quoted(self) -> str:
        start = self._at
        self._string()
        return tomllib.loads(f"key = {self._text[start : self._at]}")["key"]

    def _pair(self, table: Path) -> None:
        line, path = self._line, table
        for part in self._key():
            path = (*path, part)
            self._mark(path, line)
        self._step()  # the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: Path) -> None:
        if self._next == "[":
            self._array(path)
        elif self._next == "{":
            self._inline(path)
        elif self._next in "\"'":
            self._string()
        else:
            self._skip_scalar()

    def _skip_scalar(self) -> None:
        while self._at < len(self._text) and self._next not in "\r\n#,]}":
            self._at += 1

    def _string(self) -> None:
        quote = self._next
        if self._text.startswith(quote * 3, self._at):
            self._step(3)
            self._to_end(quote * 3, quote)
            while self._at < len(self._text) and self._next == quote:  # up to two quotes may end the content
                self._step()
        else:
            self._step()
            self._to_end(quote, quote)

    def _to_end(self, end: str, quote: str) -> None:
        while not self._text.startswith(end, self._at):
            self._step(2 if quote == '"' and self._next == "\\" else 1)
        self._step(len(end))

    def _array(self, path: Path) -> None:
        self._step()
        self._skip(_BLANK)
        place = 0
        while self._next != "]":
            self._mark((*path, place), self._line)
            self._value((*path, place))
            place += 1
            self._separator()
        self._step()

    def _inline(self, path: Path) -> None:
        self._step()
        self._skip(_BLANK)
        while self._next != "}":
            self._pair(path)
            self._separator()
        self._step()

    def _separator(self) -> None:
        self._skip(_BLANK)
        if self._next == ",":
            self._step()
            self._skip(_BLANK)
