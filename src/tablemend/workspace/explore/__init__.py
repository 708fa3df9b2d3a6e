"""Matrices of a workspace: entities × features, read once, every question about them answered at once."""

from __future__ import annotations

from tablemend.workspace.explore.asking import Asking, Told
from tablemend.workspace.explore.loading import KIND, Loading

__all__ = ["KIND", "Explore", "Told"]


class Explore(Loading, Asking):
    """Reading matrices, and asking about them."""
