"""Reading matrices from files and databases."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tablemend.errors import SettingsError
from tablemend.records import now
from tablemend.telemetry import Timings
from tablemend.workspace.explore.places import Places

if TYPE_CHECKING:
    from tablemend.explore.materializing import Materialized
    from tablemend.explore.parts import Data
    from tablemend.store.matrices import Manifest
    from tablemend.tables.read import Loaded

KIND = "explore"
"""Kind of the runs that read a matrix."""

MOST_COLUMNS = 200_000
"""Columns of a table of measurements: as many as anybody has features, and more than a table to heal may have."""


class Loading(Places):
    """Reading, listing and forgetting matrices."""

    def load(
        self,
        source: Any,
        *,
        name: str | None = None,
        samples: Any = None,
        features: Any = None,
        entity: str = "",
        shape: str = "",
        row: str = "",
        feature: str = "",
        value: str = "",
        replicate: str = "",
        about: Sequence[str] = (),
        transposed: bool | None = None,
        **options: str | None,
    ) -> Manifest:
        """Read a matrix of measurements and keep it as the next version of its name; nothing of the source is changed.

        `source` is a path, a URL or anything with `__arrow_c_stream__`: wide (a row a sample, a column a feature) or
        long (a row a cell). `samples` and `features` are tables of fields about either, joined by the column that names
        most of them. `entity` is the column or field that makes samples replicates of one entity; by default each is
        one of its own. `shape` is `wide` or `long`, by default found, as are `row` (names the samples), `feature`,
        `value` and `replicate` of a long table; `about` are columns of a wide one that are no measurements.
        `transposed`: its rows are features. `options` are table, sql, sheet, delimiter and encoding of the source.
        What is wrong with single cells, names or ids stops nothing: the manifest counts it. Raises SourceError,
        SettingsError where columns cannot be told apart, and the kinds of DatabaseError.
        """
        from tablemend.explore import reading
        from tablemend.explore.parts import Tables
        from tablemend.explore.shape import Wish
        from tablemend.store.datasets import told_location

        if shape not in ("", "wide", "long"):
            raise SettingsError(f"a table cannot be {shape!r}", hint="It is wide or long.")
        wish = Wish(
            kind=shape,  # type: ignore[arg-type]
            row=row,
            entity=entity,
            feature=feature,
            value=value,
            replicate=replicate,
            about=tuple(about),
        )
        workspace = self._workspace
        with workspace._running(KIND) as run:
            timings = Timings(workspace._beating(run.id), workspace.telemetry)
            with timings.stage("read"):
                tables = Tables(self._read(source, options), self._read(samples), self._read(features))
            with timings.stage("matrix"):
                beat = partial(workspace._beating(run.id), "matrix")
                data = reading.read(tables, wish, transposed=transposed, progress=beat)
            place = tables.values.source
            with timings.stage("store"):
                shown = told_location(place, workspace.snapshots.folder) or place.name
                made = self._keep(data, name or place.name, shown, run.id)
            problems = {each.kind.replace(" ", "_"): each.count for each in made.problems}
            counts = {"samples": made.samples, "features": made.features, "cells": made.measured, **problems}
            workspace.store.runs.finish(run.id, "completed", counts=counts, notes=[f"{made.name} {made.version}"])
        return made

    def _read(self, source: Any, options: dict[str, str | None] | None = None) -> Any:
        from tablemend.repair.reading import read

        if source is None:
            return None
        settings = self._workspace.settings
        most = max(settings.max_columns, MOST_COLUMNS)
        settings = settings.model_copy(update={"max_columns": most})
        place = str(source) if isinstance(source, Path) else source
        found: Loaded = read(place, settings, self._workspace.progress, options=options or {})
        return found

    def _keep(self, data: Data, name: str, source: str, run: str) -> Manifest:
        """The tables as files, then the version that points to them."""
        from tablemend.explore import storing
        from tablemend.store.matrices import Manifest

        workspace = self._workspace
        workspace.start()
        with workspace._engine.embedded() as session:
            files = storing.write(data, workspace.snapshots, session)
        size = sum(workspace.snapshots.matrix_path(each).stat().st_size for each in set(files.values()))
        return workspace.store.matrices.add(
            Manifest(
                name=name,
                files=files,
                source=source,
                shape=data.shape,
                transposed=data.transposed,
                entity=data.entity,
                samples=data.samples.num_rows,
                entities=data.entities.num_rows,
                features=data.features.num_rows,
                value_type=str(data.cells["value"].type),
                cells=data.counts,
                sample_fields=tuple(data.samples.schema.names[3:]),
                entity_fields=tuple(data.entities.schema.names[3:]),
                feature_fields=tuple(data.features.schema.names[2:]),
                problems=data.problems,
                bytes=size,
                run=run,
                by=workspace.settings.person,
                at=now(),
            )
        )

    def materialize(
        self, source: str, view: str, *, entity: str = "", features: Sequence[str] = (), refresh: bool = False
    ) -> Materialized:
        """Make the ranking of a wide table `URL#table` of PostgreSQL as a materialized view in it, or `refresh` it.

        The table is read once, however many columns it has. See `explore.materializing.materialize`.
        """
        from tablemend.databases import urls
        from tablemend.databases.database import Database
        from tablemend.databases.pool import limits
        from tablemend.explore import materializing

        url, found = urls.parse(source)
        if found.table is None:
            raise SettingsError(f"{found.url} names no table", hint="Write URL#table or URL#schema.table.")
        if not (entity or refresh):
            raise SettingsError("no column of entities is named", hint="Name it by --entity.")
        schema, _, name = view.rpartition(".")
        place = (schema or found.schema, name)
        with Database(url, limits=limits(self._workspace.settings), purpose=KIND) as database:
            if refresh:
                return materializing.refresh(database, place)
            table = (found.schema, found.table)
            return materializing.materialize(database, table, place, entity=entity, features=features)

    def remove(self, name: str) -> int:
        """Forget every version of a matrix; how many there were. Its files go when nothing is under way."""
        store = self._workspace.ready()
        with store.transaction():
            gone = store.matrices.remove(name)
            store.audit.write(self._workspace.settings.person, "remove", "matrix", f"{name}, {gone} versions")
        return gone
