"""Regular expressions that every database reads alike, or none at all."""

from __future__ import annotations

import re

_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": "\t\n\f\r "}
"""What RE2 takes these for: ASCII alone."""

_TOKEN = re.compile(
    r"""(?P<open>\((?:\?:)?(?!\?))|(?P<close>\))|(?P<bar>\|)|(?P<repeat>(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})(?![*+?{]))"""
    r"""|\\(?P<class>[dws])|\\(?P<mark>[^A-Za-z0-9\s])|(?P<dot>\.)"""
    r"""|(?P<set>\[\^?(?:\\[dws]|\\[^A-Za-z0-9\s]|[^\[\]\\])+\])|(?P<plain>[^\\\[\](){}*+?.^$|])"""
)
_IN_SET = re.compile(r"\\([dws])|\\(.)|(.)", re.S)


def portable(pattern: str) -> str | None:
    """The pattern with its short forms written out; None where it uses anything that databases read in their own way.

    Kept are literals, sets, groups, alternatives and greedy repetition: what makes a regular language.
    """
    pieces = []
    place = 0
    while place < len(pattern):
        token = _TOKEN.match(pattern, place)
        if token is None:
            return None
        pieces.append(_written(token))
        place = token.end()
    return "".join(pieces)


def _written(token: re.Match[str]) -> str:
    kind = token.lastgroup or ""
    found = token[kind]
    if kind == "open":
        return "(?:"
    if kind == "class":
        return f"[{_CLASSES[found]}]"
    if kind == "mark":
        return f"[{found}]" if found not in "^\\]" else f"\\{found}"
    if kind == "dot":
        return "[^\n]"
    return _set(found) if kind == "set" else found


def _set(found: str) -> str:
    inverted = found.startswith("[^")
    inner = found[2 if inverted else 1 : -1]
    written = "".join(
        _CLASSES[letter] if letter else (rf"\{mark}" if mark else plain)
        for letter, mark, plain in _IN_SET.findall(inner)
    )
    return f"[{'^' if inverted else ''}{written}]"
