"""`learning`: what people's decisions say about the next repair of a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tablemend.cli import show
from tablemend.cli.main import Json, app, workspace
from tablemend.errors import DecisionRefused

if TYPE_CHECKING:
    from tablemend.review.learning import Acceptance

learned = typer.Typer(
    help="What decisions say about the next repair of a kind.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(learned, name="learning")


def _table(found: list[Acceptance]) -> None:
    rows = [
        (a.check, a.operation, a.semantic, a.approved, a.rejected, a.acceptance, f"{a.low:.2f} to {a.high:.2f}")
        for a in found
    ]
    show.table(("check", "operation", "type", "approved", "rejected", "acceptance", "95 % interval"), rows)


@learned.command("show")
def show_learned(as_json: Json = False) -> None:
    """List how often repairs of each kind were approved."""
    with workspace(quiet=True) as ws:
        found = ws.learned()
    if as_json:
        show.json(found)
    elif found:
        _table(found)
    else:
        show.say("nobody has decided on a repair yet")


@learned.command()
def reset(
    check: Annotated[str, typer.Option("--check", help="Only this check.", show_default=False)] = "",
    operation: Annotated[str, typer.Option("--operation", help="Only this operation.", show_default=False)] = "",
    semantic: Annotated[str, typer.Option("--type", help="Only this type of column.", show_default=False)] = "",
    everything: Annotated[bool, typer.Option("--all", help="Every kind.")] = False,
    as_json: Json = False,
) -> None:
    """Let decisions so far count no longer; the decisions themselves stay."""
    if not (check or operation or semantic or everything):
        raise DecisionRefused("nothing says what to reset", hint="Give a check, an operation or a type, or add --all.")
    with workspace(quiet=True) as ws:
        gone = ws.reset_learning(check=check, operation=operation, semantic=semantic)
    if as_json:
        show.json(gone)
    else:
        show.say(f"{sum(a.approved + a.rejected for a in gone):,} decisions on {len(gone)} kinds count no longer")
