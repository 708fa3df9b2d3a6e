"""How large a source may be."""

from __future__ import annotations

from dataclasses import dataclass

from tablemend.errors import LimitExceeded


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds for a source; each is a setting of the same name."""

    max_rows: int = 20_000_000
    max_bytes: int = 4 << 30
    max_columns: int = 5_000
    http_timeout: float = 30.0  # seconds between two signs of life
    http_deadline: float = 3_600.0  # seconds for all of it
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

    def _check(self, setting: str, unit: str, found: int, limit: int, name: str) -> None:
        if found > limit:
            raise LimitExceeded(
                f"{name} has {found:,} {unit} or more; {setting} allows {limit:,}.",
                hint=f"Raise the setting {setting}, or read a part of the source.",
            )
