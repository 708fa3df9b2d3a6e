"""Concrete checks, derived from a profile: one module per dimension."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tablemend.quality.checks import completeness, consistency, plausibility, uniqueness, validity
from tablemend.quality.checks.subject import Subject, textual
from tablemend.quality.distinct import Distincts
from tablemend.quality.thresholds import DEFAULT, Thresholds
from tablemend.records import Check, Profile

if TYPE_CHECKING:
    from tablemend.engine.duckdb import Session

_DIMENSIONS: tuple[tuple[Callable[[Subject], Iterator[Check]], bool], ...] = (
    (completeness.derive, True),
    (validity.derive, False),
    (consistency.derive, False),
    (uniqueness.derive, True),
    (plausibility.derive, False),
)
"""Each dimension, and whether its checks also hold for columns of bytes."""


def derive(
    session: Session,
    relation: str,
    profile: Profile,
    *,
    settings: Thresholds = DEFAULT,
    distincts: Distincts | None = None,
) -> tuple[Check, ...]:
    """The checks that the profiled relation should meet, with their parameters fixed."""
    if not profile.rows:
        return ()
    names = [column.name for column in profile.columns]
    known = distincts or Distincts(session, relation, names, limit=settings.distinct_table)
    try:
        whole = Subject(session, relation, profile, known, settings)
        texts = Subject(session, relation, textual(profile), known, settings)
        return tuple(check for derived, binary in _DIMENSIONS for check in derived(whole if binary else texts))
    finally:
        if distincts is None:
            known.close()
