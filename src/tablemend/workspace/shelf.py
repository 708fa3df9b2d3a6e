"""Gates or scorecards of a workspace: those that are shipped, and files of one's own in the data folder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from tablemend.errors import Conflict, NotFound, SettingsError
from tablemend.records import Record
from tablemend.review import toml
from tablemend.review.toml import Fault
from tablemend.tables.files import write_whole

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
LONGEST = 200_000
"""Most characters of a file: a hundred times what the shipped ones have."""


class Shelved(Record, frozen=True, kw_only=True):
    """A gate or scorecard that can be chosen."""

    name: str
    own: bool  # a file of the workspace, not shipped
    what: str  # what settings and commands call it: a shipped name, or the path of a file


class Shelf:
    """What is shipped in a folder of the review, and what a workspace has beside it."""

    def __init__(self, folder: Path, kind: str, faults: Callable[[str], list[Fault]]) -> None:
        """`kind` is the folder that the shipped ones lie in, `faults` says what is wrong with a text."""
        self.folder = folder / kind
        self.kind = kind
        self.faults = faults

    def all(self) -> list[Shelved]:
        """The shipped ones, then one's own, by name."""
        own = sorted(each.stem for each in self.folder.glob("*.toml")) if self.folder.is_dir() else []
        return [
            *(Shelved(name=name, own=False, what=name) for name in toml.names(self.kind)),
            *(Shelved(name=name, own=True, what=self._what(name)) for name in own if _NAME.fullmatch(name)),
        ]

    def find(self, name: str) -> Shelved:
        """One of them; NotFound where there is none of that name."""
        found = next((each for each in self.all() if each.name == name), None)
        if found is None:
            names = ", ".join(each.name for each in self.all())
            raise NotFound(f"there is none of the {self.kind} called {name!r}", hint=f"There are {names}.")
        return found

    def text(self, name: str) -> str:
        """The text of one of them."""
        return toml.text_of(self.find(name).what, self.kind)[0]

    def save(self, name: str, text: str, *, before: str = "") -> Shelved:
        """Write one's own; `before` is the `digest` of the text that was changed, empty for a new one.

        Raises SettingsError for a name that cannot be or a text that is none, and Conflict where somebody else has
        written it meanwhile.
        """
        self._require_name(name)
        self._require_text(text)
        path = self._path(name)
        there = digest(self.text(name)) if path.exists() else ""
        if there != before:
            raise Conflict(
                f"{name} was written by somebody else meanwhile" if there else f"{name} is no longer there",
                hint="Open it again to see what stands there now, or save yours under another name.",
            )
        write_whole(path, lambda part: part.write_text(text.rstrip("\n") + "\n", encoding="utf-8"))
        return self.find(name)

    def remove(self, name: str) -> None:
        """Remove one's own."""
        if not self.find(name).own:
            raise SettingsError(f"{name} is shipped and cannot be removed", hint="Choose one of your own.")
        self._path(name).unlink()

    def _require_name(self, name: str) -> None:
        if name in toml.names(self.kind):
            raise SettingsError(f"{name} is the name of a shipped one", hint="Save it under a name of its own.")
        if not _NAME.fullmatch(name):
            raise SettingsError(
                f"{name!r} cannot be a name here", hint="Take 1 to 64 small letters, digits, - and _, such as strict-2."
            )

    def _require_text(self, text: str) -> None:
        if len(text) > LONGEST:
            raise SettingsError(f"the text has {len(text):,} characters", hint=f"At most {LONGEST:,} are taken.")
        for each in self.faults(text):
            raise SettingsError(f"line {each.line}: {each.text}", hint=each.hint)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.toml"

    def _what(self, name: str) -> str:
        """Relative where it can be, so that a folder that is moved as a whole goes on to work."""
        path = self._path(name)
        here = Path.cwd()
        return (path.relative_to(here) if path.is_absolute() and path.is_relative_to(here) else path).as_posix()


def digest(text: str) -> str:
    """What tells a text from another."""
    return hashlib.sha256(text.encode()).hexdigest()
