"""Who may do what: four roles, each with the rights of those before it."""

from __future__ import annotations

from tablemend.errors import Forbidden, StateError

ROLES = ("viewer", "reviewer", "approver", "admin")
"""From the fewest rights to all of them."""

RIGHTS = {
    "read": "viewer",  # look at everything, and download it
    "scan": "reviewer",  # upload and scan tables
    "decide": "reviewer",  # propose, edit, reject, reopen, rate
    "approve": "approver",  # approve what others proposed or edited
    "apply": "approver",  # apply, undo, heal, write to databases
    "admin": "admin",  # users, tokens of others, settings, gates, rules, schedules, cache
}
"""The least role that has each right."""


def checked(role: str) -> str:
    """The role, if there is such a one; StateError where not."""
    if role not in ROLES:
        raise StateError(f"there is no role {role!r}", hint=f"It is one of {', '.join(ROLES)}.")
    return role


def may(role: str, right: str) -> bool:
    """Whether a role has a right."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(RIGHTS[right])


def must(role: str, right: str, *, name: str) -> None:
    """Raise Forbidden where the role of a person lacks a right."""
    if not may(role, right):
        raise Forbidden(
            f"{name} is {role or 'without a role'} and may not {right}",
            hint=f"Ask an admin for the role {RIGHTS[right]}, or somebody who has it to do this.",
        )


def lower(one: str, other: str) -> str:
    """The role with fewer rights."""
    return min(checked(one), checked(other), key=ROLES.index)


def needs_another(role: str) -> bool:
    """Whether a role cannot approve what the person proposed or edited: four eyes for all but admins.

    The local owner of a workspace has no role and is bound by none.
    """
    return role not in {"", "admin"}
