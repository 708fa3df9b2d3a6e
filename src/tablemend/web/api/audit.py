"""The audit log: who did what to what, and when."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AfterValidator, Field
from starlette.responses import Response

from tablemend.store.auditing import AuditEntry
from tablemend.web.api.body import LARGEST, Body, Name
from tablemend.web.api.page import Page, counted
from tablemend.web.api.routes import Routes
from tablemend.web.api.schema import encode
from tablemend.web.site import Site

MOST = 100_000
"""Entries that an export holds."""


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
    text: Name | None = Field(None, description="In user, action, subject or detail, whatever the case.")
    since: Moment | None = Field(None, description="Not before this moment, ISO 8601; without a zone in UTC.")
    until: Moment | None = Field(None, description="Before this moment.")

    @property
    def wanted(self) -> dict[str, Any]:
        """As the workspace takes them."""
        return {"by": self.by, "action": self.action, "text": self.text, "since": self.since, "until": self.until}


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
        found, total = site.workspace.audit(limit=asked.limit, offset=asked.offset, **asked.wanted)
        return counted(found, total, asked.offset, asked.limit)

    @routes.get("/audit/export", right="read", answers=tuple[AuditEntry, ...], media=("text/csv",))
    def export_audit(asked: Annotated[AuditExport, Query()]) -> Any:
        """Export the audit log, newest first, as CSV or JSON: at most 100,000 entries."""
        found, _ = site.workspace.audit(limit=MOST, **asked.wanted)
        body = encode(found) if asked.format == "json" else _table(found)
        headers = {"Content-Disposition": f'attachment; filename="audit.{asked.format}"', "Cache-Control": "no-store"}
        media = {"json": "application/json", "csv": "text/csv"}[asked.format]
        return Response(body, media_type=media, headers=headers)

    return routes.router


def _table(entries: list[AuditEntry]) -> bytes:
    written = io.StringIO(newline="")
    table = csv.writer(written)
    table.writerow(AuditEntry.__struct_fields__)
    for each in entries:
        table.writerow([_harmless(getattr(each, name)) for name in AuditEntry.__struct_fields__])
    return written.getvalue().encode()


def _harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
