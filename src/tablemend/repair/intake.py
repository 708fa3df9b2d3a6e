"""Taking a loaded source in as a version of its dataset."""

from __future__ import annotations

import msgspec
import pyarrow as pa

from tablemend.records import Snapshot, now
from tablemend.store.datasets import dataset_id
from tablemend.store.state import Store
from tablemend.tables.hashing import column_hash, table_hash, type_name
from tablemend.tables.read import Loaded
from tablemend.tables.snapshot import Snapshots


def take_in(store: Store, snapshots: Snapshots, loaded: Loaded) -> Snapshot:
    """The head of the dataset if it holds just this already, else a new version."""
    hashes = _hashes(loaded)
    digest = table_hash(list(hashes), _types(loaded.table), list(hashes.values()))
    original = None if loaded.original is None else snapshots.keep_original(loaded.original)
    identity = dataset_id(loaded.source, snapshots.folder)
    known = store.datasets.find(identity)
    head = store.datasets.snapshot(identity) if known else None
    if head and head.hash == digest and head.original == original:
        return head
    snapshots.write(loaded.table, digest)
    snapshot = Snapshot(
        hash=digest,
        dataset=identity,
        version=head.version + 1 if head else 1,
        columns=loaded.columns,
        rows=loaded.table.num_rows,
        source=loaded.source,
        created=now(),
        key=loaded.key,
        format=loaded.format,
        original=original,
        hashes=hashes,
        padded=loaded.padded,
        padded_count=loaded.padded_count,
        rejected=loaded.rejected,
        rejected_count=loaded.rejected_count,
    )
    return _added(store, snapshot)


def digest_of(loaded: Loaded) -> str:
    """The hash of a loaded source's content, as its version would have it."""
    hashes = _hashes(loaded)
    return table_hash(list(hashes), _types(loaded.table), list(hashes.values()))


def _hashes(loaded: Loaded) -> dict[str, str]:
    return {name: column_hash(loaded.table[name]) for name in loaded.table.column_names}


def _added(store: Store, snapshot: Snapshot) -> Snapshot:
    """The snapshot as the newest version, also where somebody else has added one meanwhile."""
    with store.transaction():
        known = store.datasets.find(snapshot.dataset)
        if known is None:
            store.datasets.create(snapshot)
            return snapshot
        head = store.datasets.snapshot(snapshot.dataset)
        if head.hash == snapshot.hash and head.original == snapshot.original:
            return head
        snapshot = msgspec.structs.replace(snapshot, version=head.version + 1)
        store.datasets.advance(snapshot)
        return snapshot


def _types(table: pa.Table) -> list[str]:
    return [type_name(kind) for kind in table.schema.types]
