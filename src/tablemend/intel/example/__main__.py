"""`python -m tablemend.intel.example FOLDER` writes the example."""

from __future__ import annotations

import argparse
from pathlib import Path

from tablemend.intel.example.generate import write


def main() -> None:
    """Write the example."""
    parser = argparse.ArgumentParser(prog="python -m tablemend.intel.example", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for path in write(given.folder, given.seed):
        print(path)  # noqa: T201


if __name__ == "__main__":
    main()
