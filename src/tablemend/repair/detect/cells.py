"""The distinct values of a workbench's relation as temporary tables, shared by detectors that test values in SQL."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from tablemend.quality.checks.subject import Subject
from tablemend.quality.distinct import Distincts
from tablemend.quality.thresholds import DEFAULT
from tablemend.records import Profile
from tablemend.repair.workbench import Workbench

_KNOWN: WeakKeyDictionary[Workbench, Distincts] = WeakKeyDictionary()


def distincts(bench: Workbench) -> Distincts:
    """The distinct values of the relation, counted once a workbench; they go with its session."""
    if bench not in _KNOWN:
        _KNOWN[bench] = Distincts(bench.session, bench.relation, bench.columns, limit=DEFAULT.distinct_table)
    return _KNOWN[bench]


def subject(bench: Workbench, profile: Profile) -> Subject:
    """The relation as checks are derived from it."""
    return Subject(bench.session, bench.relation, profile, distincts(bench), DEFAULT)
