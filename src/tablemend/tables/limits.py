"""How large a source may be."""

from __future__ import annotations

from dataclasses import dataclass

from tablemend.errors import LimitExceeded, UnreadableSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds for a source; each is a setting of the same name."""

    max_rows: int = 20_000_000
    max_bytes: int = 4 << 30
    max_columns: int = 5_000
    http_timeout: float = 30.0  # seconds between two signs of life
    http_deadline: float = 3_600.0  # seconds for all of it
    statement_timeout: float = 600.0  # seconds for each statement on a file of a database
    http_private: bool = True  # whether sources may lie in this computer or a private network

    def rows(self, found: int, name: str) -> None:
        """Raise LimitExceeded when a source has too many rows."""
        self._check("max_rows", "rows", found, self.max_rows, name)

    def bytes(self, found: int, name: str) -> None:
        """Raise LimitExceeded when a source has too many bytes."""
        self._check("max_bytes", "bytes", found, self.max_bytes, name)

    def columns(self, found: int, name: str) -> None:
        """Raise LimitExceeded when a source has too many columns."""
        self._check("max_columns", "columns", found, self.max_columns, name)

    def too_slow(self, name: str) -> UnreadableSource:
        """The error of a statement that took too long."""
        return UnreadableSource(
            f"{name} was not read in {self.statement_timeout:g} s.",
            hint="Narrow the query, or raise the setting push_down_timeout.",
        )

    def _check(self, setting: str, unit: str, found: int, limit: int, name: str) -> None:
        if found > limit:
            raise LimitExceeded(
                f"{name} has {found:,} {unit} or more; {setting} allows {limit:,}.",
                hint=f"Raise the setting {setting}, or read a part of the source.",
            )
