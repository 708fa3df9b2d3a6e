"""Uploads: files that are handed to the server."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Path, Query, UploadFile
from pydantic import Field

from tablemend.web.api.body import Body
from tablemend.web.api.routes import Routes
from tablemend.web.site import Site
from tablemend.workspace.uploads import SAMPLE_ROWS, Upload, UploadPreview

UploadPath = Annotated[str, Path(max_length=100, description="Id of an upload.")]
Text = Annotated[str | None, Query(max_length=4_000)]


class Sampling(Body):
    """How large a sample is to be."""

    rows: int = Field(SAMPLE_ROWS[0], ge=SAMPLE_ROWS[0], le=SAMPLE_ROWS[-1], description="Orders, some of them twice.")


def router(site: Site) -> APIRouter:
    """The endpoints of uploads."""
    routes = Routes("uploads")

    @routes.post("/uploads", right="scan", answers=Upload, status=201)
    def upload_file(file: Annotated[UploadFile, File(description="A table in any format that can be scanned.")]) -> Any:
        """Hand a file to the server, to be scanned; its name is made safe, and its size is limited."""
        return site.workspace.uploads.keep(file.filename or "", file.file)

    @routes.post("/uploads/sample", right="scan", answers=Upload, status=201)
    def make_sample(asked: Sampling) -> Any:
        """Keep the built-in faulty sample as an upload: orders with known faults, to try things on."""
        return site.workspace.uploads.sample(asked.rows)

    @routes.get("/uploads/{upload}", right="scan", answers=UploadPreview)
    def preview_upload(
        upload: UploadPath,
        table: Text = None,
        sql: Text = None,
        sheet: Text = None,
        delimiter: Text = None,
        encoding: Text = None,
    ) -> Any:
        """Look into an upload: columns with types, the first rows, and the sheets of a workbook."""
        given = {"table": table, "sql": sql, "sheet": sheet, "delimiter": delimiter, "encoding": encoding}
        return site.working.uploads.preview(upload, **given)

    @routes.delete("/uploads/{upload}", right="scan", answers=Upload)
    def remove_upload(upload: UploadPath) -> Any:
        """Remove an upload; versions that were scanned of it stay."""
        return site.workspace.uploads.remove(upload)

    return routes.router
