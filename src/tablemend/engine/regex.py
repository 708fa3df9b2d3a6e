"""Regular expressions of RE2, as DuckDB reads them, written for Java, which Spark uses.

The two differ in what `$`, `.`, `\\s`, `\\b` and `(?i)` mean, in the names of classes and in what is special inside
brackets. What has no equal raises `Untranslatable`.
"""

from __future__ import annotations

import re
import sys
from functools import cache

from tablemend.records import Record

_SPACE = r"\t\n\f\r "  # RE2's \s has no vertical tab
_WORD = "[0-9A-Za-z_]"
_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x{0}-\x{7F}",
    "blank": r"\t ",
    "cntrl": r"\x{0}-\x{1F}\x{7F}",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\x{B}\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_PERL = {"d": "0-9", "s": _SPACE, "w": "0-9A-Za-z_"}
_CONTROL = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_CATEGORY = re.compile(r"L[ulmot]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?|C[cfo]?")
_REPEAT = re.compile(r"\{[0-9]+(?:,[0-9]*)?\}")
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_NAMED = re.compile(r"\(\?P?<([A-Za-z_][A-Za-z0-9_]*)>")
_REFERENCE = re.compile(r"\\(.)|(\$)", re.DOTALL)


class Untranslatable(Exception):
    """The part of a pattern that Java cannot spell."""


class Translated(Record, frozen=True, kw_only=True):
    """A pattern for Java."""

    pattern: str
    groups: int  # that capture


def translate(pattern: str, *, ignore_case: bool = False) -> Translated:
    """A pattern that RE2 accepts, as one that matches the same in Java; raises Untranslatable."""
    return _Reader(pattern, ignore_case=ignore_case).read()


def replacement(text: str) -> str:
    r"""A replacement of RE2 (`\1`, `\\`) as one of Java (`$1`, `\$`); raises Untranslatable."""
    return _REFERENCE.sub(_referred, text)


def _referred(found: re.Match[str]) -> str:
    if found[2]:
        return r"\$"
    if found[1] == "\\":
        return r"\\"
    if found[1] not in "0123456789":
        raise Untranslatable(f"the replacement {found[0]}")
    return f"${{tm{found[1]}}}" if found[1] != "0" else "$0"


def first(translated: Translated) -> str:
    """A pattern that finds the first match alone, with all that stands before it as group 1."""
    return rf"\A([\s\S]*?)(?:{translated.pattern})"


@cache
def _orbits() -> dict[int, tuple[int, ...]]:
    """The other characters that each character equals when case is ignored: simple case folding of Unicode."""
    classes: dict[str, list[int]] = {}
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        folded = character.casefold()
        if len(folded) != 1:
            folded = character.lower()
        if len(folded) == 1:
            classes.setdefault(folded, []).append(code)
    cased = (members for members in classes.values() if len(members) > 1)
    return {code: tuple(each for each in members if each != code) for members in cased for code in members}


def _point(code: int) -> str:
    return f"\\x{{{code:X}}}"


class _Reader:
    """Reads a pattern once, from left to right."""

    def __init__(self, pattern: str, *, ignore_case: bool) -> None:
        self._text = pattern
        self._at = 0
        self._flags: dict[str, bool] = {"i": ignore_case, "m": False, "s": False, "U": False}
        self._outer: list[dict[str, bool]] = []
        self._out: list[str] = []
        self._groups = 0

    def read(self) -> Translated:
        while self._at < len(self._text):
            self._out.append(self._piece())
        return Translated(pattern="".join(self._out), groups=self._groups)

    def _take(self, length: int = 1) -> str:
        taken = self._text[self._at : self._at + length]
        self._at += len(taken)
        return taken

    def _piece(self) -> str:
        sign = self._take()
        if sign == "\\":
            return self._escape()
        if sign == "[":
            return self._bracket()
        if sign == "(":
            return self._open()
        if sign == ")":
            self._flags = self._outer.pop()
            return ")"
        if sign in "*+?{":
            return self._times(sign)
        return self._plain(sign)

    def _plain(self, sign: str) -> str:
        if sign == ".":
            return r"[\s\S]" if self._flags["s"] else r"[^\n]"
        if sign == "^":
            return r"(?:\A|(?<=\n))" if self._flags["m"] else r"\A"
        if sign == "$":
            return r"(?=\n|\z)" if self._flags["m"] else r"\z"
        return "|" if sign == "|" else self._literal(ord(sign))

    def _times(self, sign: str) -> str:
        if sign == "{":
            found = _REPEAT.match(self._text, self._at - 1)
            if found is None:
                return r"\{"
            sign = found[0]
            self._at = found.end()
        lazy = self._text[self._at : self._at + 1] == "?"
        self._at += lazy
        return sign + "?" if lazy != self._flags["U"] else sign

    def _open(self) -> str:
        self._at -= 1
        flags, named = _FLAGS.match(self._text, self._at), _NAMED.match(self._text, self._at)
        if flags:
            return self._switch(flags)
        self._outer.append(dict(self._flags))
        self._at = named.end() if named else self._at + 1
        if not named and self._text[self._at : self._at + 1] == "?":
            raise Untranslatable(f"the group {self._text[self._at - 1 : self._at + 3]}")
        self._groups += 1
        return f"(?<tm{self._groups}>"

    def _switch(self, found: re.Match[str]) -> str:
        """Flags are carried out here, as Java's own mean something else."""
        self._at = found.end()
        if found[3] == ":":
            self._outer.append(dict(self._flags))
        self._flags = {**self._flags, **dict.fromkeys(found[1], True), **dict.fromkeys(found[2] or "", False)}
        return "(?:" if found[3] == ":" else "(?:)"

    def _literal(self, code: int) -> str:
        same = _orbits().get(code, ()) if self._flags["i"] else ()
        if same:
            return "[" + "".join(map(_point, (code, *same))) + "]"
        character = chr(code)
        return character if character.isascii() and character.isalnum() else _point(code)

    def _escape(self) -> str:
        sign = self._take()
        if sign in "bB":
            edge = f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))"
            return edge if sign == "b" else f"(?!{edge})"
        if sign in "Az":
            return "\\" + sign
        if sign.lower() in _PERL or sign in "pP":
            return "[" + self._class(sign) + "]"
        if sign == "Q":
            end = self._text.find("\\E", self._at)
            quoted = self._take((len(self._text) if end < 0 else end) - self._at)
            self._take(2)
            return "".join(self._literal(ord(each)) for each in quoted)
        return self._literal(self._code(sign))

    def _class(self, sign: str) -> str:
        """The content of a class that an escape names; `(?i)` leaves it as it is."""
        if sign in "pP":
            return self._property(negated=sign == "P")
        members = _PERL[sign.lower()]
        return members if sign.islower() else f"[^{members}]"

    def _property(self, *, negated: bool) -> str:
        name = self._take()
        if name == "{":
            end = self._text.find("}", self._at)
            name = self._take(end - self._at)
            self._take()
        if name.startswith("^"):
            name, negated = name[1:], not negated
        if name == "Any":
            return r"[^\s\S]" if negated else r"\s\S"
        if self._flags["i"] and name.startswith(("L", "M", "S", "N")):
            raise Untranslatable(rf"\p{{{name}}} where case is ignored")
        spelled = name if _CATEGORY.fullmatch(name) else f"Is{name}"
        return f"\\{'P' if negated else 'p'}{{{spelled}}}"

    def _code(self, sign: str) -> int:
        """The character that an escape names."""
        if sign in _CONTROL:
            return _CONTROL[sign]
        if sign == "x":
            digits = self._take()
            if digits == "{":
                end = self._text.find("}", self._at)
                digits = self._take(end - self._at)
                self._take()
            else:
                digits += self._take()
            return int(digits, 16)
        if sign in "01234567":
            digits = sign
            while len(digits) < 3 and self._text[self._at : self._at + 1] in tuple("01234567"):
                digits += self._take()
            return int(digits, 8)
        if sign.isascii() and sign.isalnum():
            raise Untranslatable(f"the escape \\{sign}")
        return ord(sign)

    def _bracket(self) -> str:
        negated = self._text[self._at : self._at + 1] == "^"
        self._at += negated
        members: list[str] = []
        first = True
        while first or self._text[self._at] != "]":
            members.append(self._member())
            first = False
        self._take()
        return f"[{'^' if negated else ''}{''.join(members)}]"

    def _member(self) -> str:
        named = re.compile(r"\[:(\^?)([a-z]+):\]").match(self._text, self._at)
        if named:
            self._at = named.end()
            members = _POSIX[named[2]]
            return f"[^{members}]" if named[1] else members
        following = self._text[self._at + 1 : self._at + 2]
        if self._text[self._at] == "\\" and (following.lower() in _PERL or following in ("p", "P")):
            self._take(2)
            return self._class(following)
        low = high = self._single()
        ranged = self._text[self._at : self._at + 1] == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", "")
        if ranged:
            self._take()
            high = self._single()
        return self._range(low, high)

    def _single(self) -> int:
        sign = self._take()
        return self._code(self._take()) if sign == "\\" else ord(sign)

    def _range(self, low: int, high: int) -> str:
        spelled = _point(low) if low == high else f"{_point(low)}-{_point(high)}"
        if not self._flags["i"]:
            return spelled
        orbits = _orbits()
        if high - low > len(orbits):
            others = {each for code, same in orbits.items() if low <= code <= high for each in same}
        else:
            others = {each for code in range(low, high + 1) for each in orbits.get(code, ())}
        return spelled + "".join(_point(each) for each in sorted(others) if not low <= each <= high)
