"""Benchmarks that this computer cannot run are skipped with a word."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Call = Callable[..., tuple[int, str, str]]


def test_without_a_browser_its_cases_are_skipped_and_say_so(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    code, out, err = call("bench", "web.*", "--json")
    assert (code, out.strip()) == (0, "[]")
    skipped = [line for line in err.splitlines() if "skipped" in line]
    assert [line.split(":")[0] for line in skipped] == [
        "web.first_load", "web.items_10k", "web.filter", "web.first_progress", "web.heal_click", "web.users_20",
    ]  # fmt: skip
    assert all(line.endswith(("there is no Chromium", "there is no Playwright")) for line in skipped)
