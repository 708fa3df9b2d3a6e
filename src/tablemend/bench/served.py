"""A server in a process of its own, and a browser that looks at it."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tablemend.errors import StateError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
"""Of a browser that runs without a screen, as any user, and asks nobody for anything by itself."""

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Server:
    """`tablemend serve` on a folder; a context manager."""

    def __init__(self, folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.arguments = arguments
        self.environment = environment or {}
        self.port = 0  # any that is free; the same one when it is started again
        self.key = ""  # path of the link that lets in once
        self.said = ""
        self.cookies: list[Any] = []  # of a browser that is signed in
        self.process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start, until it answers; StateError with what it said where it does not."""
        self.said = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tablemend", "serve", "--port", str(self.port), *self.arguments],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TABLEMEND_DATA": str(self.folder / ".tablemend"), **self.environment},
        )
        answers = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self.process, answers))
        self._reader.start()
        answers.wait(90)
        found = re.search(r"http://127\.0\.0\.1:(\d+)(/enter\S*)?", self.said)
        if found is None:
            self.stop(kill=True)
            raise StateError(f"the server did not start: {self.said}")
        self.port, self.key = int(found[1]), found[2] or ""

    def _read(self, process: subprocess.Popen[str], answers: threading.Event) -> None:
        lines = process.stderr
        if lines is None:
            return
        with lines:
            for line in lines:
                self.said += line
                if "Ctrl-C" in line:
                    answers.set()
        answers.set()

    def stop(self, *, kill: bool = False) -> None:
        """End it."""
        if self.process is None:
            return
        if kill:
            self.process.kill()
        else:
            self.process.terminate()
        self.process.wait(30)
        if self._reader is not None:
            self._reader.join(10)
        self.process = None

    def url(self, path: str = "/") -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}{path}"


def browser_path() -> str | None:
    """The browser of this computer; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def lacking() -> str:
    """What this computer lacks for looking at pages, in words; empty where it has all."""
    if importlib.util.find_spec("playwright") is None:
        return "there is no Playwright"
    return "" if browser_path() else "there is no Chromium"


@contextmanager
def chromium() -> Iterator[Browser | None]:
    """A browser without a screen; None where this computer has none, or nothing to drive it with."""
    found = browser_path()
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        found = None
    if found is None:
        yield None
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
