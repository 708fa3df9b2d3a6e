"""A backup: the tables of the state and every file that they point to, in one archive."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import msgspec

from tablemend.errors import StateError
from tablemend.records import Record, now
from tablemend.store import backup, schema
from tablemend.store.state import Store
from tablemend.tables.files import write_whole
from tablemend.tables.snapshot import Snapshots
from tablemend.telemetry import Progress

FORMAT = 1
"""Of the archive; another one is refused."""

_MANIFEST = "manifest.json"
_STATE = "state/"
_FILES = "files/"
_WORK = "backup."  # begins the name of a folder in which a backup is put together, then comes its process


class Manifest(Record, frozen=True, kw_only=True):
    """What a backup holds."""

    format: int
    schema: str  # version of the tables
    created: datetime
    tables: dict[str, int]  # rows of each
    files: dict[str, str]  # name in the archive → SHA-256 of its bytes


def pack(store: Store, snapshots: Snapshots, target: Path, *, progress: Progress) -> Manifest:
    """Write a backup; the file appears whole or not at all."""
    made: list[Manifest] = []
    snapshots.folder.mkdir(parents=True, exist_ok=True)
    _clear(snapshots.folder)

    def write(path: Path) -> None:
        work = tempfile.TemporaryDirectory(dir=snapshots.folder, prefix=f"{_WORK}{os.getpid()}.")
        with work as folder, zipfile.ZipFile(path, "w") as archive:
            made.append(_packed(store, snapshots, Path(folder), archive, progress))

    write_whole(target, write)
    return made[0]


def _clear(folder: Path) -> None:
    """Remove what a backup left whose process was killed."""
    import psutil

    for path in folder.glob(f"{_WORK}*"):
        number = path.name.removeprefix(_WORK).partition(".")[0]
        if not number.isdigit() or not psutil.pid_exists(int(number)):
            shutil.rmtree(path)


def _packed(store: Store, snapshots: Snapshots, folder: Path, archive: zipfile.ZipFile, progress: Progress) -> Manifest:
    progress("state", 0.0)
    tables = backup.dump(store.database, folder)
    progress("state", 1.0)
    wanted = store.hashes()
    files = {f"{_STATE}{path.name}": path for path in sorted(folder.iterdir())}
    files |= {f"{_FILES}{name}": snapshots.folder / name for name in snapshots.names(wanted)}
    digests = {}
    for n, (name, path) in enumerate(files.items(), start=1):
        archive.write(path, name)
        digests[name] = _digest(path.open("rb"))
        progress("files", n / len(files))
    manifest = Manifest(format=FORMAT, schema=schema.VERSION, created=now(), tables=tables, files=digests)
    archive.writestr(_MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


def unpack(where: str | Path, snapshots: Snapshots, source: Path, *, progress: Progress) -> Manifest:
    """Restore a backup: files first, then all tables in one transaction; StateError where it is not whole."""
    try:
        archive = zipfile.ZipFile(source)
    except FileNotFoundError as problem:
        raise StateError(f"there is no backup {source}", hint="Check the path.") from problem
    except (zipfile.BadZipFile, OSError) as problem:
        raise StateError(f"{source} is not a backup: {problem}", hint="Name a file of `store backup`.") from problem
    with archive, tempfile.TemporaryDirectory() as folder:
        manifest = _manifest(archive, source)
        for n, (name, digest) in enumerate(manifest.files.items(), start=1):
            _extract(archive, name, digest, _target(name, snapshots, Path(folder)), source)
            progress("files", n / len(manifest.files))
        progress("state", 0.0)
        restored = backup.load(where, manifest.schema, Path(folder), expected=manifest.tables)
        progress("state", 1.0)
    return msgspec.structs.replace(manifest, tables=restored)


def _manifest(archive: zipfile.ZipFile, source: Path) -> Manifest:
    try:
        manifest = msgspec.json.decode(archive.read(_MANIFEST), type=Manifest)
    except (KeyError, msgspec.MsgspecError) as problem:
        raise StateError(f"{source} is not a backup: it has no list of what it holds") from problem
    if manifest.format != FORMAT:
        raise StateError(f"{source} is a backup of format {manifest.format}; this version reads format {FORMAT}")
    return manifest


def _target(name: str, snapshots: Snapshots, folder: Path) -> Path:
    """Where a file of an archive goes; it never names a place outside of its folder."""
    for prefix, base in ((_STATE, folder), (_FILES, snapshots.folder)):
        if name.startswith(prefix):
            target = (base / name.removeprefix(prefix)).resolve()
            if target.is_relative_to(base.resolve()):
                return target
    raise StateError(f"a backup cannot hold a file {name!r}", hint="It was not made by `store backup`.")


def _extract(archive: zipfile.ZipFile, name: str, digest: str, target: Path, source: Path) -> None:
    damaged = StateError(f"{source} is damaged: {name} is not what was written", hint="Restore another backup.")

    def write(path: Path) -> None:
        try:
            with archive.open(name) as packed, path.open("wb") as out:
                found = _digest(packed, out)
        except (KeyError, zipfile.BadZipFile, EOFError) as problem:
            raise damaged from problem
        if found != digest:
            raise damaged

    write_whole(target, write)


def _digest(file: IO[bytes], copy: IO[bytes] | None = None) -> str:
    running = hashlib.sha256()
    with file:
        for piece in iter(lambda: file.read(2**20), b""):
            running.update(piece)
            if copy is not None:
                copy.write(piece)
    return running.hexdigest()


def overview(store: Store, snapshots: Snapshots) -> dict[str, Any]:
    """Where a state is and how much it holds."""
    files = list(_files(snapshots.folder))
    return {
        "state": store.database.name,
        "schema": schema.VERSION,
        "rows": backup.counts(store.database),
        "folder": str(snapshots.folder),
        "files": len(files),
        "bytes": sum(path.stat().st_size for path in files),
    }


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
