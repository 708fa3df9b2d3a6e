"""Downloads of a dataset, any version in any format."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from dash import html

from tablemend.web.address import path
from tablemend.web.components import basics
from tablemend.web.pages.dataset.subject import Subject

FORMATS = (
    ("csv", "CSV", "As the source was written: encoding, delimiter and every cell that did not change."),
    ("csv-safe", "CSV for spreadsheets", "Cells that a spreadsheet would run as a formula are made text."),
    ("xlsx", "Excel workbook", "With sheets of what was validated and of every change."),
    ("json", "JSON", "Objects in a list, or as the source was built."),
    ("parquet", "Parquet", "Typed columns, compressed."),
    ("html", "HTML report", "Score, findings, repairs and changes on one page, to be passed on."),
)
"""Format, its name, what is in it."""


def href(dataset: str, kind: str, version: int | None = None) -> str:
    """Where a download is."""
    query: dict[str, Any] = {"format": kind.removesuffix("-safe")}
    query |= {"safe": "false"} if kind == "csv" else {}  # every byte that did not change as it came
    query |= {"version": version} if version is not None else {}
    return f"/api/v1{path('datasets', dataset, 'download')}?{urlencode(query)}"


def download(dataset: str, kind: str, version: int | None = None, *, text: str) -> html.A:
    """A link that saves a version."""
    name = f"Download version {version} as {text}" if version is not None else f"Download as {text}"
    return html.A(text, href=href(dataset, kind, version), download="", className="tm-button", **{"aria-label": name})


def section(subject: Subject) -> Any:
    """Every format of the chosen version, by default the newest."""
    head = subject.dataset.head
    version = subject.number("version", head, most=head)
    rows = [[download(subject.id, kind, version, text=name), note] for kind, name, note in FORMATS]
    chosen = f"version {version}" + (", the newest" if version == head else f" of {head}")
    return basics.section(
        "Download", basics.table(("Format", "What is in it"), rows, label="Formats"), note=f"{chosen}; others: Versions"
    )
