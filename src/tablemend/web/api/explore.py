"""Matrices of measurements and the questions about them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field, model_validator

from tablemend.errors import SettingsError
from tablemend.records import Record
from tablemend.store.jobs import Job
from tablemend.store.matrices import Manifest
from tablemend.web.api import places
from tablemend.web.api.body import Body, Name, Place
from tablemend.web.api.routes import Routes
from tablemend.web.site import Site
from tablemend.workspace.explore import Told

MatrixPath = Annotated[str, Path(max_length=500, description="Name of a matrix.")]
LONGEST = 100_000
"""Most rows of an answer."""

Side = Literal["features", "entities", "samples"]
Order = Literal["high", "low", "strong", "name"]
Sign = Literal["high", "low", "strong"]


class Asked(Body):
    """What every question takes."""

    where: Annotated[
        list[Name], Field(max_length=50, description="FIELD=VALUE; a field given again may be either.")
    ] = []
    version: Annotated[int | None, Field(ge=1, description="By default the newest.")] = None

    @property
    def conditions(self) -> dict[str, tuple[str, ...]]:
        """The conditions on fields."""
        found: dict[str, tuple[str, ...]] = {}
        for each in self.where:
            field, mark, value = each.partition("=")
            if not mark:
                raise SettingsError(f"{each!r} is no condition", hint="Write FIELD=VALUE.")
            found[field] = (*found.get(field, ()), value)
        return found


class AskedFeature(Asked):
    """One feature over all entities."""

    feature: Annotated[Name, Field(description="Name of a feature.")]
    order: Order = "high"
    limit: Annotated[int, Field(ge=1, le=LONGEST)] = 100


class AskedEntity(Asked):
    """One entity over all features."""

    entity: Annotated[Name, Field(description="Name of an entity.")]
    order: Order = "high"
    limit: Annotated[int, Field(ge=1, le=LONGEST)] = 100


class AskedStrongest(Body):
    """The extremes of the whole matrix."""

    sign: Sign = "strong"
    limit: Annotated[int, Field(ge=1, le=LONGEST)] = 100
    version: Annotated[int | None, Field(ge=1, description="By default the newest.")] = None


class AskedTop(Asked):
    """Where entities are among the first."""

    entity: Annotated[list[Name], Field(min_length=1, max_length=100, description="All of them must be.")]
    top: Annotated[int, Field(ge=1, le=LONGEST)] = 10
    sign: Sign = "high"


class AskedReplicates(Asked):
    """Single cells of a feature."""

    feature: Annotated[Name, Field(description="Name of a feature.")]
    entity: Annotated[list[Name], Field(max_length=1_000, description="By default all.")] = []


class AskedList(Asked):
    """Features, entities or samples."""

    limit: Annotated[int, Field(ge=1, le=LONGEST)] = 100


class AskedWhy(Body):
    """What shows nothing."""

    feature: Name = ""
    entity: Name = ""
    version: Annotated[int | None, Field(ge=1, description="By default the newest.")] = None


class AskedGroups(Asked):
    """Two groups of samples."""

    field: Annotated[Name, Field(description="Field of samples that tells the groups.")]
    first: Annotated[Name, Field(description="Group of which the difference is told.")]
    second: Annotated[Name, Field(description="Group that it is compared with.")]
    by: Annotated[Name, Field(description="Field of regions, each compared by itself.")] = ""
    test: Literal["mann-whitney", "welch", "wilcoxon", "paired-t"] = "mann-whitney"
    pairs: Annotated[Name, Field(description="Field that says which samples belong together.")] = ""
    scale: Annotated[Literal["linear", "log2", "ln", "log10"], Field(description="Of the values.")] = "linear"


class AskedRegions(AskedGroups):
    """In which regions two groups differ."""

    which: Annotated[Literal["all", "one", "any"], Field(description="Of the regions.")] = "any"
    level: Annotated[float, Field(ge=0, le=1, description="Largest q that counts.")] = 0.05


class AskedTrend(Asked):
    """Groups in an order."""

    field: Annotated[Name, Field(description="Field of samples that tells the groups.")]
    order: Annotated[list[Name], Field(min_length=2, max_length=100, description="Groups in their order.")]
    test: Literal["spearman", "jonckheere"] = "spearman"


class AskedAgainst(Asked):
    """Another matrix."""

    other: Annotated[Name, Field(description="Name of a matrix.")]
    method: Literal["pearson", "spearman"] = "pearson"


class LoadingMatrix(Body):
    """A matrix to read, with tables of fields; each is named by one of a source and an upload."""

    name: Name | None = Field(None, description="By default that of the source.")
    source: Place | None = Field(None, description="A URL, or a file that the setting serve_paths allows.")
    upload: Name | None = Field(None, description="Id of an upload.")
    samples: Place | None = Field(None, description="Fields of samples: a source likewise.")
    samples_upload: Name | None = Field(None, description="Fields of samples: id of an upload.")
    features: Place | None = Field(None, description="Fields of features: a source likewise.")
    features_upload: Name | None = Field(None, description="Fields of features: id of an upload.")
    entity: Name | None = Field(None, description="Column or field that makes samples replicates of one entity.")
    shape: Literal["wide", "long"] | None = Field(None, description="By default found.")
    row: Name | None = Field(None, description="Column that names the samples.")
    feature: Name | None = Field(None, description="Column of features in a long table.")
    value: Name | None = Field(None, description="Column of values in a long table.")
    replicate: Name | None = Field(None, description="Column of replicates in a long table.")
    transposed: bool | None = Field(None, description="Whether rows are features; by default found.")

    @model_validator(mode="after")
    def _one(self) -> LoadingMatrix:
        if (self.source is None) == (self.upload is None):
            raise ValueError("name one of source and upload")
        for side in ("samples", "features"):
            if getattr(self, side) is not None and getattr(self, f"{side}_upload") is not None:
                raise ValueError(f"name {side} by one of source and upload")
        return self


class ExploreAnswer(Record, frozen=True, kw_only=True):
    """An answer: rows of values under the names of columns."""

    matrix: str
    version: int
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: int  # rows there are, where these are the first of them
    notes: tuple[str, ...]  # why it is empty, or what to know of it
    facts: dict[str, float | int | str | None]  # of the whole, such as a correlation
    sql: str  # that gives it, over the tables of the matrix
    cached: str | None  # where it was kept; null where it was worked out now
    age: float  # seconds since it was worked out


class ExploreReasons(Record, frozen=True, kw_only=True):
    """Why something shows nothing; empty where it shows something."""

    reasons: tuple[str, ...]


class ExploreRemoved(Record, frozen=True, kw_only=True):
    """What is forgotten."""

    removed: int  # versions


def answered(told: Told) -> ExploreAnswer:
    """An answer as JSON holds it."""
    columns = [column.to_pylist() for column in told.table.columns]
    return ExploreAnswer(
        matrix=told.matrix.name,
        version=told.matrix.version,
        columns=tuple(told.table.column_names),
        rows=tuple(zip(*columns, strict=True)),
        total=told.total,
        notes=told.notes,
        facts=told.facts,
        sql=told.sql,
        cached=told.cached,
        age=told.age,
    )


def router(site: Site) -> APIRouter:
    """The endpoints of matrices."""
    routes = Routes("explore")
    _matrices(routes, site)
    _ranking(routes, site)
    _looking(routes, site)
    _measuring(routes, site)
    return routes.router


def _matrices(routes: Routes, site: Site) -> None:
    @routes.get("/matrices", right="read", answers=tuple[Manifest, ...])
    def list_matrices() -> Any:
        """List the newest version of every matrix."""
        return tuple(site.workspace.explore.all())

    @routes.get("/matrices/{matrix}", right="read", answers=Manifest)
    def get_matrix(
        matrix: MatrixPath, version: Annotated[int | None, Query(ge=1, description="By default the newest.")] = None
    ) -> Any:
        """Tell what a matrix holds, and what was found when it was read."""
        return site.workspace.explore.get(matrix, version)

    @routes.post("/matrices", right="scan", answers=Job, status=202)
    def load_matrix(asked: LoadingMatrix) -> Any:
        """Read a matrix of measurements, as the next version of its name; what is wrong with it is counted."""
        own = ("name", "entity", "shape", "row", "feature", "value", "replicate", "transposed")
        given = {name: found for name in own if (found := getattr(asked, name)) is not None}
        return site.submit(
            "load_matrix",
            source=_place(site, asked.source, asked.upload),
            samples=_place(site, asked.samples, asked.samples_upload),
            features=_place(site, asked.features, asked.features_upload),
            **given,
        )

    @routes.delete("/matrices/{matrix}", right="apply", answers=ExploreRemoved)
    def remove_matrix(matrix: MatrixPath) -> Any:
        """Forget every version of a matrix; its source stays as it is."""
        return ExploreRemoved(removed=site.working.explore.remove(matrix))


def _place(site: Site, source: str | None, upload: str | None) -> str | None:
    """Where a table is: an upload, or a source that whoever asks may name."""
    if upload is not None:
        return str(site.workspace.uploads.path(upload))
    return None if source is None else places.source(site, source)


def _ranking(routes: Routes, site: Site) -> None:
    @routes.get("/matrices/{matrix}/feature", right="read", answers=ExploreAnswer)
    def ask_feature(matrix: MatrixPath, asked: Annotated[AskedFeature, Query()]) -> Any:
        """Rank the entities that have a feature."""
        told = site.workspace.explore.feature(
            matrix,
            asked.feature,
            order=asked.order,
            limit=asked.limit,
            where=asked.conditions,
            version=asked.version,
        )
        return answered(told)

    @routes.get("/matrices/{matrix}/entity", right="read", answers=ExploreAnswer)
    def ask_entity(matrix: MatrixPath, asked: Annotated[AskedEntity, Query()]) -> Any:
        """Rank the features of an entity, with its rank among all entities within each."""
        told = site.workspace.explore.entity(
            matrix, asked.entity, order=asked.order, limit=asked.limit, where=asked.conditions, version=asked.version
        )
        return answered(told)

    @routes.get("/matrices/{matrix}/strongest", right="read", answers=ExploreAnswer)
    def ask_strongest(matrix: MatrixPath, asked: Annotated[AskedStrongest, Query()]) -> Any:
        """List the highest, lowest or strongest cells of the whole matrix."""
        told = site.workspace.explore.strongest(matrix, sign=asked.sign, limit=asked.limit, version=asked.version)
        return answered(told)

    @routes.get("/matrices/{matrix}/top", right="read", answers=ExploreAnswer)
    def ask_top(matrix: MatrixPath, asked: Annotated[AskedTop, Query()]) -> Any:
        """List the features in which all of some entities are among the first."""
        told = site.workspace.explore.within_top(
            matrix, asked.entity, top=asked.top, sign=asked.sign, where=asked.conditions, version=asked.version
        )
        return answered(told)


def _looking(routes: Routes, site: Site) -> None:
    @routes.get("/matrices/{matrix}/replicates", right="read", answers=ExploreAnswer)
    def ask_replicates(matrix: MatrixPath, asked: Annotated[AskedReplicates, Query()]) -> Any:
        """List every single cell of a feature."""
        told = site.workspace.explore.replicates(
            matrix, asked.feature, entities=asked.entity, where=asked.conditions, version=asked.version
        )
        return answered(told)

    @routes.get("/matrices/{matrix}/list/{side}", right="read", answers=ExploreAnswer)
    def list_side(matrix: MatrixPath, side: Side, asked: Annotated[AskedList, Query()]) -> Any:
        """List features, entities or samples with their fields and how much of each was measured."""
        told = site.workspace.explore.listed(
            matrix, side, where=asked.conditions, limit=asked.limit, version=asked.version
        )
        return answered(told)

    @routes.get("/matrices/{matrix}/why", right="read", answers=ExploreReasons)
    def ask_why(matrix: MatrixPath, asked: Annotated[AskedWhy, Query()]) -> Any:
        """Tell why a feature, an entity or a pair of them shows nothing: not measured, filtered out, or failed."""
        found = site.workspace.explore.why(matrix, feature=asked.feature, entity=asked.entity, version=asked.version)
        return ExploreReasons(reasons=found)


def _measuring(routes: Routes, site: Site) -> None:
    @routes.get("/matrices/{matrix}/compare", right="read", answers=ExploreAnswer)
    def compare_groups(matrix: MatrixPath, asked: Annotated[AskedGroups, Query()]) -> Any:
        """Compare two groups of samples in every feature; q is over all that is told."""
        return answered(site.workspace.explore.compare(matrix, **_groups(asked), scale=asked.scale))

    @routes.get("/matrices/{matrix}/regions", right="read", answers=ExploreAnswer)
    def compare_regions(matrix: MatrixPath, asked: Annotated[AskedRegions, Query()]) -> Any:
        """List the features in which two groups differ in all, in exactly one, or in any of the regions."""
        told = site.workspace.explore.regions(matrix, **_groups(asked), which=asked.which, level=asked.level)
        return answered(told)

    @routes.get("/matrices/{matrix}/trend", right="read", answers=ExploreAnswer)
    def ask_trend(matrix: MatrixPath, asked: Annotated[AskedTrend, Query()]) -> Any:
        """Tell in which features values rise or fall along groups in their order."""
        told = site.workspace.explore.trend(
            matrix, asked.field, asked.order, test=asked.test, where=asked.conditions, version=asked.version
        )
        return answered(told)

    @routes.get("/matrices/{matrix}/against", right="read", answers=ExploreAnswer)
    def ask_against(matrix: MatrixPath, asked: Annotated[AskedAgainst, Query()]) -> Any:
        """Compare two matrices by the features that both have, and tell how they correlate."""
        told = site.workspace.explore.against(
            matrix, asked.other, where=asked.conditions, method=asked.method, version=asked.version
        )
        return answered(told)


def _groups(asked: AskedGroups) -> dict[str, Any]:
    names = ("field", "first", "second", "by", "test", "pairs", "version")
    return {name: getattr(asked, name) for name in names} | {"where": asked.conditions}
