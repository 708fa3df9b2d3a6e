"""Files that people hand to a server: kept in the data folder, looked into before they are scanned."""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tablemend.errors import LimitExceeded, NotFound, OutputError, SettingsError, SourceError, UnreadableSource
from tablemend.records import Record
from tablemend.workspace.previewing import SourcePreview, fed, parts, preview

if TYPE_CHECKING:
    from tablemend.store.datasets import Dataset
    from tablemend.workspace.state import State

SAMPLE_ROWS = (1_000, 10_000, 100_000)
"""Rows of the sample that are offered; the last takes three seconds to make."""

_ID = re.compile(r"u[0-9a-f]{16}")
_UNSAFE = re.compile(r"[^\w .()+-]|^[ .]+|[ .]+$")
_LONGEST = 100  # bytes of a name; file systems allow 255
_PIECE = 2**20
_RATIO = 200  # times that an archive may grow: sheets of plain numbers grow 10 to 30 times
_HARMLESS = 64 * 2**20  # bytes that any archive may grow to


class Upload(Record, frozen=True, kw_only=True):
    """A file that was handed to the server."""

    id: str
    name: str  # made safe
    bytes: int


class UploadPreview(SourcePreview, frozen=True, kw_only=True):
    """A file before it is scanned."""

    upload: Upload
    sheets: tuple[str, ...] = ()  # of a workbook
    tables: tuple[str, ...] = ()  # of a database, with its views


class Uploads:
    """The uploads of a workspace."""

    def __init__(self, workspace: State) -> None:
        self._workspace = workspace

    @property
    def _folder(self) -> Path:
        from tablemend.store.datasets import UPLOADS

        return self._workspace.settings.data.resolve() / UPLOADS

    def keep(self, name: str, file: BinaryIO) -> Upload:
        """Keep a file under a safe name; LimitExceeded where it is too large, UnreadableSource for an empty one.

        OutputError where the disk refuses it.
        """
        limit = self._workspace.settings.upload_bytes
        self._workspace.ready()
        identity = "u" + secrets.token_hex(8)
        folder = self._folder / identity
        path = folder / safe_name(name)
        try:
            folder.mkdir(parents=True)
            size = _written(path, file, limit)
            if not size:
                raise UnreadableSource(f"{path.name} is empty", hint="Choose a file that holds a table.")
            self._require_harmless(path)
            person = self._workspace.settings.person
            self._workspace.store.audit.write(person, "upload", identity, f"{path.name}, {size} bytes")
        except OSError as problem:
            shutil.rmtree(folder, ignore_errors=True)  # a disk that refuses files may refuse this too
            raise OutputError(
                f"{path.name} cannot be kept: {problem.strerror}",
                hint="See to the room on the disk of the server, and to the rights of its data folder.",
            ) from problem
        except BaseException:
            shutil.rmtree(folder)
            raise
        return Upload(id=identity, name=path.name, bytes=size)

    def stories(self) -> Upload:
        """The shipped example of stories as an upload, to be scored by its own scorecard."""
        from tablemend.intel.example import generate

        return self.keep("stories.jsonl", BytesIO(generate.text(generate.stories()).encode()))

    def sample(self, rows: int = SAMPLE_ROWS[0]) -> Upload:
        """Keep a table of orders with known faults, made of no outside data, to try things on.

        So many orders, before some are repeated; the same ones each time. SettingsError beyond what may be asked for.
        """
        from tablemend.tables.sample.orders import faulty_csv

        if not SAMPLE_ROWS[0] <= rows <= SAMPLE_ROWS[-1]:
            raise SettingsError(
                f"a sample cannot have {rows:,} rows", hint=f"Ask for {SAMPLE_ROWS[0]:,} to {SAMPLE_ROWS[-1]:,}."
            )
        with tempfile.TemporaryDirectory() as folder:
            path = faulty_csv(Path(folder) / f"sample_orders_{rows}.csv", rows)
            with path.open("rb") as file:
                return self.keep(path.name, file)

    def get(self, upload: str) -> Upload:
        """One upload; NotFound where there is none."""
        path = self.path(upload)
        return Upload(id=upload, name=path.name, bytes=path.stat().st_size)

    def path(self, upload: str) -> Path:
        """Where the file of an upload is; NotFound where there is none."""
        folder = self._folder / upload
        found = sorted(folder.iterdir()) if _ID.fullmatch(upload) and folder.is_dir() else []
        if not found:
            raise NotFound(f"there is no upload {upload}", hint="Upload the file again.")
        return found[0]

    def remove(self, upload: str) -> Upload:
        """Remove an upload; what was scanned of it stays."""
        found = self.get(upload)
        shutil.rmtree(self._folder / upload)
        self._workspace.store.audit.write(self._workspace.settings.person, "remove upload", upload, found.name)
        return found

    def unused(self, before: datetime) -> list[str]:
        """Uploads handed over before a moment that no version comes from, and no job or schedule names."""
        old = [each.name for each in self._handed_over() if each.stat().st_mtime < before.timestamp()]
        if not old:
            return []
        store = self._workspace.store
        named = [*store.datasets.locations(), *(each.source for each in store.schedules.all())]
        named += [str(each.arguments) for each in store.jobs.named(f"{self._folder.name}/u")]
        known = "\n".join(named)
        return [each for each in old if each not in known]

    def _handed_over(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return sorted(each for each in self._folder.iterdir() if each.is_dir() and _ID.fullmatch(each.name))

    def discard(self, uploads: Iterable[str]) -> None:
        """Remove the files of uploads; OutputError where the disk refuses."""
        for each in uploads:
            try:
                shutil.rmtree(self._folder / each)
            except OSError as problem:
                raise OutputError(
                    f"upload {each} cannot be removed: {problem.strerror}", hint="See to the rights of the data folder."
                ) from problem

    def preview(self, upload: str, **options: str | None) -> UploadPreview:
        """The columns and first rows of an upload; raises SourceError where it cannot be read as a table."""
        path = self.path(upload)
        with self.named(path):
            sheets, tables = parts(path)
            found = preview(self._workspace, str(path), options)
        shown = {name: getattr(found, name) for name in found.__struct_fields__}
        shown["sheet"] = found.sheet or next(iter(sheets), "")
        shown["table"] = found.table or ("" if options.get("sql") else next(iter(tables), ""))
        return UploadPreview(upload=self.get(upload), sheets=sheets, tables=tables, **shown)

    def parts(self, upload: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The sheets of a workbook, and the tables of a file that is a database; raises SourceError."""
        path = self.path(upload)
        with self.named(path):
            return parts(path)

    def dataset(self, upload: str, *, name: str | None = None, **options: str | None) -> Dataset | None:
        """The dataset that a scan of an upload would give a version to; None where it would make a new one."""
        path = self.path(upload)
        with self.named(path):
            return fed(self._workspace, str(path), options, name)

    @contextmanager
    def named(self, source: str | Path) -> Iterator[None]:
        """Errors call an upload by its name: where the server keeps it is nobody's business."""
        path = Path(source)
        try:
            yield
        except SourceError as problem:
            if path.parent.parent != self._folder:
                raise
            raise type(problem)(problem.message.replace(str(path), path.name), hint=problem.hint) from problem

    def _require_harmless(self, path: Path) -> None:
        """Raise LimitExceeded for an archive that would grow beyond reason: a small file that fills the memory."""
        if not zipfile.is_zipfile(path):
            return
        try:
            with zipfile.ZipFile(path) as archive:
                grown = sum(each.file_size for each in archive.infolist())
        except (zipfile.BadZipFile, ValueError) as problem:
            raise UnreadableSource(
                f"{path.name} is damaged: {problem}", hint="Save it again, then upload it."
            ) from problem
        packed = path.stat().st_size
        if grown > self._workspace.settings.max_bytes or grown > max(_HARMLESS, packed * _RATIO):
            raise LimitExceeded(
                f"{path.name} has {packed:,} bytes and would grow to {grown:,}",
                hint="Save the table as .csv or .parquet, then upload that.",
            )


def safe_name(name: str) -> str:
    """A name that is safe in every folder: no path, nothing hidden, no marks with a meaning, not too long."""
    plain = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    plain = _UNSAFE.sub("_", plain).strip("_ ") or "upload"
    stem, dot, suffix = plain.rpartition(".")
    if not dot:
        return _cut(plain, _LONGEST)
    suffix = _cut(suffix, 20)
    return f"{_cut(stem, _LONGEST - 21) or 'upload'}.{suffix}"


def _cut(text: str, most: int) -> str:
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


def _written(path: Path, file: BinaryIO, limit: int) -> int:
    size = 0
    with path.open("xb") as out:
        for piece in iter(lambda: file.read(_PIECE), b""):
            size += len(piece)
            if size > limit:
                raise LimitExceeded(
                    f"the file has more than {limit:,} bytes",
                    hint="Send a smaller file, or raise the setting upload_bytes.",
                )
            out.write(piece)
    return size
