"""The page of the interface for programs, from its own description."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from fastapi import FastAPI

import tablemend
from tablemend.web import api
from tablemend.web.jobs import events
from tablemend.web.jobs.watch import Watch
from tablemend.web.site import Site

INTRO = """# Interface for programs

The verbs of the command line over HTTP, below `/api/v1`; [a few](../how-to/api.md) only the command line has. Send a
token with every request: `Authorization: Bearer tm_…`. `GET /api/v1/openapi.json` is this page for programs. Each
endpoint names the right that it needs; a role has the rights of those before it.

| Role | Rights |
| --- | --- |
| viewer | read |
| reviewer | scan, decide |
| approver | approve, apply |
| admin | admin |

Work that takes long answers 202 with a job and its address in `Location`; `GET /api/v1/jobs/{job}` tells how far it is,
`GET /api/v1/jobs/{job}/events` tells it as it happens. Lists come in pages: `limit`, `offset`, and the `total` of the
answer. A parameter or field that is not listed is refused, so that a misspelt one never silently does nothing.

Errors are [problem details](https://www.rfc-editor.org/rfc/rfc9457) (`application/problem+json`) with a hint that says
what to do:

| Status | Meaning |
| --- | --- |
"""

_NOUNS = tuple(f"api.{name}" for name in api.NOUNS)
Tabled = Callable[[Iterable[str], Iterable[Iterable[str]]], str]
Recorded = Callable[[ModuleType, str], str]


def page(table: Tabled, record: Recorded, names: Callable[[ModuleType], list[str]]) -> str:
    """The page; `table` writes a table, `record` a record of a module, `names` gives those that a module has."""
    described = _document()
    parts = [INTRO + "".join(f"| {code} | {text} |\n" for code, text in _errors(described))]
    tag = ""
    for method, path, each in _operations(described):
        if each["tags"][0] != tag:
            tag = each["tags"][0]
            parts.append(f"## {tag[0].upper()}{tag[1:]}\n")
        parts.append(_operation(table, described, f"{method} {path}", each))
    parts.append("## Records of the interface\n\n[Records](records.md) lists the others.\n")
    for module in (import_module(f"tablemend.web.{name}") for name in ("problem", "api.page", *_NOUNS)):
        parts += [record(module, name).replace("## ", "### ", 1) for name in names(module)]
    return "\n".join(parts)


def _document() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, tablemend.open(folder) as workspace:
        app = FastAPI()
        api.include(app, Site(workspace), events.router(workspace, Watch(workspace)))
        return api.document(app)


def _operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    found = [(method.upper(), path, each) for path, all_ in described["paths"].items() for method, each in all_.items()]
    tags = [each["tags"][0] for *_, each in found]
    yield from sorted(found, key=lambda one: tags.index(one[2]["tags"][0]))


def _errors(described: dict[str, Any]) -> list[tuple[str, str]]:
    _, _, first = next(_operations(described))
    return [(code, each["description"]) for code, each in sorted(first["responses"].items()) if code >= "400"]


def _operation(table: Tabled, described: dict[str, Any], title: str, each: dict[str, Any]) -> str:
    text = f"### {title}\n\n{each['summary']}. {each.get('description', '')}".rstrip() + "\n\n"
    text += f"Right: {each['x-right']}. Answers {', '.join(_answers(each))}.\n"
    rows = [
        (f"`{own['name']}`", own["in"], _type(own["schema"]), _needed(own.get("required", False)), _meaning(own))
        for own in each.get("parameters", ())
    ]
    rows += list(_body(described, each))
    return text + ("\n" + table(("Parameter", "In", "Type", "Required", "Meaning"), rows) if rows else "")


def _answers(each: dict[str, Any]) -> Iterator[str]:
    for code, answer in each["responses"].items():
        if code < "400":
            for media, content in answer["content"].items():
                kind = _type(content["schema"])
                yield f"{code} {kind if media == 'application/json' and kind != '`string`' else f'`{media}`'}"


def _body(described: dict[str, Any], each: dict[str, Any]) -> Iterator[tuple[str, str, str, str, str]]:
    for content in each.get("requestBody", {}).get("content", {}).values():
        schema = content["schema"]
        if "$ref" in schema:
            schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        for name, own in schema.get("properties", {}).items():
            yield f"`{name}`", "body", _type(own), _needed(name in schema.get("required", ())), _meaning(own)


def _meaning(own: dict[str, Any]) -> str:
    schema = own.get("schema", own)
    text = own.get("description") or schema.get("description") or ""
    default = schema.get("default")
    told = f" Default: `{str(default).lower() if isinstance(default, bool) else default}`."
    return text + (told if default not in (None, "", [], {}) else "")


def _needed(required: bool) -> str:
    return "yes" if required else "no"


def _type(schema: dict[str, Any]) -> str:
    return f"`{_plain(schema)}`"


def _plain(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = str(schema["$ref"].rpartition("/")[2])
        return f"page of {name[5:-1]}" if name.startswith("Page_") else name
    if "anyOf" in schema:
        return " or ".join(_plain(each) for each in schema["anyOf"] if each.get("type") != "null")
    if "enum" in schema:
        return " or ".join(str(each) for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_plain(schema.get('items') or {})}"
    return str(schema.get("const") or schema.get("format") or schema.get("type") or "anything")
