"""Options of judging; the original ones repeat an older procedure, to be run side by side."""

from __future__ import annotations

from tablemend.records import Record


class Options(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the rules of a ruleset are to be read."""

    across_midnight: bool = True  # also pair neighbouring dates, where an interval touches the midnight between them
    zero_gap: bool = True  # rows that follow each other without a gap can be too far apart
    inclusive_speeds: bool = False  # a distance on a bound has the speed below it, and beyond the last there is none
    half_recorded: bool = False  # a row of which one end was recorded takes the other end from what was scheduled
    tolerance: float = 0.0  # minutes by which an overlap or a lack of time must exceed nothing


ORIGINAL = Options(across_midnight=False, zero_gap=False, inclusive_speeds=True)
"""As the older procedure read them."""
