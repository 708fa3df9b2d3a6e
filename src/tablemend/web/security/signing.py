"""Signing in as a whole: how often it may fail, and whom it lets in."""

from __future__ import annotations

import ipaddress
import math
import unicodedata

from tablemend.errors import SignInRefused, TooManyAttempts
from tablemend.records import Record
from tablemend.web.security.attempts import PER_ACCOUNT, PER_ADDRESS, Attempts
from tablemend.web.security.links import OneTimeLinks
from tablemend.workspace import Workspace


class Visitor(Record, frozen=True, kw_only=True):
    """A browser at the door."""

    address: str
    agent: str  # as it calls itself
    session: str = ""  # secret of the session that it has so far


class SigningIn:
    """Lets people in by password or by one-time link; a session that they have so far ends."""

    def __init__(self, workspace: Workspace, links: OneTimeLinks) -> None:
        self._accounts = workspace.accounts
        self._links = links
        self._by_account = Attempts(PER_ACCOUNT)
        self._by_address = Attempts(PER_ADDRESS)

    @property
    def by_password(self) -> bool:
        """Whether there is anybody who could sign in by password."""
        return self._accounts.any

    def password(self, name: str, password: str, visitor: Visitor) -> str:
        """The secret of a new session; raises SignInRefused or TooManyAttempts."""
        account = unicodedata.normalize("NFC", name).strip().casefold()[:100]
        address = network(visitor.address)
        self._take(address, account)
        secret = self._accounts.sign_in(name, password, address=visitor.address, agent=visitor.agent)
        self._by_account.forget(account)
        self._by_address.give_back(address)
        self._end(visitor)
        return secret

    def link(self, key: str, visitor: Visitor) -> str:
        """The secret of a new session of whom a one-time link lets in; raises SignInRefused or TooManyAttempts."""
        address = network(visitor.address)
        self._take(address)
        found = self._links.redeem(key)
        if found is None:
            raise SignInRefused(
                "the link was used already, or is too old", hint="Start the server again, or ask for a new link."
            )
        self._by_address.give_back(address)
        secret = self._accounts.enter(found.name, found.role, address=visitor.address, agent=visitor.agent)
        self._end(visitor)
        return secret

    def out(self, secret: str) -> None:
        """End a session."""
        self._accounts.sign_out(secret)

    def _end(self, visitor: Visitor) -> None:
        if visitor.session:
            self._accounts.sign_out(visitor.session)

    def _take(self, address: str, account: str = "") -> None:
        wait = self._by_address.take(address) or (self._by_account.take(account) if account else 0.0)
        if wait:
            minutes = math.ceil(wait / 60)
            raise TooManyAttempts(
                "too many sign-ins failed",
                wait=wait,
                hint=f"Wait {minutes} minute{'s' if minutes > 1 else ''}, or ask an admin for a new password.",
            )


def network(address: str) -> str:
    """What counts as one address: of IPv6 the network, since whoever has one address has all of it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:  # a socket of this computer has a name instead
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(getattr(found, "ipv4_mapped", None) or found)
