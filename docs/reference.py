"""The generated pages of the reference; run as a script, it writes them."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import msgspec
import typer
from pydantic import SecretStr

import tablemend
from tablemend import errors, records, settings
from tablemend.caching import shared as cache_shared
from tablemend.caching import statistics as cache_statistics
from tablemend.cli.main import app, register
from tablemend.databases import bulk, failures, partitions, querying, types, warming
from tablemend.databases.bulk.families import FAMILIES
from tablemend.databases.bulk.registry import DIALECTS as BULK
from tablemend.databases.dialects import DIALECTS
from tablemend.intel import brief, compare, entries, run, story
from tablemend.intel import rows as story_rows
from tablemend.intel import scoring as intel_scoring
from tablemend.quality import rules, thresholds
from tablemend.quality.pushdown.dialects import SPELLINGS, UNSUPPORTED
from tablemend.quality.vocabulary import CHECKS
from tablemend.repair import many, results
from tablemend.repair import recipe as recipes
from tablemend.repair.operations import IRREVERSIBLE, OPERATIONS
from tablemend.review import conditions, decisions, fields, gate, learning, policy, replay, scorecard, scoring
from tablemend.store import checking, resets, retention, sessions, tokens, users
from tablemend.workspace import Workspace

register()

KINDS = {str: "TEXT", int: "INTEGER", float: "NUMBER", Path: "PATH"}
FOLDER = Path(__file__).parent / "reference"
OF_FILES = ("Pattern", "Plan", "Gate", "Words", "Rule", "Policy", "Tiers")
GATES = (
    "A gate decides what needs no person. `tablemend gates show repair` prints the one that repairs pass unless the "
    "setting `repair_gate` names another."
)
CONDITIONS = "One grammar for the rules of gates, the modifiers of scorecards and the scores that they derive."
SCORECARDS = "A scorecard scores items for a gate. `tablemend scorecards show brand` prints one."

STORIES = (
    "An entry of JSON or JSON Lines, for `tablemend intel score`. A field that is not listed is refused, so that a "
    "misspelt one is never silently left out. RSS, Atom and JSON Feed give id, title, summary, url and date."
)


def pages() -> dict[str, str]:
    """Name and text of every generated page."""
    return {
        "bulk.md": _bulk(),
        "checks.md": _checks(),
        "cli.md": _cli(),
        "databases.md": _databases(),
        "errors.md": _errors(),
        "files.md": _files(),
        "operations.md": _operations(),
        "python.md": _python(),
        "records.md": _records(),
        "settings.md": _settings(),
    }


def commands() -> list[tuple[str, Any]]:
    """Every command with its full name, in alphabetical order."""
    return sorted(_walk("tablemend", typer.main.get_command(app)), key=lambda each: each[0])


def _walk(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    if getattr(command, "commands", None):
        for name, child in command.commands.items():
            yield from _walk(f"{path} {name}", child)
    else:
        yield path, command


def _cli() -> str:
    root = typer.main.get_command(app)
    parts = [
        "# Command line\n\nData goes to standard output, messages and progress to standard error. Exit status: 0 done, "
        "1 findings at `--fail-on` or a partial failure, 2 could not run.\n",
        _table(("Option", "Meaning"), [_option(each) for each in root.params if each.name != "help"]),
    ]
    parts += [_command(path, command) for path, command in commands()]
    return "\n".join(parts)


def _command(path: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and each.name != "help"]
    usage = " ".join([path, *(_usage(each) for each in arguments), *(["[OPTIONS]"] if options else [])])
    text = f"## {path}\n\n{inspect.cleandoc(command.help or '')}\n\n```text\n{usage}\n```\n"
    if arguments:
        rows = [(f"`{_metavar(each)}`", each.help or "") for each in arguments]
        text += "\n" + _table(("Argument", "Meaning"), rows)
    if options:
        text += "\n" + _table(("Option", "Meaning"), [_option(each) for each in options])
    return text


def _metavar(argument: Any) -> str:
    return str(argument.name).upper() + ("…" if argument.nargs == -1 else "")


def _usage(argument: Any) -> str:
    return _metavar(argument) if argument.required else f"[{_metavar(argument)}]"


def _option(option: Any) -> tuple[str, str]:
    names = ", ".join(f"`{each}`" for each in sorted(option.opts, key=len, reverse=True))
    kind = "" if option.is_flag else f" {_kind(option)}"
    default = option.default
    shown = default is not None and not option.is_flag and default not in ("", ())
    value = getattr(default, "value", default)
    return names + kind, (option.help or "") + (f" Default: `{value}`." if shown else "")


def _kind(option: Any) -> str:
    annotation = option.type_descriptor.annotation
    if inspect.isclass(annotation) and issubclass(annotation, Enum):
        return " | ".join(each.value for each in annotation)
    return KINDS.get(next((each for each in (get_args(annotation) or (annotation,)) if each in KINDS), str), "TEXT")


def _settings() -> str:
    rows = [
        (f"`{name}`", _type_name(each.annotation), f"`{_default(each.default)}`", each.description or "")
        for name, each in settings.Settings.model_fields.items()
    ]
    return (
        "# Settings\n\nA setting is taken from the environment (`TABLEMEND_` and its name in capitals), then from "
        "`.env`, then from `[settings]` of `tablemend.toml`, then from here. `tablemend.open(max_rows=…)` goes before "
        "all of them.\n\n" + _table(("Setting", "Type", "Default", "Meaning"), rows)
    )


def _type_name(annotation: Any) -> str:
    if "tuple" in str(annotation):
        return "list of texts"
    return "text table" if "dict" in str(annotation) else getattr(annotation, "__name__", str(annotation)).lower()


def _default(value: Any) -> str:
    value = value.get_secret_value() if isinstance(value, SecretStr) else value
    return '""' if value == "" else str(value)


def _checks() -> str:
    parts = ["# Checks\n\nThe closed vocabulary of what is looked for.\n"]
    for dimension in records.DIMENSIONS:
        rows = [(f"`{c.name}`", c.severity, c.help) for c in CHECKS.values() if c.dimension == dimension]
        parts.append(f"## {dimension.capitalize()}\n\n{_table(('Check', 'Severity', 'Meaning'), rows)}")
    limits = [(f"`{name}`", f"{value:,}", _sentence(text)) for name, value, text in thresholds.table()]
    parts.append(f"## Thresholds\n\nThe same for every table.\n\n{_table(('Threshold', 'Value', 'Meaning'), limits)}")
    return "\n".join(parts)


def _databases() -> str:
    kinds = [
        (
            each.name,
            f"`{each.url}`",
            f"{each.driver}" + (f", extra `{each.extra}`" if each.extra else ""),
            each.guard,
            each.limit,
            each.verified,
        )
        for each in DIALECTS.values()
    ]
    failed = [(f"… {each.what}", f"`{each.error.__name__}`", each.hint) for each in failures.CATEGORIES.values()]
    parts = [
        "# Databases\n\nWhat each kind of database is reached and guarded by, what its errors become, and the Arrow "
        "types that hold its columns without loss.\n",
        _table(("Database", "URL", "Driver", "Read-only by", "Statements limited by", "Tested on a real one"), kinds),
        f"## Errors\n\n{_table(('The database', 'Error', 'Hint'), failed)}",
        "## Checks in the database\n\nWhat `scan --push-down` does not evaluate: a finding with the status `error`, "
        f"which says why.\n\n{_table(('Database', 'Where', 'Why'), _unsupported())}",
        *(f"## Types of {DIALECTS[kind].name}\n\n{_types(kind)}" for kind in types.TYPES),
        "## Types of SQLite\n\nBy what the declaration holds, the first that fits; without a declaration, `string`.\n",
        _affinities(),
    ]
    return "\n".join(parts)


def _unsupported() -> list[tuple[str, ...]]:
    every = [("every one", name, reason) for name, reason in UNSUPPORTED.items()]
    own = [
        (DIALECTS[kind].name, name, reason)
        for kind, each in SPELLINGS.items()
        for name, reason in each.unsupported.items()
    ]
    return own + every


def _types(kind: str) -> str:
    arrow: dict[str, list[str]] = {}
    for name, entry in types.TYPES[kind].items():
        shown = inspect.getdoc(entry) or "" if inspect.isfunction(entry) else f"`{entry}`"
        arrow.setdefault(shown, []).append(f"`{name}`")
    rows = [(", ".join(names), shown) for shown, names in arrow.items()]
    other = types.OTHERS.get(kind)
    rows += [("every other type", f"`{other}`: its text")] if other else [("every other type", "an error")]
    return _table(("Type", "Arrow"), rows)


def _affinities() -> str:
    rows = [
        (", ".join(f"`{each}`" for each in pattern.replace("|^$", "").split("|")) if pattern else "anything else", made)
        for pattern, made in types.AFFINITIES
    ]
    return _table(("Declared", "Arrow"), [(declared, f"`{made}`") for declared, made in rows])


def _bulk() -> str:
    rows = [
        (family, *(f"`{each.types[family]}`" if family in each.types else "refused" for each in BULK.values()))
        for family in FAMILIES
    ]
    parts = [
        "# Bulk\n\nReading and writing over Arrow. One conformance suite runs on a real server of every database that "
        "is not marked unverified. See [How tables in databases are written](../explanation/databases.md).\n",
        *(f"## `bulk.{name}`\n\n{_routine(name, getattr(bulk, name))}" for name in bulk.__all__ if name.islower()),
        _record(bulk.outcome, "Outcome"),
        f"## `partitions.partition`\n\n{_routine('partition', partitions.partition)}",
        _record(partitions, "Partition"),
        "## Column types\n\nWhat `create` makes of the families of Arrow types; `insert` and the changes by key take "
        "the same families.\n",
        _table(("Arrow", *(_bulk_name(each) for each in BULK.values())), rows),
        *(f"## Gaps of {_bulk_name(each)}\n\n{_gaps(each)}" for each in BULK.values()),
    ]
    return "\n".join(parts)


def _bulk_name(dialect: Any) -> str:
    return dialect.name + ("" if dialect.verified else " (unverified)")


def _gaps(dialect: Any) -> str:
    values = {"nul": "NUL characters in text", "nan": "NaN", "infinity": "infinite numbers"}
    rows = [(_sentence(what).rstrip("."), _sentence(reason)) for what, reason in dialect.unsupported.items()]
    rows += [
        (_sentence(values[each]).rstrip("."), "It cannot hold them; they are refused.") for each in dialect.refused
    ]
    return _table(("Feature", "Reason"), rows)


def _operations() -> str:
    parts = [
        "# Operations\n\nThe closed vocabulary of what a repair does. Phases run in the order of this page; a later "
        "one sees what an earlier repaired.\n"
    ]
    for phase in records.PHASES:
        parts.append(f"## Phase: {phase}\n")
        parts += [_operation(each) for each in OPERATIONS.values() if each.phase == phase]
    return "\n".join(parts)


def _operation(each: Any) -> str:
    note = (
        " The result does not tell what was there; undo it with `tablemend undo`." if each.name in IRREVERSIBLE else ""
    )
    rows = [
        (f"`{p.name}`", "yes" if p.required else "no", f"{p.help[0].upper()}{p.help[1:]}.") for p in each.parameters
    ]
    table = "\n" + _table(("Parameter", "Required", "Meaning"), rows) if rows else ""
    return f"### `{each.name}`\n\n{each.help}{note}\n{table}"


def _errors() -> str:
    tree = inspect.cleandoc(errors.__doc__ or "").split("\n\n")
    parts = [f"# Errors\n\n{tree[0]}\n\n```text\n{inspect.cleandoc(tree[1])}\n```\n\n{tree[2]}\n"]
    for name, each in vars(errors).items():
        if inspect.isclass(each):
            parts.append(f"## `{name}`\n\n{inspect.cleandoc(each.__doc__ or '')}\n")
    return "\n".join(parts)


def record_names(module: ModuleType) -> list[str]:
    """The records that a module defines, in its order."""
    return [
        name
        for name, each in vars(module).items()
        if inspect.isclass(each)
        and issubclass(each, msgspec.Struct)
        and each.__module__ == module.__name__
        and each is not records.Record
    ]


def _records() -> str:
    parts = ["# Records\n\nEverything that a scan, a decision or a change leaves is a frozen record.\n"]
    stories = (story, intel_scoring, run, brief, compare)
    state = (learning, resets, retention, checking, users, sessions, tokens)
    cached = (querying, warming, cache_statistics, cache_shared)
    for module in (records, results, many, decisions, gate, replay, scoring, policy, *state, *stories, *cached):
        names = [name for name in record_names(module) if not name.startswith("_") and name not in OF_FILES]
        parts += [_record(module, name) for name in names]
    return "\n".join(parts)


def _files() -> str:
    parts = ["# Files: rules, gates, scorecards, recipes, stories\n"]
    intro = (
        ("Rules", "Each `[[rules]]` entry of `tablemend.toml`.", rules, record_names(rules)),
        ("Gates", GATES, gate, ("Gate", "Words", "Rule")),
        ("Conditions", CONDITIONS, conditions, ("Condition",)),
        ("Scorecards", SCORECARDS, scorecard, record_names(scorecard)),
        ("Policies", "The section `[policy]` of a scorecard.", policy, ("Policy", "Tiers")),
        ("Recipes", "What `tablemend recipe save` writes, as TOML or JSON.", recipes, record_names(recipes)),
        ("Stories", STORIES, entries, record_names(entries)),
    )
    for title, text, module, names in intro:
        parts.append(f"## {title}\n\n{text}\n")
        parts += [_record(module, name).replace("## ", "### ", 1) for name in names]
        if title == "Conditions":
            parts.append(_condition_fields())
    parts.append(f"### Columns of CSV\n\n{_table(('Column', 'Meaning'), _story_columns())}")
    return "\n".join(parts)


def _story_columns() -> list[tuple[str, str]]:
    return [
        *((f"`{name}`", text) for name, text in story_rows.COLUMNS.items()),
        ("a part", "score of the scorecard's part"),
    ]


def _condition_fields() -> str:
    rows = [(f"`{each.name}`", each.kind, each.help, "yes" if each.fact else "") for each in fields.FIELDS.values()]
    rows.append((f"`{fields.PART}NAME`", "number", "Score of a part of the scorecard.", ""))
    fitting = "; ".join(
        f"a {kind} takes {', '.join(f'`{name}`' for name in names)}" for kind, names in conditions.COMPARATORS.items()
    )
    return (
        f"### Fields\n\n{fitting[0].upper()}{fitting[1:]}. Scores are derived from facts; modifiers may also ask for "
        f"`total`, `band` and parts.\n\n{_table(('Field', 'Kind', 'Meaning', 'Fact'), rows)}"
    )


def _record(module: ModuleType, name: str) -> str:
    cls = getattr(module, name)
    rows = [(f"`{field}`", f"`{kind}`", text) for field, kind, text in _fields(cls)]
    return f"## {name}\n\n{inspect.cleandoc(cls.__doc__ or '')}\n\n{_table(('Field', 'Type', 'Meaning'), rows)}"


def _fields(cls: type) -> list[tuple[str, str, str]]:
    """Name as files and JSON have it, type and comment of each field, from the source of a class."""
    source = inspect.getsource(cls)
    lines = source.splitlines()
    body = ast.parse(source).body[0]
    assert isinstance(body, ast.ClassDef)
    written = {each.name: each.encode_name for each in msgspec.structs.fields(cls)}
    return [
        (written[each.target.id], ast.unparse(each.annotation), _comment(lines, each.end_lineno or 0))
        for each in body.body
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    ]


def _comment(lines: list[str], number: int) -> str:
    """The comment at the end of a line, which may go on in lines of its own."""
    found = re.search(r"#\s*(.*)$", lines[number - 1])
    words = [found[1]] if found else []
    for line in lines[number:] if found else ():
        if not (more := re.match(r"\s*#\s*(.*)$", line)):
            break
        words.append(more[1])
    return " ".join(words)


def _python() -> str:
    parts = ["# Python\n"]
    for name in tablemend.__all__:
        each = getattr(tablemend, name)
        parts.append(f"## `tablemend.{name}`\n")
        if name == "Workspace":
            parts.append(_class(Workspace))
        elif inspect.isroutine(each):
            parts.append(_routine(name, each))
        else:
            parts.append(f"{(each.__doc__ or '').splitlines()[0]} See [{name}]({name}.md).\n")
    return "\n".join(parts)


def _class(cls: type) -> str:
    methods = [
        (name, each)
        for part in reversed(cls.__mro__)
        for name, each in vars(part).items()
        if inspect.isfunction(each) and not name.startswith("_") and part is not object
    ]
    text = inspect.cleandoc(cls.__doc__ or "")
    return f"{text}\n\n" + "\n".join(f"### `{name}`\n\n{_routine(name, each)}" for name, each in methods)


def _routine(name: str, each: Any) -> str:
    signature = str(inspect.signature(each)).replace("'", "").replace("(self, ", "(").replace("(self)", "()")
    signature = re.sub(r"<function (\w+) at \w+>", r"\1", signature)
    return f"```python\n{name}{signature}\n```\n\n{inspect.cleandoc(each.__doc__ or '')}\n"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *([_cell(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
