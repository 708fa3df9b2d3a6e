"""A workbench as the checks of quality see it."""

from __future__ import annotations

from tablemend.quality.checks.subject import Subject
from tablemend.quality.thresholds import DEFAULT
from tablemend.records import Profile
from tablemend.repair.workbench import Workbench


def subject(bench: Workbench, profile: Profile) -> Subject:
    """The relation as checks are derived from it."""
    return Subject(bench.session, bench.relation, profile, bench.distincts, DEFAULT)
