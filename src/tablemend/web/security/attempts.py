"""How often signing in may fail."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque

WINDOW = 15 * 60.0
"""Seconds for which a failure counts."""

PER_ACCOUNT = 10
PER_ADDRESS = 30
"""Failures within the window; NIST SP 800-63B allows up to 100 in a row."""

MOST = 10_000
"""Accounts and addresses that are remembered, so that made-up names cannot fill the memory."""


class Attempts:
    """Failures within a sliding window, for each key; those not seen for longest are forgotten first."""

    def __init__(self, limit: int, *, window: float = WINDOW, most: int = MOST) -> None:
        self.limit, self.window, self.most = limit, window, most
        self._taken: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, *, at: float | None = None) -> float:
        """Count an attempt as failed until it turns out otherwise; 0, or the seconds until one is allowed.

        Counted before the password is compared: many attempts at the same moment must not all slip through.
        """
        moment = time.monotonic() if at is None else at
        with self._lock:
            taken = self._recent(key, moment)
            if len(taken) >= self.limit:
                return max(taken[0] + self.window - moment, 0.0)
            taken.append(moment)
            self._taken[key] = taken
            self._taken.move_to_end(key)
            self._let_go(moment)
        return 0.0

    def give_back(self, key: str) -> None:
        """Let the newest attempt of a key not count: it was good."""
        with self._lock:
            if taken := self._taken.get(key):
                taken.pop()

    def forget(self, key: str) -> None:
        """Let the attempts of a key count no longer, after a success."""
        with self._lock:
            self._taken.pop(key, None)

    def _let_go(self, moment: float) -> None:
        """Forget whoever's newest attempt counts no longer; they stand in front, as the last ones are put behind."""
        while self._taken:
            first = next(iter(self._taken.values()))
            if len(self._taken) <= self.most and first and first[-1] > moment - self.window:
                return
            self._taken.popitem(last=False)

    def _recent(self, key: str, moment: float) -> deque[float]:
        found = self._taken.get(key, deque())
        while found and found[0] <= moment - self.window:
            found.popleft()
        return found
