"""`tablemend.toml` as it is written: one setting or all rules are replaced, whatever else stands in it stays."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from tablemend.errors import SettingsError
from tablemend.settings import FILE, read_file
from tablemend.tables.files import write_whole


class SettingsFile:
    """The file of settings and rules of the folder that this process works in."""

    def __init__(self, path: Path = Path(FILE)) -> None:
        self.path = path

    def rules(self) -> str:
        """The part with the rules as it is written; empty where there is none."""
        import tomlkit

        written = self._document().get("rules")
        if not written:
            return ""
        alone = tomlkit.document()
        alone["rules"] = written
        return tomlkit.dumps(alone).strip("\n") + "\n"

    def replace_rules(self, text: str) -> None:
        """Put other rules in place of all that are there; a text without any takes them out."""
        import tomlkit

        document = self._document()
        document.pop("rules", None)
        rest, own = tomlkit.dumps(document).rstrip("\n"), text.strip("\n")
        self._write("\n\n".join(part for part in (rest, own) if part) + "\n")

    def put(self, name: str, value: Any) -> None:
        """Give a setting a value."""
        import tomlkit

        document = self._document()
        if "settings" not in document:
            section = tomlkit.table()
            section.add(name, value)
            rest = tomlkit.dumps(document)
            fresh = tomlkit.document()
            fresh.add("settings", section)
            # a table must not follow [[rules]] without a line between, and reads better before them
            self._write(tomlkit.dumps(fresh).rstrip("\n") + ("\n\n" + rest.lstrip("\n") if rest.strip() else "\n"))
            return
        document["settings"][name] = value
        self._write(tomlkit.dumps(document))

    def _document(self) -> Any:
        import tomlkit

        read_file(self.path)  # raises in words where it cannot be used
        return tomlkit.parse(self.path.read_text(encoding="utf-8")) if self.path.exists() else tomlkit.document()

    def _write(self, text: str) -> None:
        """Write the whole file, once it is sure that it can be read again."""
        try:
            tomllib.loads(text)
        except tomllib.TOMLDecodeError as problem:
            raise SettingsError(
                f"{self.path} cannot be changed here: {problem}", hint="Change it with an editor; nothing was written."
            ) from problem
        try:
            write_whole(self.path, lambda part: part.write_text(text, encoding="utf-8"))
        except OSError as problem:
            raise SettingsError(
                f"{self.path} cannot be written: {problem.strerror}", hint="See to the rights of the file and folder."
            ) from problem
