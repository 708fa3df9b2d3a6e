"""Characters that a reader cannot see: which there are, and how they are shown."""

from __future__ import annotations

import re

_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters other than tab and line ends, and the marks that turn the direction of text (Unicode UAX 9):
terminals obey them, one database refuses NUL, and a title can seem to say something else than it does."""

_VISIBLE = re.compile(
    "[^\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What is neither white space, nor a Default_Ignorable_Code_Point of Unicode 15, nor the blank of Braille."""


def hidden(text: str) -> str:
    """The first character that no text may hold, such as `U+001B`; empty where there is none."""
    found = _HIDDEN.search(text)
    return f"U+{ord(found[0]):04X}" if found else ""


def visible(text: str) -> bool:
    """Whether a reader would see anything of a text."""
    return _VISIBLE.search(text) is not None


def shown(text: str) -> str:
    """A text with every hidden character written as JSON would, `\\u001b`."""
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
