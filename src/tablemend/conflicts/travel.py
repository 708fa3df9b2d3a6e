"""How far and how long from one place to another, in SQL and as a bound."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tablemend.conflicts.originals import Options
from tablemend.conflicts.ruleset import Travel

EARTH = 3958.8
"""Mean radius in miles (IUGG: 6371.0088 km)."""

Floats = npt.NDArray[np.float64]


HAVERSINE = (
    "pow(sin((arrive_latitude - leave_latitude) / 2), 2) + cos(leave_latitude) * cos(arrive_latitude) "
    "* pow(sin((arrive_longitude - leave_longitude) / 2), 2)"
)
"""SQL of the haversine of the angle between two points in radians."""


def distance(travel: Travel, half: str) -> str:
    """SQL of the miles by road of a haversine: times the road factor, to 2 decimals."""
    straight = f"asin(sqrt(CASE WHEN {half} > 1 THEN 1 ELSE {half} END))"  # least() would take 1 for what is unknown
    return f"round(2 * {EARTH!r} * {straight} * {travel.road_factor!r}, 2)"


def speed(travel: Travel, options: Options, miles: str) -> str:
    """SQL of the miles an hour at a distance; with the original options none beyond the last bound."""
    compare = "<=" if options.inclusive_speeds else "<"
    whens = " ".join(f"WHEN {miles} {compare} {each.to!r} THEN {each.mph!r}" for each in travel.speeds)
    beyond = "NULL" if options.inclusive_speeds else repr(travel.speeds[-1].mph)
    return f"CASE WHEN {miles} IS NULL THEN NULL {whens} ELSE {beyond} END"


def longest(travel: Travel, miles: Floats) -> Floats:
    """The most minutes that any distance up to this one can take, so that rows further apart in time need no look."""
    bounds = np.array([0.0, *(each.to for each in travel.speeds), math.inf])
    paces = [each.mph for each in travel.speeds]
    paces.append(paces[-1])
    found = np.zeros_like(miles)
    for (low, high), mph in zip(pairwise(bounds), paces, strict=True):
        inside = miles >= low - 0.01  # distances are rounded
        found = np.maximum(found, np.where(inside, np.minimum(miles, high) / mph * 60, 0.0))
    return found


def reach(travel: Travel, high: Floats, low: Floats, east: Floats, west: Floats) -> Floats:
    """Minutes that suffice for any way within boxes of degrees: along the meridian and the parallel is no shorter."""
    straight = np.radians(high - low) + np.radians(east - west)
    miles = np.minimum(straight, math.pi) * EARTH * travel.road_factor + 0.01
    return longest(travel, miles)
