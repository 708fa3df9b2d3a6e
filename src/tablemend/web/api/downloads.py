"""Files of a dataset: a version in any format, its approved repairs as a recipe or as SQL."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from tablemend.errors import NotFound
from tablemend.web.api.datasets import DatasetPath, Version
from tablemend.web.api.routes import Content, Routes
from tablemend.web.site import Site
from tablemend.workspace import Workspace
from tablemend.workspace.uploads import safe_name

MEDIA = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.file",
    "html": "text/html",
    "sql": "application/sql",
    "toml": "application/toml",
}
Format = Literal["csv", "tsv", "xlsx", "json", "jsonl", "parquet", "arrow", "html"]
RunQuery = Annotated[str | None, Query(max_length=500, description="A scan of the dataset; by default the newest.")]

_SHUT_IN = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""Policy of a report: its text comes from tables of others, so that nothing in it may run."""


def router(site: Site) -> APIRouter:
    """The endpoints of downloads."""
    routes = Routes("downloads")
    formats = Content(*(MEDIA[name] for name in Format.__args__))  # type: ignore[attr-defined]

    @routes.get("/datasets/{dataset}/download", right="read", answers=formats)
    def download(dataset: DatasetPath, format: Format = "csv", version: Version | None = None) -> Any:  # noqa: A002
        """Download a version of a dataset, by default the newest: as a table, or as a report in HTML."""
        ws = site.workspace
        snapshot = ws.store.datasets.snapshot(ws.dataset(dataset), version)
        name = f"{snapshot.source.name} version {snapshot.version}.{format}"
        return sent(name, lambda path: ws.export(snapshot.dataset, path, version=snapshot.version))

    @routes.get("/datasets/{dataset}/recipe", right="read", answers=Content(MEDIA["toml"], MEDIA["json"]))
    def download_recipe(
        dataset: DatasetPath,
        run: RunQuery = None,
        format: Literal["toml", "json"] = "toml",  # noqa: A002
    ) -> Any:
        """Download the approved repairs of a scan as a recipe that replays on new data."""
        ws = site.workspace
        chosen, name = _scan(ws, dataset, run)
        return sent(f"{name}.{format}", lambda path: ws.save_recipe(path, chosen))

    @routes.get("/datasets/{dataset}/script", right="read", answers=Content(MEDIA["sql"]))
    def download_script(dataset: DatasetPath, run: RunQuery = None) -> Any:
        """Download the approved repairs of a scan as SQL."""
        ws = site.workspace
        chosen, name = _scan(ws, dataset, run)
        return sent(f"{name}.sql", lambda path: ws.export(dataset, path, run=chosen))

    return routes.router


def sent(name: str, write: Any) -> Response:
    """A file that is written for one answer, and removed after it."""
    folder = tempfile.mkdtemp(prefix="tablemend-")
    path = Path(folder) / safe_name(name)
    try:
        write(path)
    except BaseException:
        shutil.rmtree(folder)
        raise
    suffix = path.suffix.removeprefix(".")
    headers = {"Cache-Control": "no-store"} | ({"Content-Security-Policy": _SHUT_IN} if suffix == "html" else {})
    gone = BackgroundTask(shutil.rmtree, folder)
    return FileResponse(path, media_type=MEDIA[suffix], filename=path.name, headers=headers, background=gone)


def _scan(ws: Workspace, dataset: str, run: str | None) -> tuple[str, str]:
    """The scan that is meant, and the name of its dataset."""
    identity = ws.dataset(dataset)
    found = ws.kept(run) if run else ws.latest_scan(identity)
    if found.dataset != identity:
        raise NotFound(f"run {found.id} is no scan of {dataset}", hint="Name a scan of this dataset.")
    return found.id, ws.store.datasets.get(identity).name
