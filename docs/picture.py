"""Draws the run that the README shows: a real `tablemend heal` of a generated table."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

TARGET = Path(__file__).parent / "_static" / "heal.svg"
WIDTH = 112
ROWS = 1_000
COLUMNS = ["order_id", "city", "postcode", "country", "unit_price", "order_date"]
COMMAND = ["tablemend", "heal", "orders.csv", "--output", "healed.csv"]


def run() -> str:
    """What the command prints, with its colours."""
    from tablemend.bench.generate import faulty_csv

    with tempfile.TemporaryDirectory() as folder:
        faulty_csv(Path(folder) / "orders.csv", ROWS, columns=COLUMNS)
        done = subprocess.run(
            [sys.executable, "-m", *COMMAND],
            cwd=folder,
            env=os.environ | {"COLUMNS": str(WIDTH), "FORCE_COLOR": "1", "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
    return done.stdout.replace(f"{Path(folder).resolve()}{os.sep}", "")


def main() -> None:
    """Write the picture."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, highlight=False)
    console.print(f"[bold green]$[/] {' '.join(COMMAND)}")
    console.print(Text.from_ansi(run()))
    svg = console.export_svg(title="tablemend", unique_id="heal")
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S), encoding="utf-8")


if __name__ == "__main__":
    main()
