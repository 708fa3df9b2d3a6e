"""Columns that no repair may write: bytes, which are text only to be shown, and what a database computes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tablemend.errors import RepairError
from tablemend.records import Column, Proposal
from tablemend.repair import operations
from tablemend.tables.columns import BINARY


def columns_of_bytes(columns: Sequence[Column]) -> frozenset[str]:
    """The names of columns of bytes."""
    return frozenset(column.name for column in columns if column.type == BINARY)


def touches(proposal: Proposal, untouchable: Collection[str]) -> str | None:
    """The first of these columns that a proposal would write or read as text; removing rows writes nothing."""
    operation = operations.operation(proposal.operation)
    if proposal.operation == "drop_column":
        return None
    named = [] if operation.kind == "rows" else [*proposal.columns, *(proposal.params.get("keys") or ())]
    if proposal.params.get("keep") == "merge":  # the row that stays would get text of another
        named = list(untouchable)
    return next((name for name in named if name in untouchable), None)


def require_writable(proposal: Proposal, columns: Sequence[Column]) -> None:
    """Raise RepairError where a proposal would write text into bytes, or take bytes for text."""
    name = touches(proposal, columns_of_bytes(columns))
    if name is not None:
        raise RepairError(
            f"{proposal.operation} works on text, and {name} holds bytes",
            hint="Drop the column, remove rows, or change the bytes where they come from.",
        )
