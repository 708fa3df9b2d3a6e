"""Who a request is from."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Literal

from tablemend.errors import NotSignedIn
from tablemend.records import Record
from tablemend.review import rights


class Identity(Record, frozen=True, kw_only=True):
    """Whoever a request is from."""

    name: str
    role: str  # viewer, reviewer, approver, admin
    via: Literal["link", "password", "token"]


identity: ContextVar[Identity | None] = ContextVar("tablemend_identity", default=None)
"""Set around every request; threads that a request is handed to see it too, as they run in a copy of the context."""


standing: ContextVar[Callable[[], bool]] = ContextVar("tablemend_standing", default=lambda: False)
"""Whether whoever the request is from may still come in, and in the same role: asked anew each time it is called.

For what outlasts the moment at which a request was let in, such as a stream of events.
"""


def current() -> Identity:
    """Who the request under way is from; NotSignedIn where nobody is signed in."""
    found = identity.get()
    if found is None:
        raise NotSignedIn("you are not signed in, or the session has ended", hint="Sign in again; nothing is lost.")
    return found


def require(right: str) -> Identity:
    """Who the request under way is from; Forbidden where their role lacks the right."""
    found = current()
    rights.must(found.role, right, name=found.name)
    return found
