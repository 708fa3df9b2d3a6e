"""Noise that is bounded, and the same on every platform."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

_SPREAD = 3**0.5
"""A sum of four uniform numbers has a variance of 4/12; times this it is one."""


def bell(shape: tuple[int, ...], random: np.random.Generator) -> Values:
    """Numbers of mean 0 and standard deviation 1, nearly normal, and below 3.47 on both sides (Irwin–Hall, n = 4)."""
    return np.asarray((random.random((4, *shape)).sum(axis=0) - 2) * _SPREAD)


def rounded(values: Values) -> Values:
    """Values to four decimals, as they are written; there is no negative zero."""
    return np.round(values, 4) + 0.0
