"""How long a user waits before anything happens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tablemend.bench.case import Row, seconds, times


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def import_time(folder: Path) -> list[Row]:
    """`import tablemend` in a new process, the start of Python included."""
    del folder
    found = times(lambda: _run("-c", "import tablemend"), repetitions=11)
    baseline = times(lambda: _run("-c", "import pandas"), repetitions=5)
    return [
        seconds("cli.import", "import tablemend", found, baseline=baseline, baseline_what="import pandas", bar=0.15)
    ]


def help_time(folder: Path) -> list[Row]:
    """`tablemend --help` in a new process."""
    del folder
    found = times(lambda: _run("-m", "tablemend", "--help"), repetitions=11)
    baseline = times(lambda: _run("-c", "import pandas"), repetitions=5)
    return [seconds("cli.help", "tablemend --help", found, baseline=baseline, baseline_what="import pandas", bar=0.3)]
