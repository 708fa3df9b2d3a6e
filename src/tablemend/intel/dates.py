"""The dates of stories: ISO 8601 and RFC 822."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def moment(text: str) -> datetime:
    """A date in UTC; without a time zone it counts as UTC. Raises ValueError for anything else."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text.strip())
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    raise ValueError(f"{text!r} is no date of ISO 8601 or RFC 822")
