"""What a failed attempt means for its batch: try again, look for the rows at fault, or leave it."""

from __future__ import annotations

from typing import Literal

from tablemend.errors import (
    AccessDenied,
    BatchError,
    Cancelled,
    MissingObject,
    ProcessDied,
    SettingsError,
    StateError,
    StorageFull,
    Timeout,
    Transient,
    Unreachable,
)

Kind = Literal["transient", "slow", "poison", "permanent", "cancelled"]
"""transient: try again; slow: once more, then in halves; poison: a row is at fault; permanent: no row is at fault."""

_KINDS: tuple[tuple[Kind, tuple[type[BaseException], ...]], ...] = (
    ("cancelled", (Cancelled,)),
    ("slow", (Timeout, TimeoutError, ProcessDied)),
    ("transient", (Transient, Unreachable, ConnectionError, InterruptedError)),
    ("permanent", (MissingObject, AccessDenied, StorageFull, BatchError, SettingsError, StateError)),
    ("permanent", (ImportError, NameError, NotImplementedError, MemoryError, PermissionError, FileNotFoundError)),
)


def kind(problem: BaseException) -> Kind:
    """What an error means; one that is not known is taken to come from a row, since bisecting tells."""
    return next((each for each, classes in _KINDS if isinstance(problem, classes)), "poison")


def reason(problem: BaseException) -> str:
    """An error in one line."""
    try:
        said = " ".join(str(problem).split())
    except Exception as second:  # noqa: BLE001 - an error that cannot be told is still one
        said = f"it cannot be told ({type(second).__name__})"
    return (
        said if isinstance(problem, BatchError | Timeout) and said else f"{type(problem).__name__}: {said}".rstrip(": ")
    )
