"""The command line: parse, call the workspace, show. Exit 0 done, 1 findings or partial, 2 could not run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tablemend.errors import OutputError, TablemendError

if TYPE_CHECKING:
    from tablemend.workspace import Workspace

INTERRUPTED = 130
"""Exit code after Ctrl-C."""

app = typer.Typer(
    name="tablemend",
    help="Keep the tables you depend on healthy.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # loading Rich would double the time that help takes
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Engine(StrEnum):
    """Where profile, checks and repairs run."""

    duckdb = "duckdb"
    spark = "spark"


DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder of the workspace.", envvar="TABLEMEND_DATA", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
RunArgument = Annotated[str | None, typer.Argument(help="Run; by default the newest scan.", show_default=False)]
ToOption = Annotated[
    str | None,
    typer.Option("--to", help="Also write to `source`, its URL, or URL#TABLE of a new table.", show_default=False),
]
EngineOption = Annotated[
    Engine | None,
    typer.Option("--engine", help="Where the work runs; by default the setting `engine`.", show_default=False),
]
SourceArgument = Annotated[str, typer.Argument(help="Path, URL, URL#table, or - for standard input.")]


@contextmanager
def workspace(*, quiet: bool = False, engine: Engine | None = None) -> Iterator[Workspace]:
    """The workspace of this folder, with progress on a terminal."""
    from tablemend.cli.progress import progress
    from tablemend.workspace import open as open_workspace

    chosen = {} if engine is None else {"engine": engine.value}
    with progress(quiet=quiet) as show, open_workspace(progress=show, **chosen) as opened:
        try:
            yield opened
        finally:
            for run in opened.recovered:
                sys.stderr.write(
                    f"tablemend: run {run} had ended before it was done; only what it had committed stands.\n"
                )
            for note in opened.notes:
                sys.stderr.write(f"tablemend: {' '.join(note.split())}\n")


def require_one_document(output: str | None, *, as_json: bool) -> None:
    """Refuse to print a table and a JSON document to the same place."""
    if as_json and output == "-":
        raise OutputError("--json and --output - both print to standard output", hint="Name a file for the output.")


def fail(problem: TablemendError) -> int:
    """Say what went wrong in one line, with what to do."""
    hint = f" {problem.hint}" if problem.hint else ""
    message = " ".join(problem.message.split()).rstrip(".")
    sys.stderr.write(f"tablemend: {message}.{hint}\n")
    return 2


def interrupted() -> int:
    """Say that the user stopped the command."""
    sys.stderr.write("tablemend: interrupted; nothing is half done.\n")
    return INTERRUPTED


COMMANDS = (
    *(
        "bench",
        "cache",
        "conflicts",
        "conflicts_tools",
        "databases",
        "decide",
        "explore",
        "explore_statistics",
        "gates",
        "heal",
        "history",
        "intel",
        "learning",
    ),
    *("load", "recipe", "runs", "schedules", "scorecards", "serve", "store", "users"),
)
"""Modules whose import adds commands."""


def register() -> None:
    """Add every command."""
    from importlib import import_module

    for name in COMMANDS:
        import_module(f"tablemend.cli.{name}")


def main() -> None:
    """Run the command line."""
    register()
    try:
        app()
    except TablemendError as problem:
        sys.exit(fail(problem))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(2)
    except OSError as problem:
        what = f"{problem.filename}: {problem.strerror}" if problem.filename else str(problem)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(fail(TablemendError(what, hint="Check the path, and who may read and write it.")))
    except KeyboardInterrupt:
        sys.exit(interrupted())
    except RuntimeError as problem:
        if str(problem) != "Query interrupted":  # how the engine hands an interrupt on
            raise
        sys.exit(interrupted())
    except SystemExit as ended:
        if ended.code == INTERRUPTED:  # typer has caught the interrupt and said nothing
            interrupted()
        raise


def version(*, value: bool) -> None:
    """Print the version."""
    if value:
        from importlib.metadata import version as installed

        typer.echo(installed("tablemend"))
        raise typer.Exit


@app.callback()
def root(
    data: DataOption = None,
    show_version: Annotated[
        bool, typer.Option("--version", callback=lambda value: version(value=value), is_eager=True, help="Version.")
    ] = False,
) -> None:
    """Keep the tables you depend on healthy."""
    del show_version
    if data is not None:
        os.environ["TABLEMEND_DATA"] = str(data)


def present(**options: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value not in (None, (), [], "")}
