"""Measuring in a browser, by its own clock: from an address or a click until something can be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tablemend.bench.served import Server, chromium, lacking
from tablemend.errors import StateError
from tablemend.workspace import Workspace
from tablemend.workspace import open as open_workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PATIENCE = 30_000
"""Milliseconds after which what does not come is an error."""

_WAIT = """
async ({click, type, until, text, gone, origin, patience}) => {
  const found = (selector) => Array.from(document.querySelectorAll(selector)).filter((e) => e.getClientRects().length);
  const there = () => {
    const seen = found(until).some((each) => !text || new RegExp(text).test(each.textContent));
    return gone ? !seen : seen;
  };
  const started = origin ? 0 : performance.now();
  if (type !== null) {
    const field = found(click)[0];
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, type);
    field.dispatchEvent(new Event("input", {bubbles: true}));
  } else if (click) found(click)[0].click();
  while (!there()) {
    if (performance.now() - started > patience) return null;
    await new Promise(requestAnimationFrame);
  }
  await new Promise(requestAnimationFrame);
  return (performance.now() - started) / 1000;
}
"""
"""Looks at every frame; one more is waited for, so that what is there has been drawn."""

_FETCH = """
async (path) => {
  const started = performance.now();
  const answer = await fetch(path);
  await answer.json();
  return [(performance.now() - started) / 1000, answer.status];
}
"""


class Visitor:
    """Somebody at a browser of their own, whose cache is empty at first."""

    def __init__(self, context: BrowserContext, server: Server) -> None:
        self.context = context
        self.server = server
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.errors: list[str] = []
        context.on("weberror", lambda error: self.errors.append(str(error.error)))

    def load(self, path: str, until: str, *, text: str = "") -> float:
        """Seconds from asking for an address until something is seen."""
        self.page.goto(path if path.startswith("http") else self.server.url(path), wait_until="commit")
        return self._waited(until, text=text, origin=True)

    def click(self, selector: str, until: str, *, text: str = "", gone: bool = False) -> float:
        """Seconds from a click on what is seen first of a choice until something is seen, or is no longer."""
        return self._waited(until, text=text, click=selector, gone=gone)

    def type(self, selector: str, typed: str, until: str, *, text: str = "") -> float:
        """Seconds from a text in a field until something is seen."""
        return self._waited(until, text=text, click=selector, type=typed)

    def wait(self, until: str, *, text: str = "", gone: bool = False) -> float:
        """Seconds from now until something is seen, or is no longer."""
        return self._waited(until, text=text, gone=gone)

    def fetch(self, path: str) -> float:
        """Seconds until the page has read the whole answer to a request of its own."""
        spent, status = self.page.evaluate(_FETCH, path)
        if status != 200:
            raise StateError(f"{path} was answered with {status}")
        return float(spent)

    def _waited(self, until: str, **given: Any) -> float:
        asked = {"click": None, "type": None, "text": "", "gone": False, "origin": False, "patience": PATIENCE}
        found = self.page.evaluate(_WAIT, {**asked, "until": until, **given})
        if self.errors:
            raise StateError(f"the page met an error: {self.errors[0]}")
        if found is None:
            what = f"{until} {given.get('text') or ''}".strip()
            raise StateError(f"{what} was not seen within {PATIENCE / 1000:.0f} s", hint=self._seen())
        return float(found)

    def _seen(self) -> str:
        return f"The page {self.page.url} shows: {self.page.inner_text('body')[:300]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


class Watched:
    """A state that is served, and the browser that looks at it."""

    def __init__(self, workspace: Workspace, server: Server, browser: Browser) -> None:
        self.workspace = workspace
        self.server = server
        self._browser = browser

    def visitor(self, secret: str = "") -> Visitor:
        """Somebody whose browser has nothing in its cache, signed in by the link of the server or by a session."""
        visitor = Visitor(self._browser.new_context(viewport={"width": 1280, "height": 800}), self.server)
        if secret:
            cookie = {"name": f"tablemend_{self.server.port}", "value": secret, "url": self.server.url()}
            visitor.context.add_cookies([cookie])  # type: ignore[list-item]
        elif self.server.cookies:
            visitor.context.add_cookies(self.server.cookies)
        else:
            visitor.page.goto(self.server.url(self.server.key))
            self.server.cookies = visitor.context.cookies()
        return visitor


@contextmanager
def watching(folder: Path, prepare: Callable[[Workspace], object]) -> Iterator[Watched]:
    """A state that is prepared in a folder, then served; StateError where there is no browser."""
    lacks = lacking()
    if lacks:
        raise StateError(f"pages cannot be looked at: {lacks}")
    with open_workspace(folder / ".tablemend") as workspace:
        prepare(workspace)
        with chromium() as browser, Server(folder) as server:
            assert browser is not None
            yield Watched(workspace, server, browser)
