"""The examples of the documentation: each page is run from top to bottom in a folder of its own.

Run as a script, it writes the outputs of the pages named (by default all) anew.

A page may hold `console` blocks (`$ command`, then its output), `pycon` blocks (`>>> statement`, then its output),
and code blocks whose caption names a file to write. `...` in an output stands for anything. Ids that the tool gives
differ from run to run: an id in an output matches any id, and later commands mean the one that stood there. A
time of day matches any.
"""

from __future__ import annotations

import code
import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from doctest import ELLIPSIS, OutputChecker
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted(path for path in ROOT.glob("docs/**/*.md") if "_build" not in path.parts)]
_BLOCK = re.compile(
    r"^```(?:(?P<kind>console|pycon)|\{code-block\} \w+\n:caption: (?P<file>\S+)\n)\n?(?P<body>.*?)^```$", re.M | re.S
)
_ID = re.compile(r"\b[irc][0-9a-f]{8,10}\b")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?")
_CHECKER = OutputChecker()
_PATIENT = {"TABLEMEND_SLOW_QUERY_SECONDS": "600"}
"""On a busy machine every query is slow, and a page does not show that one was."""


@dataclass
class Example:
    """One command or statement with the output that the page shows."""

    given: str
    shown: str
    line: int


@dataclass
class Session:
    """A folder in which the examples of one page run."""

    folder: Path
    ids: dict[str, str] = field(default_factory=dict)  # id on the page → id here
    names: dict[str, object] = field(default_factory=lambda: {"__name__": "__main__"})

    def run(self, kind: str, example: Example) -> str:
        """Run one example; its output."""
        given = _ID.sub(lambda found: self.ids.get(found[0], found[0]), example.given)
        output = (self._command if kind == "console" else self._statement)(given)
        output = _plain(output.replace(f"{self.folder.resolve()}{os.sep}", ""))
        if same(example.shown, output) and "..." not in example.shown:
            self.ids.update(zip(_ID.findall(example.shown), _ID.findall(output), strict=True))
        return output

    def _command(self, given: str) -> str:
        environment = (
            os.environ
            | _PATIENT
            | {
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "PYTHONUNBUFFERED": "1",
                "COLUMNS": "110",
                "TABLEMEND_USER": "ada",
            }
        )
        done = subprocess.run(
            ["bash", "-c", given], cwd=self.folder, env=environment, stdout=-1, stderr=-2, text=True, check=False
        )
        return done.stdout

    def _statement(self, given: str) -> str:
        out = io.StringIO()
        with (
            _patient(),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
        ):
            code.InteractiveInterpreter(self.names).runsource(given, symbol="single")
        return out.getvalue()


@contextlib.contextmanager
def _patient() -> Iterator[None]:
    """A block in whose environment no query counts as slow."""
    before = dict(os.environ)
    os.environ.update(_PATIENT)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _plain(text: str) -> str:
    return "".join(line.rstrip() + "\n" for line in text.strip("\n").splitlines())


def examples(kind: str, body: str, line: int) -> Iterator[Example]:
    """The examples of a block."""
    first, more = ("$ ", "> ") if kind == "console" else (">>> ", "... ")
    lines = body.splitlines()
    starts = [n for n, text in enumerate(lines) if text.startswith(first)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        last = start + 1
        while last < end and lines[last].startswith(more) and (kind == "console" or lines[last] != "... "):
            last += 1
        given = "\n".join(text[len(first) :] for text in lines[start:last])
        if kind == "pycon" and last > start + 1:
            given += "\n"
        yield Example(given, "".join(text + "\n" for text in lines[last:end]), line + start)


def same(shown: str, output: str) -> bool:
    """Whether an output is as the page shows it."""
    return _CHECKER.check_output(_lasting(shown), _lasting(output), ELLIPSIS)


def _lasting(text: str) -> str:
    return _TIME.sub("TIME", _ID.sub("ID", text))


def run_page(path: Path, folder: Path, handle: Callable[[Example, str], None]) -> str:
    """Run the examples of a page and hand each with its output on; the page with these outputs."""
    session, page = Session(folder), path.read_text(encoding="utf-8")

    def block(found: re.Match[str]) -> str:
        if found["file"]:
            (folder / found["file"]).write_text(found["body"].lstrip("\n"), encoding="utf-8")
            return found[0]
        parts = []
        for example in examples(found["kind"], found["body"], page[: found.start("body")].count("\n") + 1):
            output = session.run(found["kind"], example)
            handle(example, output)
            parts.append(_shown(found["kind"], example, output))
        return f"```{found['kind']}\n{''.join(parts)}```"

    return _BLOCK.sub(block, page)


def _shown(kind: str, example: Example, output: str) -> str:
    first, more = ("$ ", "> ") if kind == "console" else (">>> ", "... ")
    prompt = first + example.given.rstrip("\n").replace("\n", "\n" + more) + "\n"
    return prompt + (example.shown if same(example.shown, output) else output)


def renew(path: Path) -> Path:
    """Write the outputs of a page anew."""
    with tempfile.TemporaryDirectory() as folder:
        text = run_page(path, Path(folder), lambda *_: None)
    path.write_text(text, encoding="utf-8")
    return path


def main() -> None:
    """Write the outputs of pages anew."""
    with ProcessPoolExecutor(2) as pool:
        for path in pool.map(renew, [Path(each).resolve() for each in sys.argv[1:]] or PAGES):
            print(path.relative_to(ROOT))  # noqa: T201


if __name__ == "__main__":
    main()
