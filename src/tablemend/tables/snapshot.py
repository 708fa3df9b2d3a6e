"""Immutable files of a workspace, named by the hash of what they hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tablemend.errors import NotFound, UnreadableSource
from tablemend.tables.files import TEMPORARY, write_whole
from tablemend.tables.hashing import hash_table


class Snapshots:
    """Snapshots, change sets and original files of a workspace; files are written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._snapshots = folder / "snapshots"
        self._changes = folder / "changes"
        self._originals = folder / "originals"
        self._matrices = folder / "matrices"

    def write(self, table: pa.Table, digest: str | None = None) -> str:
        """Keep a table, unless its values are kept already; `digest` is its `hash_table` where known."""
        digest = digest or hash_table(table)
        _write_parquet(table, self.path(digest))
        return digest

    def read(self, digest: str, columns: Sequence[str] | None = None) -> pa.Table:
        """A kept table, or some of its columns; raises NotFound."""
        return _read_parquet(self.path(digest), columns)

    def schema(self, digest: str) -> pa.Schema:
        """The column types of a kept table; raises NotFound."""
        with pq.ParquetFile(_present(self.path(digest))) as file:
            return file.schema_arrow

    def path(self, digest: str) -> Path:
        """Where the Parquet file of a snapshot is or would be."""
        return self._snapshots / f"{digest}.parquet"

    def write_changes(self, table: pa.Table, digest: str | None = None) -> str:
        """Keep the cells and rows of a change set."""
        digest = digest or hash_table(table)
        _write_parquet(table, self.changes_path(digest))
        return digest

    def read_changes(self, digest: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The cells and rows of a change set; raises NotFound."""
        return _read_parquet(self.changes_path(digest), columns)

    def changes_path(self, digest: str) -> Path:
        """Where the Parquet file of a change set is or would be."""
        return self._changes / f"{digest}.parquet"

    def write_matrix(self, table: pa.Table, *, rows: int) -> str:
        """Keep a table of a matrix in groups of so many rows, to be read a few groups at a time."""
        digest = hash_table(table)
        target = self.matrix_path(digest)
        if not target.exists():
            write_whole(target, lambda path: pq.write_table(table, path, row_group_size=rows, compression="lz4"))
        return digest

    def matrix_path(self, digest: str) -> Path:
        """Where the Parquet file of a table of a matrix is or would be."""
        return self._matrices / f"{digest}.parquet"

    def keep_original(self, data: bytes) -> str:
        """Keep the bytes of a source file."""
        digest = hashlib.sha256(data).hexdigest()
        target = self._originals / digest
        if not target.exists():
            write_whole(target, lambda path: path.write_bytes(data))
        return digest

    def original(self, digest: str) -> bytes:
        """The kept bytes of a source file; raises NotFound."""
        target = self._originals / digest
        if not target.is_file():
            raise NotFound(f"The original file {digest[:12]} is not kept in {self.folder}.")
        return target.read_bytes()

    def names(self, digests: Iterable[str]) -> list[str]:
        """Names in the folder of every kept file of these hashes."""
        found = []
        for digest in sorted(digests):
            places = (
                *(self.path(digest), self.changes_path(digest), self.matrix_path(digest)),
                self._originals / digest,
            )
            found += [path.relative_to(self.folder).as_posix() for path in places if path.is_file()]
        return found

    @staticmethod
    def digest(name: str) -> str:
        """The hash that a file is named by."""
        return Path(name).name.removesuffix(".parquet")

    def rehash(self, name: str) -> str:
        """The hash of what a file holds now."""
        path = self.folder / name
        if path.suffix != ".parquet":
            return hashlib.sha256(path.read_bytes()).hexdigest()
        try:
            return hash_table(_read_parquet(path, None))
        except pa.ArrowException as problem:
            raise UnreadableSource(f"{path} is damaged: {problem}") from problem

    def sweep(self, keep: Iterable[str]) -> int:
        """Remove temporary files and every file whose hash is not to be kept; how many were removed.

        Only to be called while nobody writes to the folder.
        """
        wanted = set(keep)
        removed = 0
        for folder in (self._snapshots, self._changes, self._originals, self._matrices):
            for path in folder.iterdir() if folder.is_dir() else ():
                if path.name.endswith(TEMPORARY) or path.name.removesuffix(".parquet") not in wanted:
                    path.unlink(missing_ok=True)
                    removed += 1
        return removed


def _write_parquet(table: pa.Table, target: Path) -> None:
    if not target.exists():
        write_whole(target, lambda path: pq.write_table(table, path, compression="zstd", compression_level=1))


def _present(path: Path) -> Path:
    if not path.is_file():
        raise NotFound(f"There is no table {path.stem[:12]} in {path.parent}.")
    return path


def _read_parquet(path: Path, columns: Sequence[str] | None) -> pa.Table:
    with pq.ParquetFile(_present(path), memory_map=True) as file:
        return file.read() if columns is None else file.read(columns=list(columns)).select(list(columns))
