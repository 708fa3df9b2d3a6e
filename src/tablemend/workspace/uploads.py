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
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tablemend.errors import LimitExceeded, NotFound, OutputError, UnreadableSource
from tablemend.records import Record, Source

if TYPE_CHECKING:
    from tablemend.tables.read import Loaded
    from tablemend.workspace.state import State

SHOWN = 20
"""Rows of a preview."""
HEAD = 2**20
"""Bytes of a long text that a preview reads: thousands of rows, and quick."""

_ID = re.compile(r"u[0-9a-f]{16}")
_UNSAFE = re.compile(r"[^\w .()+-]|^[ .]+|[ .]+$")
_LONGEST = 100  # bytes of a name; file systems allow 255
_PIECE = 2**20
_TEXTS = (".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson")
_RATIO = 200  # times that an archive may grow: sheets of plain numbers grow 10 to 30 times
_HARMLESS = 64 * 2**20  # bytes that any archive may grow to


class Upload(Record, frozen=True, kw_only=True):
    """A file that was handed to the server."""

    id: str
    name: str  # made safe
    bytes: int


class PreviewColumn(Record, frozen=True, kw_only=True):
    """A column of a source, by its first rows."""

    name: str
    header: str
    type: str
    semantic: str


class UploadPreview(Record, frozen=True, kw_only=True):
    """A file before it is scanned."""

    upload: Upload
    kind: str  # csv, json, xlsx, …
    columns: tuple[PreviewColumn, ...]
    rows: tuple[tuple[str | None, ...], ...]  # the first ones
    row_count: int | None  # None where only the beginning was read
    sheets: tuple[str, ...]  # of a workbook
    sheet: str  # the one that is shown
    padded_rows: int
    rejected_rows: int


class Uploads:
    """The uploads of a workspace."""

    def __init__(self, workspace: State) -> None:
        self._workspace = workspace

    @property
    def _folder(self) -> Path:
        return self._workspace.settings.data.resolve() / "uploads"

    def keep(self, name: str, file: BinaryIO) -> Upload:
        """Keep a file under a safe name; LimitExceeded where it is too large, UnreadableSource for an empty one."""
        limit = self._workspace.settings.upload_bytes
        self._workspace.ready()
        identity = "u" + secrets.token_hex(8)
        folder = self._folder / identity
        folder.mkdir(parents=True)
        try:
            path = folder / safe_name(name)
            size = _written(path, file, limit)
            if not size:
                raise UnreadableSource(f"{path.name} is empty", hint="Choose a file that holds a table.")
            self._require_harmless(path)
        except BaseException:
            shutil.rmtree(folder)
            raise
        person = self._workspace.settings.person
        self._workspace.store.audit.write(person, "upload", identity, f"{path.name}, {size} bytes")
        return Upload(id=identity, name=path.name, bytes=size)

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
        with _beginning(path) as beginning:
            part = None if beginning is None else self._part(beginning, options)
        loaded = part or self._load(path, options)
        return self._shown(self.get(upload), loaded, partly=part is not None, sheets=_sheets(path, loaded.source))

    def _load(self, path: Path, options: dict[str, str | None]) -> Loaded:
        """A file as it is read for a scan."""
        from tablemend.repair.reading import read
        from tablemend.telemetry import silent

        return read(str(path), self._workspace.settings, silent, options=options)

    def _part(self, beginning: Path, options: dict[str, str | None]) -> Loaded | None:
        """The beginning of a file, where it can be read alone; a quoted cell may be cut in two."""
        try:
            return self._load(beginning, options)
        except UnreadableSource:
            return None

    def _shown(self, upload: Upload, loaded: Loaded, *, partly: bool, sheets: tuple[str, ...]) -> UploadPreview:
        from tablemend.tables.values import speak

        first = loaded.table.slice(0, SHOWN)
        columns = [[speak(value) for value in first[each.name].to_pylist()] for each in loaded.columns]
        return UploadPreview(
            upload=upload,
            kind=loaded.source.kind,
            columns=self._described(loaded),
            rows=tuple(zip(*columns, strict=True)),
            row_count=None if partly else loaded.table.num_rows,
            sheets=sheets,
            sheet=loaded.source.sheet or (sheets[0] if sheets else ""),
            padded_rows=loaded.padded_count,
            rejected_rows=loaded.rejected_count,
        )

    def _described(self, loaded: Loaded) -> tuple[PreviewColumn, ...]:
        """Columns with the types that a scan would find in the first thousands of rows."""
        from tablemend.quality.profile import profile
        from tablemend.repair import relation

        with self._workspace._session() as session:
            relation.register(session, loaded.table.slice(0, 5_000), loaded.columns)
            found = profile(session, relation.DATA, loaded.columns)
        return tuple(
            PreviewColumn(name=each.name, header=own.header, type=each.type, semantic=each.semantic)
            for own, each in zip(loaded.columns, found.columns, strict=True)
        )

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


@contextmanager
def _beginning(path: Path) -> Iterator[Path | None]:
    """A file of the beginning of a long text, up to the end of a line; none for any other file."""
    if path.suffix.lower() not in _TEXTS or path.stat().st_size <= HEAD:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder, path.open("rb") as file:
        head = file.read(HEAD)
        whole, newline, _ = head.rpartition(b"\n")
        short = Path(folder) / path.name
        short.write_bytes(whole + newline)
        yield short if newline else None


def _sheets(path: Path, source: Source) -> tuple[str, ...]:
    if source.kind != "xlsx":
        return ()
    from python_calamine import CalamineWorkbook

    return tuple(CalamineWorkbook.from_path(str(path)).sheet_names)
