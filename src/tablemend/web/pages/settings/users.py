"""Users and the tokens of all: added, given roles and passwords, let in no longer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import html

from tablemend.review.rights import ROLES
from tablemend.store.users import User
from tablemend.web.address import Address
from tablemend.web.components import basics, forms, marks
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.identity import require
from tablemend.web.pages.settings import tokens
from tablemend.web.site import Site


def draw(site: Site, address: Address) -> Any:
    """Everybody, and the one that the address names in full."""
    require("admin")
    accounts = site.workspace.accounts
    found = accounts.users()
    chosen = next((each for each in found if each.name == address.query.get("name")), None)
    rows = [_row(each, len(accounts.sessions(each.name))) for each in found]
    none = "There are no users: only whoever starts the server gets in, by a one-time link. The first user is an admin."
    head = ("User", "Role", "Password", "State", "Sessions", "Since", "")
    return [
        basics.table(head, rows, label="Users", numbers=(4,)) if rows else html.P(none, className="tm-note"),
        html.Div([_one(chosen) if chosen else None, _form(first=not found)], className="tm-columns"),
        basics.section("Tokens of all", tokens.table(accounts.tokens(), "token-revoke")),
        _token_form(found) if found else None,
    ]


def _row(each: User, sessions: int) -> tuple[Any, ...]:
    return (
        html.Strong(each.name),
        each.role,
        "yes" if each.password else "none",
        marks.tag("disabled", kind="warning") if each.disabled else marks.tag("active", kind="completed"),
        f"{sessions:,}",
        basics.when(each.created),
        basics.link_button("Change", f"/settings?part=users&name={_quoted(each.name)}"),
    )


def _quoted(name: str) -> str:
    from urllib.parse import quote

    return quote(name, safe="")


def _one(each: User) -> Any:
    turn = ("user-enable", "Let in again") if each.disabled else ("user-disable", "Let in no longer")
    return basics.section(
        f"Change {each.name}",
        html.Div(
            [
                forms.choice("settings", "change-role", "Role", ROLES, each.role),
                html.Div(forms.button("settings", "user-role", "Set role", key=each.name), className="tm-actions"),
                forms.password("settings", "change-password", "New password", description="At least 10 characters"),
                html.Div(
                    forms.button("settings", "user-password", "Set password", key=each.name), className="tm-actions"
                ),
                html.Div(
                    [
                        forms.button("settings", "user-sessions", "End all sessions", key=each.name),
                        forms.button("settings", turn[0], turn[1], key=each.name),
                        forms.confirmed(
                            "settings", "user-remove", "Remove", "Tokens go too, decisions stay.", key=each.name,
                            sure=f"Remove {each.name}",
                        ),
                    ],
                    className="tm-actions",
                ),
            ],
            className="tm-form",
        ),
    )  # fmt: skip


def _form(*, first: bool) -> Any:
    return basics.section(
        "New user",
        html.Div(
            [
                forms.text("settings", "user", "Name"),
                forms.choice("settings", "role", "Role", ROLES, "admin" if first else "reviewer"),
                forms.password("settings", "password", "Password", description="At least 10 characters"),
                html.Div(forms.button("settings", "user-add", "Add", primary=True), className="tm-actions"),
            ],
            className="tm-form",
        ),
    )


def _token_form(found: list[User]) -> Any:
    names = [each.name for each in found]
    return basics.section(
        "New token",
        html.Div(
            [
                forms.text("settings", "token", "What it is for"),
                forms.choice("settings", "token-user", "In the name of", names, names[0]),
                forms.choice("settings", "token-role", "Role, at most", ROLES, "viewer"),
                forms.text("settings", "days", "Days that it lasts", "90"),
                html.Div(forms.button("settings", "token-issue", "Issue", primary=True), className="tm-actions"),
            ],
            className="tm-form",
        ),
    )


def _add(site: Site, asked: Asked) -> Done:
    password = str(asked.fields.get("password") or "") or None
    made = site.workspace.accounts.add(asked.text("user"), asked.text("role"), password=password)
    return Done(title=f"Added {made.name}", message=f"as {made.role}")


def _role(site: Site, asked: Asked) -> Done:
    made = site.workspace.accounts.set_role(asked.key, asked.text("change-role"))
    return Done(title=f"{made.name} is {made.role} now", message="Their sessions have ended.")


def _password(site: Site, asked: Asked) -> Done:
    site.workspace.accounts.set_password(asked.key, str(asked.fields.get("change-password") or ""))
    return Done(title=f"{asked.key} has a new password", message="Their sessions have ended.")


def _does(verb: str, said: str) -> Callable[[Site, Asked], Done]:
    def run(site: Site, asked: Asked) -> Done:
        getattr(site.workspace.accounts, verb)(asked.key)
        return Done(title=f"{asked.key} {said}")

    return run


def _issue(site: Site, asked: Asked) -> Done:
    text, token = site.workspace.accounts.issue_token(
        asked.text("token"), user=asked.text("token-user"), role=asked.text("token-role"), days=tokens.days(asked)
    )
    return Done(shown=tokens.secret(text, token))


def _revoke(site: Site, asked: Asked) -> Done:
    gone = site.workspace.accounts.revoke_token(asked.key)
    return Done(title=f"Revoked {gone.name}", message=f"of {gone.user}")


ACTIONS = {
    "user-add": Action(run=_add, blames="user"),
    "user-role": Action(run=_role, blames="change-role"),
    "user-password": Action(run=_password, blames="change-password"),
    "user-disable": Action(run=_does("disable", "is let in no longer")),
    "user-enable": Action(run=_does("enable", "is let in again")),
    "user-sessions": Action(run=_does("end_sessions", "is signed out everywhere")),
    "user-remove": Action(run=_does("remove", "is removed")),
    "token-issue": Action(run=_issue, blames="token"),
    "token-revoke": Action(run=_revoke),
}
