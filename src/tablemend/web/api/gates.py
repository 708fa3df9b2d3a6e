"""Gates and scorecards: shown, checked, replayed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field, StringConstraints, model_validator

from tablemend.errors import NotFound
from tablemend.records import Record
from tablemend.review import gate as gates
from tablemend.review import scorecard as scorecards
from tablemend.review import toml
from tablemend.review.gate import Gate
from tablemend.review.replay import Replay
from tablemend.review.scorecard import Scorecard
from tablemend.web.api.body import Body, Name
from tablemend.web.api.routes import Routes
from tablemend.web.site import Site

CURRENT = "current"
"""Name of the gate that repairs pass here."""

NamePath = Annotated[str, Path(max_length=500)]
Text = Annotated[str, StringConstraints(max_length=1_000_000)]
"""A file of TOML; those that are shipped have 2,000 characters."""


class GateSummary(Record, frozen=True, kw_only=True):
    """A gate at a glance."""

    name: str  # by which it is asked for
    gate: str
    items: str | None  # the type of items that it is for
    rules: int
    default: str


class GateFile(Record, frozen=True, kw_only=True):
    """A gate with its text."""

    text: str
    gate: Gate


class ScorecardSummary(Record, frozen=True, kw_only=True):
    """A scorecard at a glance."""

    name: str
    parts: dict[str, float]  # with their maximum
    bands: dict[str, float]  # with the total from which they begin
    modifiers: tuple[str, ...]


class ScorecardFile(Record, frozen=True, kw_only=True):
    """A scorecard with its text."""

    text: str
    scorecard: Scorecard


class CheckingGate(Body):
    """A gate to check."""

    text: Text
    scorecard: Name | None = Field(None, description="A shipped scorecard whose parts and bands it may ask for.")


class CheckingScorecard(Body):
    """A scorecard to check."""

    text: Text


class Replaying(Body):
    """A gate to replay: a text, or one by name."""

    text: Text | None = None
    gate: Name | None = None
    type: Name | None = Field(None, description="Items of this type; by default those that the gate is for.")
    people: bool = Field(default=False, description="Of each item the last decision by people.")

    @model_validator(mode="after")
    def _one(self) -> Replaying:
        if (self.text is None) == (self.gate is None):
            raise ValueError("name one of text and gate")
        return self


def router(site: Site) -> APIRouter:
    """The endpoints of gates and scorecards."""
    routes = Routes("gates and scorecards")

    @routes.get("/gates", right="read", answers=tuple[GateSummary, ...])
    def list_gates() -> Any:
        """List the gate that repairs pass here, and those that come with tablemend."""
        return tuple(_gate_summary(site, name) for name in (CURRENT, *toml.names(gates.FOLDER)))

    @routes.get("/gates/{gate}", right="read", answers=GateFile)
    def get_gate(gate: NamePath) -> Any:
        """Show a gate: `current`, or one that comes with tablemend."""
        text = _gate_text(site, gate)
        return GateFile(text=text, gate=gates.parse(text, origin=gate))

    @routes.post("/gates/check", right="read", answers=Gate)
    def check_gate(asked: CheckingGate) -> Any:
        """Say whether a gate can be used; where it cannot, the line of the first mistake."""
        card = (
            None if asked.scorecard is None else scorecards.parse(_scorecard_text(asked.scorecard), origin="scorecard")
        )
        return gates.parse(asked.text, origin="gate", card=card)

    @routes.post("/gates/replay", right="read", answers=Replay)
    def replay_gate(asked: Replaying) -> Any:
        """Replay past decisions through a gate: where it agrees, and every item on which it would decide otherwise."""
        text = asked.text if asked.text is not None else _gate_text(site, asked.gate or "")
        gate = gates.parse(text, origin=asked.gate or "gate")
        return site.workspace.test_gate(gate, type=asked.type, people=asked.people)

    @routes.get("/scorecards", right="read", answers=tuple[ScorecardSummary, ...])
    def list_scorecards() -> Any:
        """List the scorecards that come with tablemend."""
        return tuple(_scorecard_summary(scorecards.shipped(name)) for name in toml.names(scorecards.FOLDER))

    @routes.get("/scorecards/{scorecard}", right="read", answers=ScorecardFile)
    def get_scorecard(scorecard: NamePath) -> Any:
        """Show a scorecard that comes with tablemend."""
        text = _scorecard_text(scorecard)
        return ScorecardFile(text=text, scorecard=scorecards.parse(text, origin=scorecard))

    @routes.post("/scorecards/check", right="read", answers=ScorecardSummary)
    def check_scorecard(asked: CheckingScorecard) -> Any:
        """Say whether a scorecard can be used; where it cannot, the line of the first mistake."""
        return _scorecard_summary(scorecards.parse(asked.text, origin="scorecard"))

    return routes.router


def _gate_text(site: Site, name: str) -> str:
    """The text of a gate by its name, which is never taken for a path."""
    if name == CURRENT:
        return gates.source(site.base.settings.repair_gate)[0]
    return _shipped(gates.FOLDER, name)


def _scorecard_text(name: str) -> str:
    return _shipped(scorecards.FOLDER, name)


def _shipped(folder: str, name: str) -> str:
    if name not in toml.names(folder):
        raise NotFound(f"{folder} has no {name!r}", hint=f"There are {', '.join(toml.names(folder))}.")
    return toml.shipped(folder, name)


def _gate_summary(site: Site, name: str) -> GateSummary:
    found = gates.parse(_gate_text(site, name), origin=name)
    return GateSummary(name=name, gate=found.name, items=found.items, rules=len(found.rules), default=found.default)


def _scorecard_summary(found: Scorecard) -> ScorecardSummary:
    return ScorecardSummary(
        name=found.name,
        parts={name: part.maximum for name, part in found.parts.items()},
        bands={name: bottom for name, bottom, _ in found.ranges},
        modifiers=tuple(each.name for each in found.modifiers),
    )
