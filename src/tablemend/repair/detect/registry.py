"""The table of detectors, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tablemend.records import Phase, Proposal, Record
from tablemend.repair.detect import context, missing, numbers, spills
from tablemend.repair.workbench import Workbench


class Detector(Record, frozen=True, kw_only=True):
    """One way of finding repairs."""

    name: str
    phase: Phase
    function: Callable[[Workbench], Iterator[Proposal]]


DETECTORS: tuple[Detector, ...] = (
    Detector(name="numbers", phase="text", function=numbers.detect),
    Detector(name="missing", phase="values", function=missing.detect),
    Detector(name="spills", phase="values", function=spills.detect),
    Detector(name="context", phase="dependencies", function=context.detect),
)
