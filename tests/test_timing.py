"""How long the server takes to answer: by name, bounded, without values."""

import asyncio
import logging
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.types import ASGIApp

import served_helpers as helpers
from tablemend.web import timing
from tablemend.web.app import create
from tablemend.web.jobs.watch import Watch
from tablemend.web.security import OneTimeLinks, SecurityOptions
from tablemend.web.timing import OTHER, TARGETS, Times, outputs

BODY = {
    "output": "..page.children...who.children..",
    "outputs": [{"id": "page", "property": "children"}, {"id": "who", "property": "children"}],
    "inputs": [{"id": "address", "property": "pathname", "value": "/no-such-page"}],
    "changedPropIds": ["address.pathname"],
    "state": [{"id": "address", "property": "search", "value": ""}],
}


async def _ask(app: ASGIApp, run: str, cookies: dict[str, str]) -> int:
    own = {"Origin": "http://localhost"}
    async with AsyncClient(transport=ASGITransport(app), base_url="http://localhost", cookies=cookies) as client:
        assert (await client.get("/")).status_code == 200
        await client.get("/settings?part=somebody")
        assert (await client.get(f"/data/items/{run}")).status_code == 200
        return (await client.post("/_dash-update-component", json=BODY, headers=own)).status_code


def test_answers_are_counted_by_name(tmp_path: Path) -> None:
    site = helpers.site(tmp_path)
    options = SecurityOptions()
    app = create(site, Watch(site.base), OneTimeLinks(), options)
    cookies = {options.cookie: site.base.accounts.enter("owner", "admin")}
    assert asyncio.run(_ask(app, site.base.run().id, cookies)) == 200
    found = {(each.kind, each.name): each for each in site.times.report()}
    assert found["page", "frame"].count == 2
    assert found["callback", "page.children, who.children"].failed == 0
    assert found["endpoint", "GET /data/items/{run}"].count == 1
    assert all("somebody" not in name for _, name in found)
    site.base.close()


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
