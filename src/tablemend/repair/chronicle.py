"""The history of datasets as plain rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tablemend.records import ChangeSet
from tablemend.store.state import Store

Rows = list[dict[str, Any]]


def overview(store: Store) -> dict[str, Rows]:
    """Every dataset with its newest version and score."""
    rows = []
    for dataset in store.datasets.all():
        snapshot, score = store.datasets.versions(dataset.id)[-1]
        rows.append(
            {
                "id": dataset.id,
                "name": dataset.name,
                "location": dataset.location,
                "version": dataset.head,
                "rows": snapshot.rows,
                "score": score.overall if score else None,
            }
        )
    return {"datasets": rows}


def of_dataset(store: Store, dataset: str) -> dict[str, Rows]:
    """Versions, change sets and runs of a dataset, oldest first."""
    versions = [
        {
            "version": snapshot.version,
            "parent": snapshot.parent,
            "rows": snapshot.rows,
            "score": score.overall if score else None,
            "created": f"{snapshot.created:%Y-%m-%d %H:%M:%S}",
            "hash": snapshot.hash[:16],
        }
        for snapshot, score in store.datasets.versions(dataset)
    ]
    changes = [
        {
            "change_set": each.id,
            "kind": each.kind,
            "run": each.run,
            "versions": f"{each.parent} → {each.version}",
            "cells": each.cells,
            "rows_removed": each.rows_removed,
            "rows_added": each.rows_added,
            "undoes": " ".join(filter(None, (each.undoes, each.undone))),
            "by": each.by,
        }
        for each in store.change_sets.of(dataset)
    ]
    runs = [
        {
            "run": each.id,
            "kind": each.kind,
            "status": each.status,
            "started": f"{each.started:%Y-%m-%d %H:%M:%S}",
            "version": each.version,
            "notes": "; ".join(each.notes),
        }
        for each in reversed(store.runs.recent(dataset=dataset))
    ]
    written = _written(store, dataset)
    found: dict[str, Rows] = {"versions": versions, "change sets": changes, "runs": runs}
    return found | {"writes": written} if written else found


def _written(store: Store, dataset: str) -> Rows:
    """What of a dataset was written to databases, oldest first."""
    return [
        {
            "write": each.id,
            "change_set": each.change_set,
            "target": each.target,
            "status": each.status,
            "updated": each.outcome.updated,
            "deleted": each.outcome.deleted,
            "inserted": each.outcome.inserted,
            "left": each.outcome.conflicts + each.outcome.missing,
            "note": each.outcome.note,
        }
        for change in store.change_sets.of(dataset)
        for each in store.writes.of(change.id)
    ]


def active(change_sets: Iterable[ChangeSet]) -> list[str]:
    """The applies that stand, oldest first: neither undone, nor undone again after their undo was undone."""
    roots: dict[str, str] = {}  # change set → the apply that it does, undoes or redoes as a whole
    standing: dict[str, bool] = {}
    for each in change_sets:
        if each.kind == "apply":
            roots[each.id] = each.id
            standing[each.id] = True
        elif not each.undone and each.undoes in roots:
            root = roots[each.id] = roots[each.undoes]
            standing[root] = not standing[root]
    return [identity for identity, stands in standing.items() if stands]
