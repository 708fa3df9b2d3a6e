"""Writes a table with known faults: seeded, of any length, made of no outside data."""

from __future__ import annotations

import argparse
from pathlib import Path

from tablemend.tables.sample.orders import COLUMNS, faulty_csv, faulty_table, generate

__all__ = ["COLUMNS", "faulty_csv", "faulty_table", "generate"]


def main() -> None:
    """Write a faulty table."""
    parser = argparse.ArgumentParser(prog="python -m tablemend.bench.generate", description="Write a faulty table.")
    parser.add_argument("path", type=Path, help="CSV file to write")
    parser.add_argument("--rows", type=int, default=5_000, help="orders, before some are repeated")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--columns", nargs="+", choices=COLUMNS, default=COLUMNS, metavar="COLUMN")
    given = parser.parse_args()
    faulty_csv(given.path, given.rows, given.seed, given.columns)


if __name__ == "__main__":
    main()
