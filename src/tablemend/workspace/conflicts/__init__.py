"""Conflicts of a workspace: rows that cannot both be true, found and kept up to date from database to database."""

from __future__ import annotations

from tablemend.workspace.conflicts.deciding import Deciding
from tablemend.workspace.conflicts.looking import Looking
from tablemend.workspace.conflicts.places import DECIDE, KIND, UNDO
from tablemend.workspace.conflicts.remembering import Remembering
from tablemend.workspace.conflicts.running import Running
from tablemend.workspace.conflicts.tools import Tools

__all__ = ["DECIDE", "KIND", "UNDO", "Conflicts"]


class Conflicts(Running, Looking, Deciding, Remembering, Tools):
    """Finding, keeping, explaining, deciding on, undoing and comparing conflicts."""
