"""What a workspace goes by: gates, scorecards, rules and settings, looked at and changed."""

from __future__ import annotations

import tomllib
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from tablemend.errors import Conflict, SettingsError
from tablemend.records import Record
from tablemend.settings import Origin
from tablemend.workspace.settings_file import SettingsFile
from tablemend.workspace.shelf import Shelf, Shelved, digest

if TYPE_CHECKING:
    from tablemend.records import Finding
    from tablemend.review.replay import Replay
    from tablemend.review.toml import Fault
    from tablemend.workspace import Workspace

_PLACES = {"given": "what the server was started with", "environment": "the environment", ".env": ".env"}
_GATE = "repair_gate"
_URLS = ("store_url",)  # may hold a password, and is as good as secret


class SettingValue(Record, frozen=True, kw_only=True):
    """A setting with its value in words; of a secret one only whether it is set."""

    name: str
    value: str
    default: str
    origin: Origin
    secret: bool
    meaning: str


class Configuration:
    """Gates, scorecards, rules and settings of a workspace; what is changed is audited in the name of its person."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._file = SettingsFile()

    @cached_property
    def gates(self) -> Shelf:
        """The gates that can be chosen."""
        from tablemend.review import gate

        return Shelf(self._workspace.settings.data, gate.FOLDER, gate.faults)

    @cached_property
    def scorecards(self) -> Shelf:
        """The scorecards that can be chosen."""
        from tablemend.review import scorecard

        return Shelf(self._workspace.settings.data, scorecard.FOLDER, scorecard.faults)

    def save_gate(self, name: str, text: str, *, before: str = "") -> Shelved:
        """Write a gate of one's own; see `Shelf.save`. The gate in force must go on to fit repairs."""
        from tablemend.review.gate import parse, require_fit

        if self._is_chosen(name):
            require_fit(parse(text, origin=name), "repair")
        return self._saved(self.gates, "gate", name, text, before)

    def save_scorecard(self, name: str, text: str, *, before: str = "") -> Shelved:
        """Write a scorecard of one's own; see `Shelf.save`."""
        return self._saved(self.scorecards, "scorecard", name, text, before)

    def _saved(self, shelf: Shelf, kind: str, name: str, text: str, before: str) -> Shelved:
        store = self._workspace.ready()
        with store.transaction():  # whose lock also keeps two people from writing at once
            store.audit.write(self._workspace.settings.person, f"save {kind}", name, digest(text)[:16])
            return shelf.save(name, text, before=before)

    def remove_gate(self, name: str) -> None:
        """Remove a gate of one's own; SettingsError for the one in force."""
        if self._is_chosen(name):
            raise SettingsError(f"{name} is the gate in force", hint="Choose another gate first.")
        self._removed(self.gates, "gate", name)

    def remove_scorecard(self, name: str) -> None:
        """Remove a scorecard of one's own."""
        self._removed(self.scorecards, "scorecard", name)

    def _removed(self, shelf: Shelf, kind: str, name: str) -> None:
        store = self._workspace.ready()
        with store.transaction():
            store.audit.write(self._workspace.settings.person, f"remove {kind}", name)
            shelf.remove(name)

    @property
    def gate_in_force(self) -> str:
        """The setting `repair_gate` as it stands now: a shipped name, or a file."""
        return str(self._workspace.settings.present(_GATE))

    def _is_chosen(self, name: str) -> bool:
        """Whether a gate of one's own is the one in force."""
        chosen = next((each for each in self.gates.all() if each.own and each.name == name), None)
        return chosen is not None and chosen.what == self.gate_in_force

    def choose_gate(self, name: str) -> str:
        """Let repairs go by another gate, for everybody from now on: it is written into `tablemend.toml`.

        Raises SettingsError where the gate is not for repairs, or where something stronger than the file decides.
        """
        from tablemend.review.gate import load, require_fit

        wanted = self.gates.find(name).what
        require_fit(load(wanted), "repair")
        origin = self._workspace.settings.origin(_GATE)
        if origin in _PLACES:
            raise SettingsError(
                f"{_GATE} comes from {_PLACES[origin]}, which goes before {self._file.path}",
                hint=f"Take it out there, or set it there to {wanted}.",
            )
        before = self.gate_in_force
        if before == wanted:
            raise SettingsError(f"{name} is the gate in force already", hint="Nothing was changed.")
        store = self._workspace.ready()
        with store.transaction():
            store.audit.write(self._workspace.settings.person, "choose gate", wanted, f"before: {before}")
            self._file.put(_GATE, wanted)
        return wanted

    def replay_gate(self, text: str, *, people: bool = False) -> Replay:
        """What a gate would make of every item that has a decision, beside that decision; see `test_gate`."""
        from tablemend.review.gate import parse

        return self._workspace.test_gate(parse(text, origin="the text"), people=people)

    def rules(self) -> str:
        """The rules of `tablemend.toml` as they are written."""
        return self._file.rules()

    def check_rules(self, text: str) -> list[Fault]:
        """Everything that keeps a text from being rules, by line."""
        from tablemend.quality import rules
        from tablemend.review.lines import Lines
        from tablemend.review.toml import Fault, fault, loads, syntax_fault

        try:
            document = loads(text)
        except tomllib.TOMLDecodeError as problem:
            return [syntax_fault(text, problem)]
        lines = Lines(text)
        strange = [
            Fault(line=lines.of((key,)), text=f"{key} is no rule", hint="Write rules only, each under [[rules]].")
            for key in document
            if key != "rules"
        ]
        listed = document.get("rules", [])
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            return [Fault(line=lines.of(("rules",)), text="rules is not a list of tables", hint="Write [[rules]].")]
        return sorted([*strange, *(fault(each, lines) for each in rules.problems(listed))], key=lambda each: each.line)

    def try_rules(self, text: str, dataset: str) -> tuple[Finding, ...]:
        """What rules would find in a dataset as its newest scan saw it; nothing is kept."""
        self._require_rules(text)
        return self._workspace.try_rules(tomllib.loads(text).get("rules", []), dataset)

    def save_rules(self, text: str, *, before: str) -> int:
        """Write the rules into `tablemend.toml`; how many there are. `before` is the `digest` of those changed.

        The next scan goes by them. Raises SettingsError for what is no rule, Conflict where somebody else wrote others.
        """
        self._require_rules(text)
        number = len(tomllib.loads(text).get("rules", []))
        store = self._workspace.ready()
        with store.transaction():
            there = self.rules()
            if digest(there) != before:
                raise Conflict("the rules were changed meanwhile", hint="Open them again to see what stands there now.")
            if there.strip() == text.strip():
                raise SettingsError("the rules are as they were", hint="Nothing was changed.")
            store.audit.write(self._workspace.settings.person, "save rules", str(self._file.path), f"{number} rules")
            self._file.replace_rules(text)
        return number

    def _require_rules(self, text: str) -> None:
        for each in self.check_rules(text):
            raise SettingsError(f"line {each.line}: {each.text}", hint=each.hint)

    def clear_cache(self, pattern: str | None = None) -> int:
        """Let go of results of queries like a pattern, by default of all, also in Redis; how many were kept here."""
        gone = self._workspace.clear_cache(pattern=pattern)
        self._workspace.ready().audit.write(self._workspace.settings.person, "clear cache", pattern or "all", f"{gone}")
        return gone

    def settings(self) -> list[SettingValue]:
        """Every setting with its value, default, meaning, and where it comes from."""
        own, found = self._workspace.settings, []
        for name, field in type(own).model_fields.items():
            value, default = getattr(own, name), field.get_default(call_default_factory=True)
            secret = name in _URLS or _is_secret(value) or _is_secret(default) or name not in own.public()
            found.append(
                SettingValue(
                    name=name,
                    value=_told(value, default) if secret else _words(value),
                    default=("not set" if not _plain(default) else "set") if secret else _words(default),
                    origin=own.origin(name),
                    secret=secret,
                    meaning=field.description or "",
                )
            )
        return found


def _is_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_is_secret(each) for each in value.values())
    return isinstance(value, SecretStr)


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _told(value: Any, default: Any) -> str:
    if not _plain(value):
        return "not set"
    return "set" if _plain(value) != _plain(default) else "as by default"


def _words(value: Any) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(str(each) for each in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}={each}" for key, each in value.items()) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)
