"""`users` and `tokens`: who may sign in to the server, and which programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tablemend.cli import show
from tablemend.cli.main import Json, app, workspace
from tablemend.errors import NotFound, StateError

if TYPE_CHECKING:
    from tablemend.store.users import User

users = typer.Typer(help="Who may sign in to the server.", no_args_is_help=True, rich_markup_mode=None)
tokens = typer.Typer(help="Which programs may use the server.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(users, name="users")
app.add_typer(tokens, name="tokens")

NameArgument = Annotated[str, typer.Argument(help="Name of the user.")]
RoleArgument = Annotated[str, typer.Argument(help="viewer, reviewer, approver or admin.")]


def _asked() -> str:
    """The password: asked for twice on a terminal, else a line of standard input.

    It is never an argument: those stand in the history of the shell and in the list of processes.
    """
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise StateError("no password was given", hint="Type it on a terminal, or send it on standard input.")
    return line


def _told(user: User, what: str, *, as_json: bool) -> None:
    if as_json:
        show.json(user)
    else:
        show.say(f"{user.name} {what}")


@users.command("list")
def list_users(as_json: Json = False) -> None:
    """List the users with their roles."""
    with workspace(quiet=True) as ws:
        found = ws.accounts.users()
    if as_json:
        show.json(found)
    elif found:
        rows = [(u.name, u.role, _way_in(u), u.created, u.changed) for u in found]
        show.table(("name", "role", "signs in", "created", "changed"), rows)
    else:
        show.say("there are no users: only who starts the server gets in, by the link that it prints")


def _way_in(user: User) -> str:
    if user.disabled:
        return "disabled"
    return "by password" if user.password else "by tokens only"


@users.command()
def add(
    name: NameArgument,
    role: RoleArgument,
    no_password: Annotated[bool, typer.Option("--no-password", help="For programs: only tokens let in.")] = False,
    as_json: Json = False,
) -> None:
    """Add a user; the password is asked for, or read from standard input. The first user is an admin."""
    with workspace(quiet=True) as ws:
        user = ws.accounts.add(name, role, password=None if no_password else _asked())
    _told(user, f"is added as {user.role}", as_json=as_json)


@users.command()
def role(name: NameArgument, role: RoleArgument, as_json: Json = False) -> None:
    """Give a user another role; their sessions end."""
    with workspace(quiet=True) as ws:
        user = ws.accounts.set_role(name, role)
    _told(user, f"is {user.role} now", as_json=as_json)


@users.command()
def password(name: NameArgument, as_json: Json = False) -> None:
    """Give a user a new password, asked for or read from standard input; their sessions end."""
    with workspace(quiet=True) as ws:
        ws.accounts.get(name)
        user = ws.accounts.set_password(name, _asked())
    _told(user, "has a new password", as_json=as_json)


@users.command()
def disable(name: NameArgument, as_json: Json = False) -> None:
    """Let a user in no longer; what they decided stays."""
    with workspace(quiet=True) as ws:
        user = ws.accounts.disable(name)
    _told(user, "is disabled", as_json=as_json)


@users.command()
def enable(name: NameArgument, as_json: Json = False) -> None:
    """Let a disabled user in again."""
    with workspace(quiet=True) as ws:
        user = ws.accounts.enable(name)
    _told(user, "is enabled", as_json=as_json)


@users.command()
def remove(name: NameArgument, as_json: Json = False) -> None:
    """Remove a user with their sessions and tokens; what they decided stays."""
    with workspace(quiet=True) as ws:
        ws.accounts.remove(name)
    if as_json:
        show.json({"removed": name})
    else:
        show.say(f"{name} is removed")


@tokens.command("list")
def list_tokens(
    user: Annotated[str | None, typer.Option("--user", help="Only those of this user.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """List the tokens; their texts are kept nowhere."""
    with workspace(quiet=True) as ws:
        found = ws.accounts.tokens(user)
    if as_json:
        show.json(found)
    elif found:
        rows = [(t.id, t.name, t.user, t.role, t.expires or "never", t.used or "never") for t in found]
        show.table(("id", "name", "user", "role", "expires", "used"), rows)
    else:
        show.say("there are no tokens")


@tokens.command()
def issue(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    user: Annotated[str, typer.Option("--user", help="In whose name it acts.")],
    role: Annotated[
        str | None, typer.Option("--role", help="Highest role; by default the user's.", show_default=False)
    ] = None,
    days: Annotated[float, typer.Option("--days", help="How long it lasts; 0 for ever.")] = 90.0,
    as_json: Json = False,
) -> None:
    """Make a token and print it: it is shown only this once."""
    with workspace(quiet=True) as ws:
        owner = ws.accounts.get(user)
        text, token = ws.accounts.issue_token(name, user=user, role=role or owner.role, days=days or None)
    if as_json:
        show.json({"token": text, "id": token.id, "user": user, "role": token.role, "expires": token.expires})
        return
    typer.echo(text)
    show.say(f"{token.id} acts as {user}, {token.role}" + (f", until {token.expires}" if token.expires else ""))


@tokens.command()
def revoke(token: Annotated[str, typer.Argument(help="Id of the token.")], as_json: Json = False) -> None:
    """Let a token count no longer."""
    with workspace(quiet=True) as ws:
        if not ws.exists:
            raise NotFound(f"there is no token {token}", hint="`tablemend tokens list` lists them.")
        gone = ws.accounts.revoke_token(token)
    if as_json:
        show.json(gone)
    else:
        show.say(f"{gone.id} ({gone.name}) counts no longer")
