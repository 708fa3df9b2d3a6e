"""What the engines agreed on, for the page that shows it."""

from __future__ import annotations

COMPARED: dict[tuple[str, str], list[int]] = {}
"""Kind and name of what two engines agreed on → cases, cells or rows compared, of which changed or failing."""


def agreed(kind: str, name: str, *, compared: int, told: int) -> None:
    """Note a case in which two engines gave the same."""
    entry = COMPARED.setdefault((kind, name), [0, 0, 0])
    for place, number in enumerate((1, compared, told)):
        entry[place] += number


def page() -> str:
    """The page of the reference."""
    parts = [
        "# DuckDB and Spark\n\nWhat `make conformance` has compared, cell by cell and count by count; nothing differs"
        " but what [the how-to](../how-to/spark.md) lists. Cells are awkward ones (white space, case, emoji,"
        " numbers, dates, what regular expressions take for marks) and random ones.\n"
    ]
    for kind, columns in (
        ("operation", "operation | cases | cells compared | cells changed or rows removed, alike"),
        ("check", "check | cases | rows compared | cells or rows found, alike"),
    ):
        parts += [f"## Every {kind}\n", f"| {columns} |", "| --- | ---: | ---: | ---: |"]
        found = sorted((name, numbers) for (its, name), numbers in COMPARED.items() if its == kind)
        parts += [f"| `{name}` | " + " | ".join(f"{each:,}" for each in numbers) + " |" for name, numbers in found]
        parts.append("")
    return "\n".join(parts)
