"""Users, and the tokens by which their programs get in."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field, SecretStr

from tablemend.errors import Forbidden
from tablemend.records import Record
from tablemend.review.rights import lower
from tablemend.store.tokens import Token
from tablemend.store.users import User
from tablemend.web.api.body import Body, Name
from tablemend.web.api.routes import Routes
from tablemend.web.identity import current, require
from tablemend.web.site import Site

Role = Literal["viewer", "reviewer", "approver", "admin"]
Secret = Annotated[SecretStr, Field(max_length=1_000)]
UserPath = Annotated[str, Path(max_length=200, description="Name of a user.")]
TokenPath = Annotated[str, Path(max_length=100, description="Id of a token.")]


class NewUser(Body):
    """A user to add."""

    name: Name
    role: Role
    password: Secret | None = Field(None, description="Without one, only tokens and links let in.")


class NewRole(Body):
    """Another role."""

    role: Role


class NewPassword(Body):
    """Another password."""

    password: Secret


class NewToken(Body):
    """A token to make."""

    name: Name = Field(description="What it is for.")
    user: Name | None = Field(None, description="By default whoever asks.")
    role: Role
    days: Annotated[float, Field(gt=0, le=3_650, allow_inf_nan=False)] = 90


class Ended(Record, frozen=True, kw_only=True):
    """Sessions that were ended."""

    ended: int


class Removed(Record, frozen=True, kw_only=True):
    """What was removed."""

    removed: str


class IssuedToken(Record, frozen=True, kw_only=True):
    """A new token; its text is shown only now."""

    secret: str
    token: Token


def router(site: Site) -> APIRouter:
    """The endpoints of users and tokens."""
    routes = Routes("users and tokens")
    _users(routes, site)
    _tokens(routes, site)
    return routes.router


def _users(routes: Routes, site: Site) -> None:
    @routes.get("/users", right="admin", answers=tuple[User, ...])
    def list_users() -> Any:
        """List the users."""
        return tuple(site.workspace.accounts.users())

    @routes.post("/users", right="admin", answers=User, status=201)
    def add_user(asked: NewUser) -> Any:
        """Add a user; the first of all must be an admin with a password."""
        password = asked.password.get_secret_value() if asked.password else None
        return site.workspace.accounts.add(asked.name, asked.role, password=password)

    @routes.post("/users/{user}/role", right="admin", answers=User)
    def set_role(user: UserPath, asked: NewRole) -> Any:
        """Give a user another role; their sessions end."""
        return site.workspace.accounts.set_role(user, asked.role)

    @routes.post("/users/{user}/password", right="admin", answers=User)
    def set_password(user: UserPath, asked: NewPassword) -> Any:
        """Give a user a new password; their sessions end."""
        return site.workspace.accounts.set_password(user, asked.password.get_secret_value())

    @routes.post("/users/{user}/disable", right="admin", answers=User)
    def disable_user(user: UserPath) -> Any:
        """Let a user in no longer; their decisions stay."""
        return site.workspace.accounts.disable(user)

    @routes.post("/users/{user}/enable", right="admin", answers=User)
    def enable_user(user: UserPath) -> Any:
        """Let a disabled user in again."""
        return site.workspace.accounts.enable(user)

    @routes.post("/users/{user}/end-sessions", right="admin", answers=Ended)
    def end_sessions(user: UserPath) -> Any:
        """End every session of a user."""
        return Ended(ended=site.workspace.accounts.end_sessions(user))

    @routes.delete("/users/{user}", right="admin", answers=Removed)
    def remove_user(user: UserPath) -> Any:
        """Remove a user with their sessions and tokens; their decisions stay."""
        site.workspace.accounts.remove(user)
        return Removed(removed=user)


def _tokens(routes: Routes, site: Site) -> None:
    @routes.get("/tokens", right="read", answers=tuple[Token, ...])
    def list_tokens(user: Annotated[str | None, Query(max_length=200)] = None) -> Any:
        """List one's own tokens; those of another user, or with `user` empty of all, need the right admin."""
        person = current().name
        if user not in {None, person}:
            require("admin")
        wanted = person if user is None else user or None
        return tuple(site.workspace.accounts.tokens(wanted))

    @routes.post("/tokens", right="read", answers=IssuedToken, status=201)
    def issue_token(asked: NewToken) -> Any:
        """Make a token for a program, with at most the role of whoever asks; for another user this needs admin."""
        person = current()
        owner = asked.user or person.name
        if owner != person.name:
            require("admin")
        if lower(asked.role, person.role) != asked.role:
            raise Forbidden(f"you are {person.role}; a token cannot be {asked.role}", hint="Choose a lower role.")
        secret, token = site.workspace.accounts.issue_token(asked.name, user=owner, role=asked.role, days=asked.days)
        return IssuedToken(secret=secret, token=token)

    @routes.delete("/tokens/{token}", right="read", answers=Token)
    def revoke_token(token: TokenPath) -> Any:
        """Let a token count no longer; one of another user needs the right admin."""
        person = current()
        own = None if person.role == "admin" else person.name
        return site.workspace.accounts.revoke_token(token, user=own)
