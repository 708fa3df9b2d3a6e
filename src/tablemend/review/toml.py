"""Reading TOML into a record, with the line of whatever cannot be used."""

from __future__ import annotations

import difflib
import re
import tomllib
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import resources
from pathlib import Path as File
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec

from tablemend.errors import SettingsError
from tablemend.records import Record
from tablemend.review.lines import Lines, Path

T = TypeVar("T", bound=msgspec.Struct)


class Problem(Record, frozen=True, kw_only=True):
    """What is wrong with a value of a file."""

    path: Path  # keys, and places in arrays from 0
    text: str  # what is wrong, and what there is instead
    hint: str = ""  # what to do


Check = Callable[[T], Iterable[Problem]]


class Fault(Record, frozen=True, kw_only=True):
    """What is wrong on a line of a document."""

    line: int  # from 1
    text: str  # what is wrong, and what there is instead
    hint: str = ""  # what to do


def read(text: str, kind: type[T], *, origin: str, check: Check[T], hint: str) -> T:
    """The record that a document holds; SettingsError names the origin, the line, the key and its value.

    `check` gives the problems that types cannot see; `hint` is for what has none of its own.
    """
    record, found = _examined(text, kind, check)
    if record is None or found:
        first = found[0]
        raise SettingsError(f"{origin}, line {first.line}: {first.text}", hint=first.hint or hint)
    return record


def faults(text: str, kind: type[T], *, check: Check[T], hint: str) -> list[Fault]:
    """Everything that is wrong with a document, by line; what hides the rest, such as bad TOML, stands alone."""
    found = _examined(text, kind, check)[1]
    listed = [Fault(line=each.line, text=each.text, hint=each.hint or hint) for each in found]
    return sorted(listed, key=lambda each: each.line)


def _examined(text: str, kind: type[T], check: Check[T]) -> tuple[T | None, list[Fault]]:
    """The record of a document, if it is one, and what is wrong with it in the order in which it is found."""
    try:
        document = loads(text)
    except tomllib.TOMLDecodeError as problem:
        return None, [syntax_fault(text, problem)]
    try:
        record = msgspec.convert(document, kind)
    except msgspec.ValidationError as problem:
        return None, [fault(_misfit(document, kind, str(problem)), Lines(text))]
    problems = list(check(record))
    lines = Lines(text) if problems else None
    return record, [fault(each, lines) for each in problems if lines is not None]


def fault(found: Problem, lines: Lines) -> Fault:
    """A problem with its line."""
    return Fault(line=lines.of(found.path), text=found.text, hint=found.hint)


def loads(text: str) -> dict[str, Any]:
    """What a text of TOML holds; TOMLDecodeError for one that is none, also for one that is nested without end."""
    try:
        return tomllib.loads(text)
    except RecursionError as problem:
        raise tomllib.TOMLDecodeError("it is nested too deeply (at end of document)") from problem


def syntax_fault(text: str, problem: tomllib.TOMLDecodeError) -> Fault:
    """What keeps a text from being TOML."""
    message = str(problem)
    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    what = message[: place.start()] if place else message
    line = int(place[1]) if place and place[1] else text.rstrip().count("\n") + 1
    return Fault(line=line, text=f"this is not TOML: {what[:1].lower()}{what[1:]}")


def require(problems: Iterable[Problem], origin: str, hint: str) -> None:
    """Raise SettingsError for the first problem of a record that was made without a file."""
    for found in problems:
        raise SettingsError(f"{origin}: {found.text}", hint=found.hint or hint)


_PACKAGE = "tablemend.review"


def names(folder: str, package: str = _PACKAGE) -> list[str]:
    """What is shipped in a folder of a package, by name."""
    found = resources.files(package).joinpath(folder).iterdir()
    return sorted(each.name.removesuffix(".toml") for each in found if each.name.endswith(".toml"))


def shipped(folder: str, name: str, package: str = _PACKAGE) -> str:
    """The text of a shipped file; SettingsError where there is none of that name."""
    there = names(folder, package)
    if name not in there:
        raise SettingsError(
            f"there is no shipped file {name!r} of {folder}", hint=f"The shipped ones are {', '.join(there)}."
        )
    return resources.files(package).joinpath(f"{folder}/{name}.toml").read_text(encoding="utf-8")


def text_of(what: str | File, folder: str, package: str = _PACKAGE) -> tuple[str, str]:
    """Text and origin of a file, or of what is shipped by that name; SettingsError where there is neither.

    A shipped name goes first: write `./repair` for a file of that name.
    """
    there = names(folder, package)
    if str(what) in there:
        return shipped(folder, str(what), package), f"{folder}/{what}.toml"
    try:
        content = File(what).read_bytes()
    except FileNotFoundError as problem:
        raise SettingsError(
            f"there is no file {what}", hint=f"Name a file, or one that is shipped: {', '.join(there)}."
        ) from problem
    except OSError as problem:
        raise SettingsError(f"{what} cannot be read: {problem.strerror}", hint="Name a TOML file.") from problem
    try:
        return content.decode("utf-8-sig"), str(what)
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise SettingsError(f"{what}, line {line}: the text is not UTF-8", hint="Save the file as UTF-8.") from problem


def words(path: Path) -> str:
    """A path as people write it: keys joined by dots; the line tells which element of an array is meant."""
    return ".".join(part for part in path if isinstance(part, str))


def nearest(name: str, there: Sequence[str]) -> str:
    """A hint for a name that is none of those there but like one; else empty."""
    found = difflib.get_close_matches(name, there, n=1)
    return f"Perhaps {found[0]} is meant." if found else ""


def _misfit(document: dict[str, Any], kind: type[msgspec.Struct], message: str) -> Problem:
    """What msgspec refused, in words."""
    what, _, place = message.partition(" - at `$")
    path = tuple(_path(document, kind, message, place.removesuffix("`")))
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", what):
        where, fields = (*path, unknown[1]), _field_names(kind, path)
        text = f"there is no field {words(where)}; the fields are {', '.join(fields)}"
        return Problem(path=where, text=text, hint=nearest(unknown[1], fields))
    if missing := re.fullmatch(r"Object missing required field `(.*)`", what):
        return Problem(path=path, text=f"{words((*path, missing[1]))} is missing")
    text = f"{words(path)} is {_shown(_at(document, path))}; {_expected(what, kind, path)}"
    return Problem(path=path, text=text)


def _expected(what: str, kind: type[msgspec.Struct], path: Path) -> str:
    if what.startswith("Invalid enum value"):
        return f"it is one of {', '.join(str(each) for each in get_args(_type_at(kind, path)))}"
    found = re.fullmatch(r"Expected (.*?)(?:, got `.*`)?", what)
    if not found:
        return what
    expected = found[1].replace("`", "").replace(" | null", "").replace(" | ", " or ")
    plain = {"float": "a number", "int": "a whole number", "str": "a text", "array": "a list", "object": "a table"}
    return "expected " + re.sub(r"float|int|str|array|object", lambda word: plain[word[0]], expected)


def _shown(value: Any) -> str:
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= 60 else f"{text[:57]}…"


def _path(document: dict[str, Any], kind: type[msgspec.Struct], message: str, place: str) -> Iterator[str | int]:
    """Keys and places of a path of msgspec, which names no key of a free table (`[...]`)."""
    value: Any = document
    for name, inside in re.findall(r"\.([^.\[]+)|\[(\.\.\.|\d+)\]", place):
        step = name or (_culprit(document, kind, message, value) if inside == "..." else int(inside))
        yield step
        value = value[step]


def _culprit(document: dict[str, Any], kind: type[msgspec.Struct], message: str, table: dict[str, Any]) -> str:
    """The key of a free table without which the same complaint does not come: the first that fails alone."""
    kept = dict(table)
    try:
        for key, value in kept.items():
            table.clear()
            table[key] = value
            try:
                msgspec.convert(document, kind)
            except msgspec.ValidationError as problem:
                if str(problem) == message:
                    return key
    finally:
        table.clear()
        table.update(kept)
    raise AssertionError(f"no key of {sorted(kept)} gives {message}")


def _at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


def _field_names(kind: type[msgspec.Struct], path: Path) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(_type_at(kind, path))]


def _type_at(kind: Any, path: Path) -> Any:
    """The type that a path leads to."""
    for step in path:
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            kind = next(each.type for each in msgspec.structs.fields(kind) if each.encode_name == step)
        else:
            kind = get_args(kind)[1 if get_origin(kind) is dict else 0]
        if get_origin(kind) in (Union, types.UnionType):
            kind = next(each for each in get_args(kind) if each is not type(None))
    return kind
