"""Visits with planted conflicts: seeded, of any length, made of no outside data; the truth is known.

Without what is planted nobody is in two places: each person has at most one visit in a slot of the day, slots are so
far apart that every way within a district fits between two of them, and what is planted stays within its slot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tablemend.conflicts.ruleset import shipped

if TYPE_CHECKING:
    import pyarrow as pa

Numbers = npt.NDArray[np.int64]
Columns = dict[str, npt.NDArray[Any]]

AGENCIES = 200
VISITS = 20  # of a person
SLOTS = np.array([390, 630, 870, 1_110, 1_350])
"""Minutes of the day at which a slot begins; the last one runs over midnight."""
PER_DAY = 2  # visits of a person on a day
FURTHEST = 40  # days ahead for which one is planted, well inside the window
PLANTED = 0.03  # visits for which one at another agency is planted
SEVERAL = 0.2  # people who work for two agencies
CANCELLED, UNKNOWN = 0.05, 0.01  # visits that do not count, and those without a status
HALF, UNPLACED, MISPLACED = 0.02, 0.03, 0.005  # recorded at one end only; without coordinates; with impossible ones

MINUTE = 60_000_000
DAY = 1_440
NO_TIME = np.iinfo(np.int64).min
MOMENTS = ("scheduled_start", "scheduled_end", "visit_start", "visit_end")
PLACEHOLDER = "000-99-9999"
"""Number of the person under whom visits of many people stand."""


class World(NamedTuple):
    """Visits, and each pair of them that was planted: `one`, `other` (ids) and `flag`."""

    visits: pa.Table
    truth: pa.Table


def worlds(rows: int, *, size: int, today: date, seed: int = 1, placeholder: float = 0.0) -> Iterator[World]:
    """Worlds of about so many rows in all and `size` each, that share neither visit nor person but the placeholder."""
    for number, first in enumerate(range(0, rows, size)):
        length = min(size, rows - first)
        numbers = (first, first // VISITS)
        yield world(length, today=today, seed=seed + number, placeholder=placeholder, after=numbers)


def world(
    rows: int,
    *,
    people: int | None = None,
    today: date,
    seed: int = 1,
    placeholder: float = 0.0,
    after: tuple[int, int] = (0, 0),
) -> World:
    """About so many visits around a day, and the conflicts that were planted.

    `placeholder` is the share of the visits that is put under one number; conflicts among those are not in the truth.
    Visits and people are numbered after those of another world.
    """
    random = np.random.default_rng(seed)
    base = round(rows / (1 + PLANTED))
    made = _visits(base, people or max(1, rows // VISITS), random)
    one, other, flags, planted = _planted(made, round(base * PLANTED), random)
    whole = {name: np.concatenate([made[name], planted[name]]) for name in made}
    _spoil(whole, np.concatenate([one, other]), random)
    if placeholder:
        free = np.setdiff1d(np.arange(len(whole["person"])), np.concatenate([one, other]))
        whole["person"][random.choice(free, round(rows * placeholder), replace=False)] = -1
    visits, people_before = after
    whole["person"] = np.where(whole["person"] < 0, -1, whole["person"] + people_before)
    return World(_table(whole, today, visits), _truth(one + visits, other + visits, flags))


def _visits(rows: int, people: int, random: np.random.Generator) -> Columns:
    """Visits of which none contradicts another."""
    person = np.sort(random.integers(people, size=rows))
    firsts = np.flatnonzero(np.append(True, person[1:] != person[:-1]))
    turn = np.arange(rows) - np.repeat(firsts, np.diff(np.append(firsts, rows)))
    begins, step = random.integers(-60, 20, size=people), random.integers(1, 4, size=people)
    day = begins[person] + turn // PER_DAY * step[person]
    slot = (turn % PER_DAY) * 2 + random.integers(2, size=people)[person]
    last = (turn % PER_DAY == PER_DAY - 1) & (random.random(rows) < 0.02)
    start = SLOTS[np.where(last, len(SLOTS) - 1, slot)] + random.integers(0, 16, size=rows)
    length = random.integers(60, 106, size=rows)
    homes = random.integers(AGENCIES, size=(people, 2))
    second = (random.random(people) < SEVERAL)[person] & (random.random(rows) < 0.5)
    seat = np.column_stack([random.uniform(33, 44, people), random.uniform(-118, -75, people)])
    found: Columns = {
        "person": person,
        "day": day,
        "agency": homes[person, second.astype(int)],
        "start": day * DAY + start,
        "end": day * DAY + start + length,
        "late": last,
    }
    found |= _recorded(found, random)
    found |= _placed(seat[person], random)
    return found


def _recorded(visits: Columns, random: np.random.Generator) -> Columns:
    """What was recorded of the visits before the present day, a few minutes off the plan."""
    rows = len(visits["day"])
    begun = visits["start"] + random.integers(-7, 8, size=rows)
    done = visits["day"] < -1
    return {
        "begun": np.where(done, begun, NO_TIME),
        "ended": np.where(done, visits["end"] + random.integers(-7, 8, size=rows), NO_TIME),
    }


def _placed(seat: npt.NDArray[np.float64], random: np.random.Generator) -> Columns:
    """Places within five miles of the middle of a district, so that no way in it takes an hour."""
    near = random.uniform(-0.045, 0.045, size=seat.shape)
    return {"latitude": seat[:, 0] + near[:, 0], "longitude": seat[:, 1] + near[:, 1]}


def _planted(visits: Columns, count: int, random: np.random.Generator) -> tuple[Numbers, Numbers, Any, Columns]:
    """A visit at another agency for some of them, for each rule as many."""
    done = visits["begun"] != NO_TIME
    last = np.append(visits["person"][1:] != visits["person"][:-1], True) | np.append(
        visits["day"][1:] != visits["day"][:-1], True
    )
    free = {
        "planned": random.permutation(np.flatnonzero(~done & ~visits["late"] & (visits["day"] <= FURTHEST))),
        "done": random.permutation(np.flatnonzero(done & ~last & ~visits["late"])),
        "last": random.permutation(np.flatnonzero(done & last & ~visits["late"])),
    }
    bases, parts, flags = [], [], []
    for flag, (of, change) in _KINDS.items():
        chosen, free[of] = np.split(free[of], [min(max(1, count // len(_KINDS)), len(free[of]) // 3)])
        twin = {name: column[chosen].copy() for name, column in visits.items()}
        twin["agency"] = (twin["agency"] + random.integers(1, AGENCIES, size=len(chosen))) % AGENCIES
        change(twin, random)
        bases.append(chosen)
        parts.append(twin)
        flags += [flag] * len(chosen)
    planted = {name: np.concatenate([each[name] for each in parts]) for name in visits}
    one = np.concatenate(bases)
    return one, len(visits["person"]) + np.arange(len(one)), np.array(flags), planted


def _shift(twin: Columns, names: tuple[str, str], random: np.random.Generator) -> None:
    minutes = random.integers(5, 16, size=len(twin["person"]))
    for name in names:
        twin[name] = twin[name] + minutes


def _unstarted(twin: Columns) -> None:
    """Planned for when the other was recorded."""
    twin["start"], twin["end"] = twin["begun"], twin["ended"]
    twin["begun"] = twin["ended"] = np.full(len(twin["person"]), NO_TIME)


def _same(twin: Columns, random: np.random.Generator) -> None:
    """Nothing but the agency differs."""


def _later(twin: Columns, random: np.random.Generator) -> None:
    _shift(twin, ("start", "end") if (twin["begun"] == NO_TIME).all() else ("begun", "ended"), random)


def _planned_same(twin: Columns, random: np.random.Generator) -> None:
    del random
    _unstarted(twin)


def _planned_later(twin: Columns, random: np.random.Generator) -> None:
    _unstarted(twin)
    _shift(twin, ("start", "end"), random)


def _far(twin: Columns, random: np.random.Generator) -> None:
    """Begun some minutes after the other has ended, half a degree to the north."""
    rows = len(twin["person"])
    twin["begun"] = twin["ended"] + random.integers(5, 21, size=rows)
    twin["ended"] = twin["begun"] + 30
    twin["latitude"] = twin["latitude"] + random.uniform(0.45, 0.55, size=rows)


_KINDS: Mapping[str, tuple[str, Callable[[Columns, np.random.Generator], None]]] = {
    "same_scheduled_time": ("planned", _same),
    "same_visit_time": ("done", _same),
    "scheduled_equals_visit": ("done", _planned_same),
    "scheduled_overlaps_scheduled": ("planned", _later),
    "visit_overlaps_visit": ("done", _later),
    "scheduled_overlaps_visit": ("done", _planned_later),
    "too_far_to_travel": ("last", _far),
}
"""Flag → of which visits, and what the one at another agency is like."""


def _spoil(visits: Columns, spared: Numbers, random: np.random.Generator) -> None:
    """Gaps and faults as such data has them, but not where something is planted."""
    rows = len(visits["person"])
    spoilt = np.ones(rows, np.bool_)
    spoilt[spared] = False

    def some(share: float) -> Any:
        return spoilt & (random.random(rows) < share)

    visits["ended"] = np.where(some(HALF), NO_TIME, visits["ended"])
    visits["latitude"] = np.where(some(MISPLACED), 99.0, np.where(some(UNPLACED), np.nan, visits["latitude"]))
    visits["status"] = np.where(some(CANCELLED), 1 + random.integers(3, size=rows), np.where(some(UNKNOWN), -1, 0))


def _table(visits: Columns, today: date, after: int) -> pa.Table:
    """The visits as the shipped ruleset reads them; a part of them has places of calls instead of an address."""
    import pyarrow as pa

    rows = len(visits["person"])
    opens = (today - date(1970, 1, 1)).days
    ends = dict(zip(MOMENTS, ("start", "end", "begun", "ended"), strict=True))
    columns: dict[str, Any] = {
        "visit_id": pa.array(np.arange(after + 1, after + rows + 1)),
        "caregiver_key": _keys(visits["person"]),
        "visit_date": pa.array((opens + visits["day"]).astype("int32")).cast(pa.date32()),
        "agency": _words([f"A{n:03d}" for n in range(AGENCIES)], visits["agency"]),
        "status": _words(["done", "cancelled", "deleted", "pending"], visits["status"], visits["status"] < 0),
    }
    for name, column in ends.items():
        there = visits[column]
        moments = (np.where(there == NO_TIME, 0, there) + opens * DAY) * MINUTE
        columns[name] = pa.array(moments, mask=there == NO_TIME).cast(pa.timestamp("us"))
    called = np.arange(rows) % 4 == 0
    for axis in ("latitude", "longitude"):
        unknown = np.isnan(visits[axis])
        for name, hidden in ((axis, called), (f"call_in_{axis}", ~called), (f"call_out_{axis}", ~called)):
            columns[name] = pa.array(visits[axis], mask=unknown | hidden)
    cell = (np.nan_to_num(visits["latitude"]) * 50).astype(np.int64) % 90_000
    columns["postcode"] = pa.array(10_000 + cell).cast(pa.string())
    columns |= {
        "rate": pa.array(18.0 + visits["agency"] % 12),
        "rate_per": _words(["hour", "day", "visit"], np.where(visits["person"] % 20 == 0, visits["person"] % 3, 0)),
        "billed": pa.array((visits["begun"] != NO_TIME) & (visits["agency"] % 2 == 0)),
    }
    changed = (np.minimum(visits["day"], 0) + opens - 1 - np.arange(rows) % 90) * DAY  # within three months before
    columns["updated_at"] = pa.array((changed + np.arange(rows) % 1_433) * MINUTE).cast(pa.timestamp("us"))
    rules = shipped("visits")
    return pa.table(columns).select([*rules.columns, rules.changed])


def _keys(person: Numbers) -> Any:
    """Numbers like those of social security, of a series that was never given out."""
    import pyarrow as pa
    import pyarrow.compute as pc

    digits = pc.utf8_lpad(pa.array(np.maximum(person, 0)).cast(pa.string()), 6, "0")
    keys = pc.binary_join_element_wise(
        "000", pc.utf8_slice_codeunits(digits, 0, 2), pc.utf8_slice_codeunits(digits, 2), "-"
    )
    return pc.if_else(pa.array(person < 0), PLACEHOLDER, keys)


def _words(words: list[str], places: Numbers, missing: Any = None) -> Any:
    import pyarrow as pa

    return pa.array(words).take(pa.array(np.maximum(places, 0), mask=missing))


def _truth(one: Numbers, other: Numbers, flags: Any) -> pa.Table:
    import pyarrow as pa

    return pa.table({"one": one + 1, "other": other + 1, "flag": pa.array(flags)})
