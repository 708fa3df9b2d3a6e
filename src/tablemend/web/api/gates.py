"""Gates: shown, checked, replayed, changed, chosen."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from tablemend.records import Record
from tablemend.review import gate as gates
from tablemend.review import scorecard as scorecards
from tablemend.review.gate import Gate
from tablemend.review.replay import Replay
from tablemend.review.toml import Fault
from tablemend.web.api.body import Body, Name, Text
from tablemend.web.api.routes import Routes
from tablemend.web.site import Site
from tablemend.workspace.shelf import Shelved, digest

ShelfPath = Annotated[str, Path(max_length=100, description="Its name.")]


class Shelf(Record, frozen=True, kw_only=True):
    """The gates that can be chosen, and the one that is."""

    items: tuple[Shelved, ...]
    in_force: str  # as `what` of an item, or another file


class GateFile(Record, frozen=True, kw_only=True):
    """A gate with its text."""

    name: str
    text: str
    digest: str  # to be named where the text is changed
    gate: Gate


class Checked(Record, frozen=True, kw_only=True):
    """Everything that keeps a text from being used."""

    ok: bool
    faults: tuple[Fault, ...]


class CheckingGate(Body):
    """A gate to check."""

    text: Text
    scorecard: Name | None = Field(None, description="A scorecard whose parts and bands it may ask for.")


class Replaying(Body):
    """A gate to replay over past decisions."""

    text: Text
    type: Name | None = Field(None, description="Items of this type; by default those that the gate is for.")
    people: bool = Field(default=False, description="Of each item the last decision by people.")


class Saving(Body):
    """A text to save."""

    text: Text
    before: Annotated[str, Field(max_length=100)] = Field(
        "", description="Digest of the text that was changed; empty for a new one."
    )


class Choosing(Body):
    """A gate to choose."""

    gate: Name


def router(site: Site) -> APIRouter:
    """The endpoints of gates."""
    routes = Routes("gates")
    _looks(routes, site)
    _changes(routes, site)
    return routes.router


def _looks(routes: Routes, site: Site) -> None:
    @routes.get("/gates", right="read", answers=Shelf)
    def list_gates() -> Any:
        """List the gates that can be chosen, shipped ones and one's own, and say which is in force for repairs."""
        found = site.workspace.configuration
        return Shelf(items=tuple(found.gates.all()), in_force=found.gate_in_force)

    @routes.get("/gates/{gate}", right="read", answers=GateFile)
    def get_gate(gate: ShelfPath) -> Any:
        """Show a gate."""
        return _file(gate, site.workspace.configuration.gates.text(gate))

    @routes.get("/gate", right="read", answers=GateFile)
    def get_gate_in_force() -> Any:
        """Show the gate that repairs pass."""
        what = site.workspace.configuration.gate_in_force
        return _file(what, gates.source(what)[0])

    @routes.post("/gates/check", right="read", answers=Checked)
    def check_gate(asked: CheckingGate) -> Any:
        """Say whether a gate can be used; where it cannot, everything that is wrong, by line."""
        found = tuple(gates.faults(asked.text))
        if not found and asked.scorecard is not None:
            text = site.workspace.configuration.scorecards.text(asked.scorecard)
            gates.parse(asked.text, origin="the text", card=scorecards.parse(text, origin=asked.scorecard))
        return Checked(ok=not found, faults=found)

    @routes.post("/gates/replay", right="read", answers=Replay)
    def replay_gate(asked: Replaying) -> Any:
        """Replay past decisions through a gate: where it agrees, and every item on which it would decide otherwise."""
        gate = gates.parse(asked.text, origin="the text")
        return site.workspace.test_gate(gate, type=asked.type, people=asked.people)


def _changes(routes: Routes, site: Site) -> None:
    @routes.put("/gates/{gate}", right="admin", answers=Shelved)
    def save_gate(gate: ShelfPath, asked: Saving) -> Any:
        """Write a gate of one's own, new or changed; refused where somebody else has changed it meanwhile."""
        return site.workspace.configuration.save_gate(gate, asked.text, before=asked.before)

    @routes.delete("/gates/{gate}", right="admin", answers=Shelved)
    def remove_gate(gate: ShelfPath) -> Any:
        """Remove a gate of one's own."""
        found = site.workspace.configuration.gates.find(gate)
        site.workspace.configuration.remove_gate(gate)
        return found

    @routes.put("/gate", right="admin", answers=GateFile)
    def choose_gate(asked: Choosing) -> Any:
        """Let repairs go by another gate, for everybody from now on."""
        what = site.workspace.configuration.choose_gate(asked.gate)
        return _file(what, gates.source(what)[0])


def _file(name: str, text: str) -> GateFile:
    return GateFile(name=name, text=text, digest=digest(text), gate=gates.parse(text, origin=name))
