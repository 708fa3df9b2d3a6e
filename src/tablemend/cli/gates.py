"""`gates list`, `gates show`, `gates check` and `gates test`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tablemend.cli import show
from tablemend.cli.main import Json, app, workspace

if TYPE_CHECKING:
    from tablemend.review.gate import Gate
    from tablemend.review.replay import Flip, Replay

gates = typer.Typer(
    help="Gates: the files that decide what needs no person.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(gates, name="gates")

GateArgument = Annotated[str, typer.Argument(help="Gate file, or a shipped gate.")]


@gates.command("list")
def list_gates(as_json: Json = False) -> None:
    """List the gates that come with tablemend."""
    from tablemend.review import gate, toml

    found = [gate.shipped(name) for name in toml.names(gate.FOLDER)]
    if as_json:
        show.json([_summary(each) for each in found])
    else:
        rows = [(each.name, each.items or "every type", len(each.rules), each.default) for each in found]
        show.table(("gate", "items", "rules", "default"), rows)


def _summary(found: Gate) -> dict[str, object]:
    return {"gate": found.name, "items": found.items, "rules": len(found.rules), "default": found.default}


@gates.command("show")
def show_gate(gate: GateArgument, as_json: Json = False) -> None:
    """Print a gate."""
    from tablemend.review import gate as review

    text, origin = review.source(gate)
    found = review.parse(text, origin=origin)
    if as_json:
        show.json(found)
    else:
        typer.echo(text, nl=False)


@gates.command()
def check(
    file: GateArgument,
    scorecard: Annotated[
        str | None,
        typer.Option(
            help="Scorecard whose parts and bands it may ask for: a file or a shipped one.", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say whether a gate can be used; exit status 2 and the line of the first mistake where it cannot."""
    from tablemend.review import scorecard as scorecards
    from tablemend.review.gate import load

    found = load(file, card=None if scorecard is None else scorecards.load(scorecard))
    if as_json:
        show.json(_summary(found) | {"ok": True})
    else:
        show.say(
            f"{file}: gate {found.name} for {found.items or 'every type'}, {len(found.rules)} rules, "
            f"default {found.default}"
        )


@gates.command("test")
def replay_gate(
    file: GateArgument,
    item_type: Annotated[
        str | None,
        typer.Option("--type", help="Items of this type; by default those that the gate is for.", show_default=False),
    ] = None,
    people: Annotated[bool, typer.Option("--people", help="Of each item the last decision by people.")] = False,
    as_json: Json = False,
) -> None:
    """Replay past decisions through a gate and list each that it would turn; exit status 1 where there are some."""
    with workspace(quiet=True) as ws:
        found = ws.test_gate(file, type=item_type, people=people)
    if as_json:
        show.json(found)
    else:
        _replayed(found)
    if found.flips:
        raise typer.Exit(1)


def _replayed(found: Replay) -> None:
    rows = [
        (who, tally.agreed, tally.contradicted, tally.left, tally.reopened, tally.total)
        for who, tally in (("people", found.people), ("gates", found.gates))
    ]
    show.table(("decided by", "agreed", "contradicted", "left to people", "reopened", "total"), rows)
    if found.flips:
        show.table(("id", "what", "decision", "by", "now", "why"), [_flip(each) for each in found.flips], title="Flips")
    show.say(f"gate {found.gate}: {found.total} items with a decision, {len(found.flips)} flips")


def _flip(each: Flip) -> tuple[str, ...]:
    by = f"gate {each.by}" if each.gate else each.by
    why = each.why if each.rule == "default" else each.why[-1:]  # where no rule decides, every one says why not
    return each.item, each.title, each.decided, by, each.word, "\n".join(why)
