"""Users, and how they get in: passwords, sessions, tokens, one-time links."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from tablemend.errors import Conflict, Forbidden, NotFound, SignInRefused, StateError
from tablemend.records import now
from tablemend.review import rights

if TYPE_CHECKING:
    from tablemend.store.sessions import Session
    from tablemend.store.state import Store
    from tablemend.store.tokens import Token
    from tablemend.store.users import User
    from tablemend.workspace.passwords import Passwords
    from tablemend.workspace.state import State

T = TypeVar("T", bound=Any)

PREFIX = "tm_"
"""Beginning of every token, so that scanners for leaked secrets can find them."""

TOUCH = timedelta(minutes=1)
"""How exactly the last request of a session or token is known: a write at each would cost more than it tells."""

LONGEST_NAME = 100
MOST_DAYS = 3_650
_TEXT = 300  # characters kept of how a browser calls itself

_WRONG = "the name or the password is wrong"
_WRONG_HINT = "Check both; an admin can set a new password with `tablemend users password`."


class Accounts:
    """The users of a workspace; what is done to them is audited in the name of who holds the workspace."""

    def __init__(self, workspace: State) -> None:
        self._workspace = workspace

    @property
    def _by(self) -> str:
        return self._workspace.settings.person

    @property
    def _store(self) -> Store:
        return self._workspace.store

    @cached_property
    def passwords(self) -> Passwords:
        """The hashes of passwords."""
        from tablemend.workspace.passwords import Passwords

        return Passwords()

    @property
    def any(self) -> bool:
        """Whether there is a user; without, only the local owner gets in, by a one-time link."""
        return self._workspace.exists and self._store.users.any()

    def users(self) -> list[User]:
        """Every user by name."""
        return self._store.users.all() if self._workspace.exists else []

    def get(self, name: str) -> User:
        """One user; NotFound where there is none."""
        return self._workspace.ready().users.get(name)

    def add(self, name: str, role: str, *, password: str | None = None) -> User:
        """Add a user, the first of all as an admin with a password; without one, only tokens and links let in.

        Raises StateError for a name, role or password that cannot be, Conflict where the name is taken.
        """
        plain, role = _name(name), rights.checked(role)
        hashed = "" if password is None else self.passwords.hash(password)
        store = self._workspace.ready()
        with store.transaction():
            taken = [each.name for each in store.users.all()]
            if plain.casefold() in {each.casefold() for each in taken}:
                raise Conflict(f"there is a user {plain} already", hint="Choose another name, or change that user.")
            if not taken and (role != "admin" or not hashed):
                raise StateError(
                    "the first user must be an admin with a password",
                    hint="Somebody must be able to add the others; add an admin first.",
                )
            store.users.add(plain, role, password=hashed)
            store.audit.write(self._by, "add user", plain, role)
        return store.users.get(plain)

    def set_role(self, name: str, role: str) -> User:
        """Give a user another role; their sessions end. StateError for the last admin."""
        with self._changing(name, demotes=rights.checked(role) != "admin") as before:
            if before.role == role:
                raise StateError(f"{name} is {role} already", hint="Nothing was changed.")
            self._store.users.change(name, role=role)
            self._log("set role", name, f"{before.role} to {role}")
        return self.get(name)

    def set_password(self, name: str, password: str, *, but: str | None = None) -> User:
        """Give a user a new password; their sessions end, save that of the secret `but`."""
        hashed = self.passwords.hash(password)
        with self._changing(name, but=but):
            self._store.users.change(name, password=hashed)
            self._log("set password", name)
        return self.get(name)

    def renew_password(self, old: str, new: str) -> User:
        """Give whoever holds the workspace a new password; their sessions end.

        SignInRefused where they have a password and `old` is another.
        """
        hashed = self._workspace.ready().users.hashed(self._by)
        if hashed and not self.passwords.matches(hashed, old):
            self._log("password refused", self._by)
            raise SignInRefused("the present password is wrong", hint="Nothing was changed.")
        return self.set_password(self._by, new)

    def disable(self, name: str) -> User:
        """Let a user in no longer; their decisions stay. StateError for the last admin."""
        with self._changing(name, demotes=True) as before:
            if before.disabled:
                raise StateError(f"{name} is disabled already", hint="Nothing was changed.")
            self._store.users.change(name, disabled=True)
            self._log("disable user", name)
        return self.get(name)

    def enable(self, name: str) -> User:
        """Let a disabled user in again."""
        with self._changing(name) as before:
            if not before.disabled:
                raise StateError(f"{name} is not disabled", hint="Nothing was changed.")
            self._store.users.change(name, disabled=False)
            self._log("enable user", name)
        return self.get(name)

    def remove(self, name: str) -> None:
        """Remove a user with their sessions and tokens; their decisions stay. StateError for the last admin."""
        with self._changing(name, demotes=True):
            self._store.tokens.remove_all(name)
            self._store.users.remove(name)
            self._log("remove user", name)

    @contextmanager
    def _changing(self, name: str, *, demotes: bool = False, but: str | None = None) -> Iterator[User]:
        """Around a change of a user, as one transaction that also ends their sessions."""
        store = self._workspace.ready()
        with store.transaction():
            before = store.users.get(name)
            if demotes and _governs(before) and not any(_governs(e) for e in store.users.all() if e.name != name):
                raise StateError(f"{name} is the last admin", hint="Make somebody else an admin first.")
            yield before
            store.sessions.end_all(name, but=but)

    def _log(self, action: str, subject: str, detail: str = "") -> None:
        self._store.audit.write(self._by, action, subject, detail)

    def sign_in(self, name: str, password: str, *, address: str = "", agent: str = "") -> str:
        """Begin a session; the secret of its cookie. SignInRefused where name and password do not fit.

        Whether the user exists is told neither by the message nor by the time taken.
        """
        store, plain = self._workspace.ready(), unicodedata.normalize("NFC", name).strip()
        hashed = store.users.hashed(plain)
        fits = self.passwords.matches(hashed, password)
        user = store.users.find(plain)
        if user is None or not fits or user.disabled:
            # an unknown name is not kept: it may be a password typed in the wrong field
            store.audit.write(user.name if user else "unknown", "sign-in refused", address)
            raise SignInRefused(_WRONG, hint=_WRONG_HINT)
        if self.passwords.outdated(hashed):
            store.users.change(user.name, password=self.passwords.hash(password))
        return self._begin(user.name, "", address=address, agent=agent)

    def enter(self, name: str, role: str, *, address: str = "", agent: str = "") -> str:
        """Begin a session of whoever came by a one-time link; the secret of its cookie."""
        return self._begin(name, rights.checked(role), address=address, agent=agent)

    def _begin(self, name: str, role: str, *, address: str, agent: str) -> str:
        from tablemend.store.sessions import Session

        store, when, secret = self._workspace.ready(), now(), secrets.token_urlsafe(32)
        session = Session(
            user=name,
            role=role,
            created=when,
            seen=when,
            expires=when + timedelta(seconds=self._workspace.settings.session_lifetime),
            address=address,
            agent=_printable(agent)[:_TEXT],
        )
        with store.transaction():
            store.sessions.begin(secret, session)
            store.audit.write(name, "sign in", address, "by one-time link" if role else "by password")
        return secret

    def session(self, secret: str) -> Session | None:
        """The session of a secret with the role that it has now; None where it has ended."""
        if not self._workspace.exists:
            return None
        found = self._store.sessions.find(secret)
        idle = timedelta(seconds=self._workspace.settings.session_idle)
        if found is None or found.expires <= now() or now() - found.seen > idle:
            return None
        role = self._role(found.user, found.role)
        return None if role is None else _with_role(found, role)

    def _role(self, name: str, given: str) -> str | None:
        """The role of a user, at most the given one; None where they may not come in."""
        user = self._store.users.find(name)
        if user is None:
            return given or None
        if user.disabled:
            return None
        return rights.lower(given, user.role) if given else user.role

    def touch(self, secret: str, session: Session) -> None:
        """Note a request of a session, where the last that is noted lies back far enough."""
        if now() - session.seen >= TOUCH:
            self._store.sessions.touch(secret)

    def sign_out(self, secret: str) -> None:
        """End a session; of one that has ended already, nothing is left to do."""
        store = self._workspace.ready()
        found = store.sessions.find(secret)
        if found is not None:
            with store.transaction():
                store.sessions.end(secret)
                store.audit.write(found.user, "sign out", found.address)

    def sessions(self, name: str | None = None) -> list[Session]:
        """Sessions of a user, or of all, newest first; some may have expired."""
        return self._workspace.ready().sessions.of(name)

    def end_sessions(self, name: str) -> int:
        """End every session of a user; how many there were. NotFound where there was none."""
        store = self._workspace.ready()
        with store.transaction():
            ended = store.sessions.end_all(name)
            if not ended:
                raise NotFound(f"{name} has no session", hint="Nobody of that name is signed in.")
            self._log("end sessions", name, str(ended))
        return ended

    def issue_token(self, name: str, *, user: str, role: str, days: float | None = 90) -> tuple[str, Token]:
        """Make a token for a program, in the name of a user: the text, shown only now, and what is kept.

        Raises Forbidden where the role is higher than the user's.
        """
        from tablemend.store.tokens import Token

        if days is not None and not 0 < days <= MOST_DAYS:
            raise StateError(f"a token cannot last {days:g} days", hint=f"It lasts up to {MOST_DAYS:,} days.")
        owner = self.get(user)
        if rights.lower(rights.checked(role), owner.role) != role:
            raise Forbidden(f"{user} is {owner.role}; a token of theirs cannot be {role}", hint="Choose a lower role.")
        secret = PREFIX + secrets.token_urlsafe(32)
        token = Token(
            id="t-" + secrets.token_hex(4),
            name=_name(name, "token"),
            user=user,
            role=role,
            created=now(),
            expires=None if days is None else now() + timedelta(days=days),
        )
        store = self._workspace.ready()
        with store.transaction():
            store.tokens.add(secret, token)
            self._log("issue token", token.id, f"{token.name}, {user}, {role}")
        return secret, token

    def token(self, secret: str) -> Token | None:
        """The token of a text with the role that it has now; None where it does not count, or no longer."""
        if not secret.startswith(PREFIX) or not self._workspace.exists:
            return None
        found = self._store.tokens.find(secret)
        if found is None or (found.expires is not None and found.expires <= now()):
            return None
        user = self._store.users.find(found.user)
        if user is None or user.disabled:
            return None
        return _with_role(found, rights.lower(found.role, user.role))

    def used(self, token: Token) -> None:
        """Note a use of a token, where the last that is noted lies back far enough."""
        if token.used is None or now() - token.used >= TOUCH:
            self._store.tokens.touch(token.id)

    def tokens(self, user: str | None = None) -> list[Token]:
        """Tokens of a user, or of all, oldest first."""
        return self._store.tokens.of(user) if self._workspace.exists else []

    def revoke_token(self, token: str, *, user: str | None = None) -> Token:
        """Let a token count no longer; given a user, only one of theirs. NotFound where there is none."""
        store = self._workspace.ready()
        with store.transaction():
            found = store.tokens.get(token)
            if user is not None and found.user != user:
                raise NotFound(f"{user} has no token {token}", hint="Only an admin revokes tokens of others.")
            store.tokens.remove(token)
            self._log("revoke token", token, f"{found.name}, {found.user}")
        return found


def _governs(user: User) -> bool:
    """Whether a user can sign in and look after the others."""
    return user.role == "admin" and not user.disabled and user.password


def _with_role(record: T, role: str) -> T:
    from msgspec.structs import replace

    return replace(record, role=role)


def _printable(text: str) -> str:
    return "".join(each for each in text if each.isprintable())


def _name(text: str, what: str = "user") -> str:
    """A name as it is kept; StateError for one that could not be told from others or from a gate."""
    plain = unicodedata.normalize("NFC", text).strip()
    if not plain or len(plain) > LONGEST_NAME or plain != _printable(plain) or (what == "user" and ":" in plain):
        raise StateError(
            f"{plain[:LONGEST_NAME]!r} cannot be the name of a {what}",
            hint=f"Take 1 to {LONGEST_NAME} characters, without control characters"
            + (" or :." if what == "user" else "."),
        )
    return plain
