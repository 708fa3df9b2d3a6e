"""Things that belong together, joined pair by pair (union-find; Tarjan 1975)."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Union(Generic[T]):
    """Disjoint sets; what was joined with each other, also by way of others, is one group."""

    def __init__(self) -> None:
        self._parent: dict[T, T] = {}

    def find(self, member: T) -> T:
        """The one that stands for the group of a member; a new member is a group of its own."""
        parent = self._parent
        root = parent.setdefault(member, member)
        while root != parent[root]:
            root = parent[root]
        while parent[member] != root:
            parent[member], member = root, parent[member]
        return root

    def join(self, one: T, other: T) -> None:
        """Make one group of the groups of two members."""
        self._parent[self.find(other)] = self.find(one)

    def groups(self) -> list[list[T]]:
        """Every group; groups and members in the order in which they came."""
        found: dict[T, list[T]] = {}
        for member in list(self._parent):
            found.setdefault(self.find(member), []).append(member)
        return list(found.values())
