"""Reading what a page says, without a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import plotly.utils

from tablemend.web.identity import Identity, identity

HOSTILE = """\
id,<b>name</b>,note
1,<script>alert(1)</script>,=1+1
2,[x](javascript:alert(1)),N/A
3,Ann,N/A
4,Ann,ok\x20
5,Ann,ok
"""
"""A table whose header and cells would run or be drawn where they were taken for more than text."""


@contextmanager
def signed_in(role: str = "admin", *, name: str = "owner", via: str = "link") -> Iterator[None]:
    """Ask in the name of a person."""
    before = identity.set(Identity(name=name, role=role, via=via))  # type: ignore[arg-type]
    try:
        yield
    finally:
        identity.reset(before)


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Every element of a page, as it goes to the browser."""
    plain = json.loads(json.dumps(node, cls=plotly.utils.PlotlyJSONEncoder))
    stack = [plain]
    while stack:
        each = stack.pop()
        if isinstance(each, dict):
            if "type" in each and "props" in each:
                yield each
                stack.extend(each["props"].values())
            else:
                stack.extend(each.values())
        elif isinstance(each, list):
            stack.extend(reversed(each))


def said(node: Any) -> str:
    """Every text of a page, one after the other."""
    found: list[str] = []

    def read(each: Any) -> None:
        if isinstance(each, str | int | float):
            found.append(str(each))
        elif isinstance(each, list | tuple):
            for one in each:
                read(one)
        elif isinstance(each, dict) and "props" in each:
            read(each["props"].get("title") if each["namespace"] == "dash_mantine_components" else None)
            read(each["props"].get("children"))

    read(json.loads(json.dumps(node, cls=plotly.utils.PlotlyJSONEncoder)))
    return " ".join(" ".join(found).split())


def links(node: Any) -> list[str]:
    """Where the links of a page lead."""
    return [each["props"]["href"] for each in walk(node) if "href" in each["props"]]


def ids(node: Any) -> set[str]:
    """The names of the elements of a page."""
    return {str(each["props"]["id"]) for each in walk(node) if "id" in each["props"]}


def assert_plain(node: Any) -> None:
    """Nothing of a page is taken for more than text, and nothing that can be used is without a name."""
    for each in walk(node):
        assert each["type"] not in {"Markdown", "DangerouslySetInnerHTML", "Iframe", "Script"}, each
        assert not str(each["props"].get("href", "")).lower().startswith(("javascript:", "data:"))
        if each["type"] in {"Input", "Textarea", "Select"}:
            assert each["props"].get("id") or each["props"].get("aria-label"), each
        if each["type"] == "Th":
            assert each["props"].get("scope"), each
