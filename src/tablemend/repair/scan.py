"""One scan of a table: profile, checks, findings, score, and the repairs that would make it better."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pyarrow as pa

from tablemend.engine.duckdb import Session
from tablemend.quality import profile as profiling
from tablemend.quality.checks import derive
from tablemend.quality.distinct import Distincts
from tablemend.quality.drift import drift
from tablemend.quality.evaluate import Evaluation, evaluate
from tablemend.quality.findings import findings
from tablemend.quality.score import score
from tablemend.quality.thresholds import DEFAULT, Thresholds
from tablemend.records import Check, Column, Finding, Profile, Proposal, Record, Repair, Score
from tablemend.repair import derived, detection, plan, relation, untouchable
from tablemend.repair.declared import Declared
from tablemend.telemetry import Timings

Rules = Callable[[Profile], Sequence[Check]]
"""The rules of the user as checks of a profiled table."""


class Scan(Record, frozen=True, kw_only=True):
    """Everything that a scan found."""

    profile: Profile
    checks: tuple[Check, ...]
    evaluation: Evaluation
    findings: tuple[Finding, ...]
    score: Score
    repairs: tuple[Repair, ...]


def scan(
    session: Session,
    table: pa.Table,
    columns: tuple[Column, ...],
    *,
    dataset: str,
    weights: Mapping[str, float],
    rules: Rules,
    timings: Timings,
    previous: Profile | None = None,
    proposals: Sequence[Proposal] | None = None,
    declared: Declared = Declared(),  # noqa: B008
    thresholds: Thresholds = DEFAULT,
) -> Scan:
    """Scan a snapshot's table; given proposals stand in for those of the detectors.

    `previous` is the profile that drift is measured against, `declared` what a database says of its table.
    """
    for name, rows in declared.beside.items():
        session.register(name, rows)
    relation.register(session, table, columns)
    data, names = relation.DATA, [column.name for column in columns]
    with timings.stage("profile"):
        known = Distincts(session, data, names, limit=thresholds.distinct_table)
        profile = profiling.profile(
            session, data, columns, settings=thresholds, distincts=known, foreign_keys=declared.foreign_keys
        )
    with timings.stage("checks"):
        derived_checks = derive(session, data, profile, settings=thresholds, distincts=known)
        checks = [*derived_checks, *declared.checks, *rules(profile)]
    with timings.stage("detect"):
        found = list(proposals or ())
        if proposals is None:
            found = _detected(session, table, columns, profile, known, partial(timings.progress, "detect"))
            kept = untouchable.columns_of_bytes(columns) | frozenset(declared.computed)
            found = [each for each in found if untouchable.touches(each, kept) is None]
        checks += derived.checks(found, checks)
    with timings.stage("evaluate"):
        evaluation = evaluate(session, data, checks, distincts=known)
        listed = findings(session, data, checks, evaluation)
        drifted = drift(previous, profile, settings=thresholds) if previous else ()
        known.close()
    with timings.stage("measure"):
        repairs = plan.measure(session, data, columns, found, dataset=dataset, profile=profile)
    return Scan(
        profile=profile,
        checks=tuple(checks),
        evaluation=evaluation,
        findings=(*listed, *drifted),
        score=score(evaluation, weights),
        repairs=tuple(repairs),
    )


def _detected(
    session: Session,
    table: pa.Table,
    columns: tuple[Column, ...],
    profile: Profile,
    known: Distincts,
    progress: Callable[[float], None],
) -> list[Proposal]:
    """What the detectors propose; they read whole columns, and do so beside the table, in the embedded engine."""
    if not session.distributed:
        return detection.propose(session, table, columns, profile, distincts=known, progress=progress)
    with session.embedded() as near:
        relation.register(near, table, columns)
        return detection.propose(near, table, columns, profile, progress=progress)


def rescore(
    session: Session,
    table: pa.Table,
    columns: tuple[Column, ...],
    touched: Sequence[str] | None,
    *,
    checks: Sequence[Check],
    previous: Evaluation,
    weights: Mapping[str, float],
) -> Score:
    """Score a new version with the checks of an earlier scan; only what reads touched columns is run again."""
    relation.register(session, table, columns, "rescored")
    again = evaluate(session, "rescored", checks, previous=previous, touched=touched)
    return score(again, weights)
