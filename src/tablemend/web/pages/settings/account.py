"""One's own account: password, tokens, and where one is signed in."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.review.rights import ROLES
from tablemend.store.sessions import Session
from tablemend.store.users import User
from tablemend.web.address import Address
from tablemend.web.components import basics, forms
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.identity import current
from tablemend.web.pages.settings import tokens
from tablemend.web.site import Site

_WAYS = {"link": "a one-time link", "password": "a password", "token": "a token"}


def draw(site: Site, address: Address) -> Any:
    """Who one is here, and what can be changed of it."""
    del address
    me, accounts = current(), site.workspace.accounts
    user = next((each for each in accounts.users() if each.name == me.name), None)
    facts = basics.facts(("name", me.name), ("role", me.role), ("signed in by", _WAYS[me.via]))
    sessions = accounts.sessions(me.name)
    return [
        html.Div([basics.section("Me", facts), _password(user)], className="tm-columns"),
        basics.section("Where I am signed in", _sessions(sessions)),
        *(_tokens(accounts.tokens(me.name), user) if user else ()),
    ]


def _password(user: User | None) -> Any:
    if user is None:
        text = "You are not among the users, so there is no password: whoever starts the server gets in by a link."
        return basics.section("Password", html.P(text, className="tm-note"))
    return basics.section(
        "Password",
        html.Div(
            [
                forms.password("settings", "old-password", "Present password", new=False) if user.password else None,
                forms.password("settings", "own-password", "New password", description="At least 10 characters"),
                html.Div(forms.button("settings", "own-password", "Change", primary=True), className="tm-actions"),
            ],
            className="tm-form",
        ),
        note="You are signed out everywhere and sign in again.",
    )


def _sessions(found: list[Session]) -> Any:
    rows = [
        (each.agent or "unknown", each.address, basics.when(each.created), basics.when(each.seen)) for each in found
    ]
    table = basics.table(("Browser", "From", "Since", "Last request"), rows, label="My sessions")
    end = forms.confirmed(
        "settings", "own-sessions", "Sign out everywhere", "This browser is signed out too.", sure="Yes, sign out"
    )
    return html.Div([table, html.Div(end, className="tm-section-head")])


def _tokens(found: list[Any], user: User) -> tuple[Any, ...]:
    roles = ROLES[: ROLES.index(user.role) + 1]
    form = html.Div(
        [
            forms.text("settings", "token", "What it is for"),
            forms.choice("settings", "token-role", "Role, at most", roles, roles[0]),
            forms.text("settings", "days", "Days that it lasts", "90"),
            html.Div(forms.button("settings", "own-token", "Issue", primary=True), className="tm-actions"),
        ],
        className="tm-form",
    )
    return basics.section("My tokens", tokens.table(found, "own-revoke")), basics.section("New token", form)


def _change(site: Site, asked: Asked) -> Done:
    old, new = (str(asked.fields.get(name) or "") for name in ("old-password", "own-password"))
    site.workspace.accounts.renew_password(old, new)
    return Done(title="Your password is changed", message="Sign in again with it.", redraw=False)


def _end(site: Site, asked: Asked) -> Done:
    del asked
    ended = site.workspace.accounts.end_sessions(current().name)
    return Done(title=f"{ended:,} sessions ended", message="Sign in again to go on.", redraw=False)


def _issue(site: Site, asked: Asked) -> Done:
    text, token = site.workspace.accounts.issue_token(
        asked.text("token"), user=current().name, role=asked.text("token-role"), days=tokens.days(asked)
    )
    return Done(shown=tokens.secret(text, token))


def _revoke(site: Site, asked: Asked) -> Done:
    gone = site.workspace.accounts.revoke_token(asked.key, user=current().name)
    return Done(title=f"Revoked {gone.name}")


ACTIONS = {
    "own-password": Action(run=_change, right="read", blames="own-password"),
    "own-sessions": Action(run=_end, right="read"),
    "own-token": Action(run=_issue, right="read", blames="token"),
    "own-revoke": Action(run=_revoke, right="read"),
}
