"""What a page of the server asks for, as the browser counts it below its cache."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page


class Traffic:
    """Counts requests that go out to the server, and the bytes that come back, since the last `begin`."""

    def __init__(self, page: Page) -> None:
        self.asked: dict[str, str] = {}  # id of a request that went out → what it asks for
        self.bytes = 0
        session = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.requestServedFromCache", self._kept)
        session.on("Network.responseReceived", self._answered)
        session.on("Network.loadingFinished", self._came)
        session.send("Network.enable")

    def begin(self) -> None:
        """Count anew."""
        self.asked, self.bytes = {}, 0

    @property
    def callbacks(self) -> list[str]:
        """The requests that are callbacks of Dash."""
        return [each for each in self.asked.values() if "_dash-update-component" in each]

    @property
    def requests(self) -> int:
        """How many requests went out; images that are part of a page do not."""
        return len(self.asked)

    def _sent(self, event: dict[str, Any]) -> None:
        request = event["request"]
        if request["url"].startswith("http"):
            self.asked[event["requestId"]] = f"{request['method']} {request['url']} {request.get('postData', '')[:300]}"

    def _kept(self, event: dict[str, Any]) -> None:
        self.asked.pop(event["requestId"], None)

    def _answered(self, event: dict[str, Any]) -> None:
        if event["response"].get("fromDiskCache"):
            self._kept(event)

    def _came(self, event: dict[str, Any]) -> None:
        self.bytes += int(event["encodedDataLength"])
