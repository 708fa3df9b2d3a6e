"""Hashes of passwords: Argon2id with the parameters of RFC 9106 for limited memory."""

from __future__ import annotations

import threading
import unicodedata
from functools import cached_property
from typing import TYPE_CHECKING

from tablemend.errors import StateError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 10
"""Characters of a password. NIST SP 800-63B asks for length and against rules of composition."""

LONGEST = 1_000
"""Characters of a password; without a limit, a sign-in could be made to hash megabytes."""

AT_ONCE = 2
"""Hashes that are computed at once: each takes 64 MiB, and many sign-ins must not take all memory."""


class Passwords:
    """Makes and compares hashes of passwords."""

    def __init__(self) -> None:
        self._room = threading.BoundedSemaphore(AT_ONCE)

    def hash(self, password: str) -> str:
        """The hash of a new password; StateError for one that is too short or too long."""
        plain = _plain(password)
        if len(plain) < SHORTEST:
            raise StateError(
                f"the password has {len(plain)} characters; it needs at least {SHORTEST}",
                hint="Take a sentence, or let a password manager make one.",
            )
        if len(plain) > LONGEST:
            raise StateError(f"the password has more than {LONGEST} characters", hint="Take a shorter one.")
        with self._room:
            return self._hasher.hash(plain)

    def matches(self, hashed: str, password: str) -> bool:
        """Whether a password is that of a hash; an empty hash takes as long as any and never matches."""
        from argon2.exceptions import InvalidHashError, VerificationError

        plain = _plain(password)
        if len(plain) > LONGEST:
            return False
        with self._room:
            try:
                return self._hasher.verify(hashed or self._nobody, plain) and bool(hashed)
            except (VerificationError, InvalidHashError):
                return False

    def outdated(self, hashed: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(hashed)

    def warm(self) -> None:
        """Get ready, so that the first sign-in takes no longer than others, whoever it is for."""
        self._nobody  # noqa: B018

    @cached_property
    def _hasher(self) -> PasswordHasher:
        from argon2 import PasswordHasher

        return PasswordHasher()

    @cached_property
    def _nobody(self) -> str:
        """Compared with where there is no user, so that the time taken does not tell who is one."""
        import secrets

        return self._hasher.hash(secrets.token_urlsafe(32))


def _plain(password: str) -> str:
    """The same characters, however the keyboard composed them (RFC 8265)."""
    return unicodedata.normalize("NFC", password)
