"""The table of detectors, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tablemend.records import Phase, Proposal, Record
from tablemend.repair.detect import (
    case,
    context,
    dates,
    duplicates,
    fills,
    invalid,
    missing,
    mojibake,
    numbers,
    outliers,
    space,
    spills,
    variants,
)
from tablemend.repair.workbench import Workbench


class Detector(Record, frozen=True, kw_only=True):
    """One way of finding repairs."""

    name: str
    phase: Phase
    function: Callable[[Workbench], Iterator[Proposal]]


DETECTORS: tuple[Detector, ...] = (
    Detector(name="space", phase="text", function=space.detect),
    Detector(name="mojibake", phase="text", function=mojibake.detect),
    Detector(name="dates", phase="text", function=dates.detect),
    Detector(name="numbers", phase="text", function=numbers.detect),
    Detector(name="missing", phase="values", function=missing.detect),
    Detector(name="spills", phase="values", function=spills.detect),
    Detector(name="invalid", phase="values", function=invalid.detect),
    Detector(name="outliers", phase="values", function=outliers.detect),
    Detector(name="case", phase="values", function=case.detect),
    Detector(name="variants", phase="values", function=variants.detect),
    Detector(name="fills", phase="values", function=fills.detect),
    Detector(name="context", phase="dependencies", function=context.detect),
    Detector(name="duplicates", phase="rows", function=duplicates.detect),
)
