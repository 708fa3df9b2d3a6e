"""The audit log: who did what to what, and when."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AfterValidator, Field
from starlette.responses import StreamingResponse

from tablemend.store.auditing import AuditEntry, AuditFilter
from tablemend.tables.formulas import harmless
from tablemend.web.api.body import LARGEST, Body, Name
from tablemend.web.api.page import Page, counted
from tablemend.web.api.routes import Routes
from tablemend.web.api.schema import encode
from tablemend.web.site import Site

_MEDIA = {"csv": "text/csv", "json": "application/json"}


def _utc(when: datetime) -> datetime:
    try:
        return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except OverflowError as problem:
        raise ValueError("it lies before the first year or after the last") from problem


Moment = Annotated[datetime, AfterValidator(_utc)]


class AuditConditions(Body):
    """Which entries are meant; every condition that is given must hold."""

    by: Name | None = Field(None, description="Who did it.")
    action: Name | None = Field(None, description="Such as approve, apply or undo.")
    subject: Name | None = Field(None, description="What it was done to.")
    text: Name | None = Field(None, description="In user, action, subject or detail, whatever the case.")
    since: Moment | None = Field(None, description="Not before this moment, ISO 8601; without a zone in UTC.")
    until: Moment | None = Field(None, description="Before this moment.")

    @property
    def given(self) -> dict[str, Any]:
        """The conditions that are set."""
        return {name: getattr(self, name) for name in AuditConditions.model_fields}


class AuditQuery(AuditConditions):
    """A page of the log."""

    limit: Annotated[int, Field(ge=1, le=1_000)] = 100
    offset: Annotated[int, Field(ge=0, le=LARGEST)] = 0


class AuditExport(AuditConditions):
    """The log as a file."""

    format: Literal["csv", "json"] = "csv"


def router(site: Site) -> APIRouter:
    """The endpoints of the audit log."""
    routes = Routes("audit")

    @routes.get("/audit", right="read", answers=Page[AuditEntry])
    def list_audit(asked: Annotated[AuditQuery, Query()]) -> Any:
        """Search the audit log, newest first."""
        found, total = site.workspace.audit(limit=asked.limit, offset=asked.offset, **asked.given)
        return counted(found, total, asked.offset, asked.limit)

    @routes.get("/audit/export", right="read", answers=tuple[AuditEntry, ...], media=("text/csv",))
    def export_audit(asked: Annotated[AuditExport, Query()]) -> Any:
        """Export the audit log, newest first, as CSV or JSON; in CSV no spreadsheet takes an entry for a formula."""
        entries = site.workspace.store.audit.every(AuditFilter(**asked.given))
        pieces = _lines(entries) if asked.format == "json" else _table(entries)
        headers = {"Content-Disposition": f'attachment; filename="audit.{asked.format}"'}
        return StreamingResponse(pieces, media_type=_MEDIA[asked.format], headers=headers)

    return routes.router


def _lines(entries: Iterable[AuditEntry]) -> Iterator[bytes]:
    """One JSON array, an entry at a time."""
    mark = b"["
    for each in entries:
        yield mark + encode(each)
        mark = b",\n"
    yield b"[]" if mark == b"[" else b"]"


def _table(entries: Iterable[AuditEntry]) -> Iterator[bytes]:
    yield _row(AuditEntry.__struct_fields__)
    for each in entries:
        yield _row([harmless(getattr(each, name)) for name in AuditEntry.__struct_fields__])


def _row(cells: Iterable[str]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written).writerow(cells)
    return written.getvalue().encode()
