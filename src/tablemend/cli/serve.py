"""`serve`: the browser."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tablemend.cli.main import app, workspace


@app.command()
def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than this computer's need users.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 takes any that is free.")] = 8642,
) -> None:
    """Serve the pages and the JSON API of this workspace to browsers."""
    from tablemend.web.serving import Place
    from tablemend.web.serving import serve as run

    with workspace(quiet=True) as ws:
        run(ws, Place(host=host, port=port), said=_say)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
