"""How long the server takes to answer: by name, bounded, without values."""

import logging

import pytest

from tablemend.web import timing
from tablemend.web.timing import OTHER, TARGETS, Times, outputs

BODY = {
    "output": "..page.children...who.children..",
    "outputs": [{"id": "page", "property": "children"}, {"id": "who", "property": "children"}],
    "inputs": [{"id": "address", "property": "pathname", "value": "/no-such-page"}],
    "changedPropIds": ["address.pathname"],
    "state": [{"id": "address", "property": "search", "value": ""}],
}


def test_slow_answers_are_kept_and_logged_without_values(caplog: pytest.LogCaptureFixture) -> None:
    times = Times()
    with caplog.at_level(logging.WARNING, logger=timing.__name__):
        times.note("callback", "grid.rowData", TARGETS["callback"] + 1)
        times.note("callback", "grid.rowData", TARGETS["callback"] / 2)
    assert [each.name for each in times.slow()] == ["grid.rowData"]
    assert caplog.messages == ["slow callback: grid.rowData took 1300 ms"]
    (found,) = times.report()
    assert not found.met
    assert found.count == 2


def test_memory_is_bounded() -> None:
    times = Times()
    for number in range(timing.NAMES + timing.SLOW + 1):
        times.note("endpoint", f"GET /{number}", 9.0, failed=True)
    found = times.report()
    assert len(found) == timing.NAMES + 1
    assert next(each for each in found if each.name == OTHER).failed == timing.SLOW + 1
    assert len(times.slow()) == timing.SLOW


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("..page.children...who.children..", "page.children, who.children"),
        ("grid.rowData", "grid.rowData"),
        ("notices.sendNotifications@0123abc", "notices.sendNotifications"),
        ("", OTHER),
    ],
)
def test_outputs_read_well(text: str, name: str) -> None:
    assert outputs(text) == name
