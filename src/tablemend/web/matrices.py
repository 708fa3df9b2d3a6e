"""What the page Explore asks for beside its callbacks: names as they are typed, and answers as files."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from tablemend.records import Record
from tablemend.web.address import parse
from tablemend.web.api.downloads import MEDIA, sent
from tablemend.web.api.routes import Content, Routes
from tablemend.web.exploring import Choice, chosen, whole
from tablemend.web.site import Site

MatrixQuery = Annotated[str, Query(min_length=1, max_length=500, description="Name of a matrix.")]
VersionQuery = Annotated[int | None, Query(ge=1, description="By default the newest.")]
FILES = {"csv": "CSV", "xlsx": "XLSX", "parquet": "Parquet"}
"""Kinds of files, and what they are called."""
LONGEST = 60_000  # characters of an address that servers and browsers take


class NamesFound(Record, frozen=True, kw_only=True):
    """Names that a text may mean, the best first."""

    rows: tuple[tuple[str, str | None, str | None], ...]  # name, field that was found, what it says
    total: int


def router(site: Site) -> APIRouter:
    """The endpoints."""
    routes = Routes("pages", prefix="/data/explore")

    @routes.get("/search", right="read", answers=NamesFound)
    def search_names_of_matrix(
        matrix: MatrixQuery,
        side: Literal["features", "entities", "samples"] = "features",
        text: Annotated[str, Query(max_length=500)] = "",
        version: VersionQuery = None,
    ) -> Any:
        """Search the names of a matrix and what their fields say, also by a mass within a tolerance."""
        return search(site, matrix, side, text, version)

    @routes.get("/download", right="read", answers=Content(*(MEDIA[each] for each in FILES)))
    def download_answer(
        matrix: MatrixQuery,
        query: Annotated[str, Query(max_length=LONGEST, description="The query of the page that shows it.")] = "",
        format: Literal["csv", "xlsx", "parquet"] = "csv",  # noqa: A002
    ) -> Any:
        """Download every row of what a page about a matrix shows."""
        from tablemend.tables import answers

        choice = chosen(parse("", query).query)
        workspace = site.working
        manifest = workspace.explore.get(matrix, choice.version)
        table = whole(workspace, matrix, choice)
        name = f"{matrix} version {manifest.version} {_about(choice)}.{format}"
        return sent(re.sub(r"[/\\]", "_", name), lambda path: answers.write(table, path, title=choice.part))

    return routes.router


def search(site: Site, matrix: str, side: str, text: str, version: int | None) -> NamesFound:
    """The first names of a side that a text may mean."""
    told = site.working.explore.search(matrix, side, text, version=version)
    columns = [told.table[each].to_pylist() for each in ("name", "field", "said")]
    return NamesFound(rows=tuple(zip(*columns, strict=True)), total=told.total)


def _about(choice: Choice) -> str:
    """What an answer is about, as the name of a file tells it."""
    said = {"feature": choice.feature, "entity": choice.entity, "together": f"top {choice.top} together"}
    said |= {"compare": f"compare {choice.field} {choice.first} {choice.second}", "trend": f"trend {choice.field}"}
    said |= {"regions": f"regions {choice.by}", "against": f"against {choice.other}"}
    return said.get(choice.part, choice.part)
