"""What the tests of pages share: a workspace with a scan, some decisions and an apply, and text of components."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dash.development.base_component import Component

from tablemend.web.site import Site
from tablemend.workspace import Workspace
from tablemend.workspace import open as open_workspace

CSV = "name,city,amount\n" + "".join(f"n{n}, Town{n % 7} ,{n}\n" for n in range(60)) + "n1,N/A,x\n"


def scanned(folder: Path) -> Workspace:
    """A workspace with a scan of a small table, somebody's decisions on it, and an apply."""
    table = folder / "towns.csv"
    table.write_text(CSV, encoding="utf-8")
    workspace = open_workspace(folder / "data", user="ann")
    found = workspace.scan(table)
    workspace.approve(found.run, ids=[found.items[0].id], force=True)
    for item in found.items[1:2]:
        workspace.reject(found.run, ids=[item.id])
    workspace.apply(found.run)
    return workspace


def site(folder: Path) -> Site:
    """That workspace as it is served."""
    return Site(scanned(folder))


def walk(component: Any) -> Iterator[Component]:
    """A component and all that it holds."""
    if isinstance(component, list | tuple):
        for each in component:
            yield from walk(each)
    elif isinstance(component, Component):
        yield component
        yield from walk(getattr(component, "children", None))


def text(component: Any) -> str:
    """All text that a component shows, in order."""
    if isinstance(component, list | tuple):
        return " ".join(text(each) for each in component)
    if isinstance(component, Component):
        own = [getattr(component, name, None) for name in ("label", "title", "placeholder")]
        shown = [each for each in own if isinstance(each, str)]
        return " ".join([*shown, text(getattr(component, "children", None))])
    return "" if component is None else str(component)


def ids(component: Any) -> list[Any]:
    """The ids of a component and all that it holds."""
    return [each.id for each in walk(component) if getattr(each, "id", None) is not None]
