"""The parts of a matrix on its way from tables to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tablemend.explore import numbers
from tablemend.store.matrices import MatrixProblem

if TYPE_CHECKING:
    from tablemend.records import Column
    from tablemend.tables.read import Loaded

EXAMPLES = 5
"""How many cases of a problem are named."""

SAMPLE, ENTITY, FEATURE, NAME = "_sample", "_entity", "_feature", "_name"
"""Columns of codes and of names; all others are fields, named as in the source."""

UNNAMED = "unnamed"
"""What is called so has no name in the source."""

Codes = npt.NDArray[np.int64]
Fields = dict[str, list[str | None]]


class Tables(NamedTuple):
    """What a matrix is read from."""

    values: Loaded
    samples: Loaded | None = None  # fields of samples
    features: Loaded | None = None  # fields of features


class Data(NamedTuple):
    """A matrix as it is to be kept; cells and means refer to the others by code, counted from 0."""

    cells: pa.Table  # FEATURE, SAMPLE, value; by feature, then sample
    failed: pa.Table  # FEATURE, SAMPLE, kind, text: cells that hold something that is no measurement
    samples: pa.Table  # SAMPLE, NAME, ENTITY (null: none), fields
    entities: pa.Table  # ENTITY, NAME, samples, fields
    features: pa.Table  # FEATURE, NAME, fields
    counts: dict[str, int]  # kind of cell → number
    shape: str  # wide or long
    transposed: bool
    entity: str  # field of the entity; empty: each sample is one
    problems: tuple[MatrixProblem, ...]


class Raw(NamedTuple):
    """Cells before their samples and features are known by more than a name."""

    feature: Codes
    sample: Codes
    value: npt.NDArray[np.float64]
    kind: npt.NDArray[np.uint8]
    text: pa.Array  # of those that are no measurement, in their order
    features: list[str]
    samples: list[str]
    keys: list[str]  # of samples, as other tables know them: without the number of the replicate
    sample_fields: Fields  # from the table itself
    feature_fields: Fields
    blank: int  # cells that hold nothing, none of which is among these


def shown(column: Column) -> str:
    """The name of a column as its source has it."""
    return column.header.strip() or column.name


def text_of(column: pa.ChunkedArray) -> list[str | None]:
    """The values of a column as texts, without spaces around them."""
    found = (each for chunk in column.chunks for each in numbers.texts(chunk).to_pylist())
    return [each.strip() if each is not None else None for each in found]
