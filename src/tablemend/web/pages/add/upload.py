"""A file: uploaded, looked into, and scanned as what it turns out to be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dash
from dash import ALL, Input, Output, State, html

from tablemend.errors import TablemendError
from tablemend.tables.source import KINDS
from tablemend.web.address import Address
from tablemend.web.components import forms
from tablemend.web.components.uploading import uploading
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.identity import require
from tablemend.web.pages.add import beginning, choices, showing
from tablemend.web.site import Site

_PARTS = ("table", "sheet", "delimiter", "encoding")


def draw(site: Site, address: Address) -> Any:
    """Where the file goes, and where it is shown."""
    del address
    return [uploading("add", limit=site.base.settings.upload_bytes), html.Div(id="upload-look", className="tm-look")]


def callbacks(app: dash.Dash, site: Site) -> None:
    """Show what was uploaded, and show it again when it is to be read in another way."""

    @app.callback(Output("upload-look", "children"), Input("add-upload", "data"), prevent_initial_call=True)
    def uploaded(kept: dict[str, Any] | None) -> Any:
        return look(site, str(kept["upload"])) if kept else None

    @app.callback(
        Output({"kind": "rows", "page": "upload"}, "children"),
        Output({"kind": "after", "page": "upload"}, "children"),
        Output({"kind": "field", "page": "upload", "field": "name"}, "placeholder"),
        Input({"kind": "field", "page": "upload", "field": ALL}, "value"),
        State({"kind": "field", "page": "upload", "field": ALL}, "id"),
        State("add-upload", "data"),
        prevent_initial_call=True,
    )
    def changed(values: list[Any], ids: list[dict[str, str]], kept: dict[str, Any] | None) -> tuple[Any, Any, Any]:
        if not kept:
            return dash.no_update, dash.no_update, dash.no_update
        fields = {each["field"]: value for each, value in zip(ids, values, strict=True)}
        triggered = dash.ctx.triggered_id
        named = bool(triggered) and triggered["field"] == "name"  # which changes nothing of how it is read
        return again(site, str(kept["upload"]), fields, rows=not named)


def look(site: Site, upload: str) -> Any:
    """What an upload holds, and how it can be read; what is wrong with it where it cannot be."""
    require("scan")
    try:
        name = site.workspace.uploads.get(upload).name
        sheets, tables = site.workspace.uploads.parts(upload)
    except TablemendError as problem:
        return showing.problem(problem)
    fields = {"table": next(iter(tables), ""), "sheet": sheets[0] if len(sheets) > 1 else ""}
    found, rows, fine = _looked(site, upload, fields)
    picked = [
        forms.choice("upload", "table", "Table", tables, fields["table"], searchable=True) if tables else None,
        forms.choice("upload", "sheet", "Sheet", sheets, fields["sheet"]) if fields["sheet"] else None,
        *_reading(name, found),
        forms.text("upload", "name", "Name of the dataset", placeholder=_name(name, fields)),
    ]
    return [
        html.Div([each for each in picked if each is not None], className="tm-filters"),
        html.Div(_after(site, upload, fields, fine=fine), id={"kind": "after", "page": "upload"}),
        html.Div(rows, id={"kind": "rows", "page": "upload"}),
    ]


def again(site: Site, upload: str, fields: Mapping[str, Any], *, rows: bool) -> tuple[Any, Any, Any]:
    """The rows, what follows them, and the name that is meant where none is typed, for how it is to be read now."""
    require("scan")
    try:
        name = site.workspace.uploads.get(upload).name
    except TablemendError as problem:
        return showing.problem(problem), dash.no_update, dash.no_update
    if not rows:
        return dash.no_update, _after(site, upload, fields, fine=True), dash.no_update
    _, shown, fine = _looked(site, upload, fields)
    return shown, _after(site, upload, fields, fine=fine), _name(name, fields)


def _looked(site: Site, upload: str, fields: Mapping[str, Any]) -> tuple[Any, Any, bool]:
    """The preview where there is one, what is shown of it, and whether it can be scanned."""
    try:
        found = site.working.uploads.preview(upload, **choices.chosen(fields, *_PARTS))
    except TablemendError as problem:
        return None, showing.problem(problem), False
    return found, showing.rows(found), True


def _reading(name: str, found: Any) -> list[Any]:
    """How a text is read."""
    kind = found.kind if found else KINDS.get(Path(name).suffix.lower(), "csv")
    if kind not in ("csv", "json", "jsonl"):
        return []
    encoding = choices.encoding("upload", found.encoding if found else "")
    return [choices.delimiter("upload", found.delimiter if found else ""), encoding] if kind == "csv" else [encoding]


def _name(file: str, fields: Mapping[str, Any]) -> str:
    """The name of a dataset where none is typed: that of the file, and of the part that was chosen."""
    chosen = choices.chosen(fields, "table", "sheet")
    return "_".join(filter(None, (Path(file).stem, chosen["table"], chosen["sheet"])))


def _after(site: Site, upload: str, fields: Mapping[str, Any], *, fine: bool) -> Any:
    """What a scan makes of it, and the button that begins one."""
    uploads = site.workspace.uploads
    name = beginning.typed(fields) or _name(uploads.get(upload).name, fields)
    try:
        known = uploads.dataset(upload, name=name, **choices.chosen(fields, *_PARTS))
        namesake = any(each.name == name for each in site.workspace.store.datasets.all())
        told = showing.becomes(known, by="this name", namesake=namesake)
    except TablemendError as problem:
        told = showing.problem(problem)
    button = forms.button("upload", "scan", "Scan", key=upload, primary=True, disabled=not fine)
    return html.Div([button, told if fine else None], className="tm-next")


def _scan(site: Site, asked: Asked) -> Done:
    uploads = site.workspace.uploads
    name = beginning.typed(asked.fields) or _name(uploads.get(asked.key).name, asked.fields)
    options = choices.chosen(asked.fields, *_PARTS)
    return beginning.scan(site, str(uploads.path(asked.key)), options, name=name, shown=name)


ACTIONS = {"scan": Action(run=_scan, right="scan")}
