"""Work over the rows of a matrix: in chunks of a fixed size, on the cores that there are."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from tablemend.errors import SettingsError

Matrix = npt.NDArray[np.floating]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Progress = Callable[[float], None]

Part = TypeVar("Part", bound=NamedTuple)

CHUNK = 2 << 20
"""Bytes of 64-bit cells that are worked on at once: with what is made of them, about what a core's cache holds."""

THREADS = 8
"""At most: more wait for memory rather than for each other."""

LARGEST = 1e150
"""Beyond it the square of a cell is no number of 64 bits."""


def checked(values: Matrix) -> Matrix:
    """The matrix itself; SettingsError where it is no features × samples of float32 or float64, or a cell too large."""
    if values.ndim != 2 or values.dtype not in (np.float32, np.float64):
        raise SettingsError(
            f"a matrix of {values.ndim} dimensions and the type {values.dtype} cannot be tested",
            hint="Give features × samples in 32 or 64 bits.",
        )
    largest, smallest = (float(pick.reduce(values, axis=None, initial=0)) for pick in (np.fmax, np.fmin))
    if max(largest, -smallest) > LARGEST:
        raise SettingsError(f"the matrix holds values beyond ±{LARGEST:g}", hint="Make them missing.")
    return values


def in_chunks(work: Callable[[slice], Part], rows: int, width: int, progress: Progress | None = None) -> Part:
    """What `work` makes of every chunk of rows, put together again in their order.

    `work` takes a slice of the rows, each `width` cells wide, and gives a NamedTuple of arrays, one element per row.
    `progress` gets the share that is done, from 0 to 1, in the thread of the caller; what it raises ends the work.
    """
    step = max(1, CHUNK // (8 * max(width, 1)))
    places = [slice(start, min(start + step, rows)) for start in range(0, rows, step)] or [slice(0, 0)]
    told = progress or _silent
    told(0.0)
    parts: list[Any] = []
    with ThreadPoolExecutor(min(len(places), os.cpu_count() or 1, THREADS), "tablemend-statistics") as pool:
        try:
            for part in pool.map(work, places):
                parts.append(part)
                told(len(parts) / len(places))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    made: Part = type(parts[0])(*(np.concatenate(each) for each in zip(*parts, strict=True)))
    return made


def _silent(share: float) -> None:
    """For those who do not ask for the progress."""
