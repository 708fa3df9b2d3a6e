"""From tables as they were read to a matrix: its cells, and what was not as it should be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs

from tablemend.errors import SettingsError
from tablemend.explore import numbers
from tablemend.explore.describing import assembled, best, described
from tablemend.explore.parts import EXAMPLES, UNNAMED, Codes, Data, Fields, Raw, Tables, shown, text_of
from tablemend.explore.shape import Shape, Wish, recognise, rows_are_features
from tablemend.store.matrices import MatrixProblem

if TYPE_CHECKING:
    from tablemend.tables.read import Loaded


def read(tables: Tables, wish: Wish, *, transposed: bool | None = None, progress: Callable[[float], None]) -> Data:
    """Read a matrix; SettingsError where the columns cannot be told apart, or a named one is not there.

    `transposed`: the rows of a wide table are features; by default found by which side the tables of fields name, else
    by what the column of their names is called.
    """
    found: list[MatrixProblem] = []
    field = wish.entity if tables.samples and wish.entity in _names(tables.samples) else ""
    if wish.entity and tables.samples and not field and wish.entity not in _names(tables.values):
        raise SettingsError(
            f"neither the matrix nor the table of fields of samples has a column {wish.entity!r}",
            hint=f"Fields of samples are {', '.join(_names(tables.samples)[:12])}.",
        )
    own = structs.replace(wish, entity="") if field and wish.entity not in _names(tables.values) else wish
    shape = recognise(tables.values.table, tables.values.columns, own)
    raw = (
        _wide(tables.values, shape, progress) if shape.kind == "wide" else _long(tables.values, shape, progress, found)
    )
    called = "" if shape.entity else _header(tables.values, shape.row)
    turned = shape.kind == "wide" and (_is_transposed(raw, tables, called) if transposed is None else transposed)
    raw = _turned(raw) if turned else raw
    _padded(tables.values, found)
    features = described("features", raw.features, raw.features, raw.feature_fields, tables.features, found)
    samples = described("samples", raw.samples, raw.keys, raw.sample_fields, tables.samples, found)
    entity = field or _header(tables.values, shape.entity)
    made = assembled(raw, samples, features, entity, found)
    if not made.counts[numbers.KINDS[numbers.NUMERIC]]:
        such = ", ".join(map(repr, dict.fromkeys(made.failed["text"].to_pylist()[:EXAMPLES])))
        raise SettingsError(
            f"no cell holds a number, but such as {such}", hint="Write them like 1234.5, without separators and %."
        )
    return made._replace(shape=shape.kind, transposed=turned)


def _header(loaded: Loaded, column: str | None) -> str:
    return next((shown(each) for each in loaded.columns if each.name == column), "")


def _names(loaded: Loaded) -> list[str]:
    return [each.name for each in loaded.columns]


def _padded(loaded: Loaded, found: list[MatrixProblem]) -> None:
    if loaded.padded_count:
        text = f"{loaded.padded_count:,} rows end early; what they lack is blank"
        found.append(MatrixProblem(kind="ragged", count=loaded.padded_count, message=text))
    if loaded.rejected_count:
        reasons = tuple(f"line {each.line}: {each.reason}" for each in loaded.rejected[:EXAMPLES])
        text = f"{loaded.rejected_count:,} rows have more fields than the header; they are left out"
        found.append(MatrixProblem(kind="too long", count=loaded.rejected_count, message=text, examples=reasons))


def _wide(loaded: Loaded, shape: Shape, progress: Callable[[float], None]) -> Raw:
    """A column a feature, a row a sample."""
    table, rows = loaded.table, loaded.table.num_rows
    step = max(1, numbers.BLOCK // max(rows, 1))
    parts: list[tuple[Codes, Codes, npt.NDArray[np.float64], npt.NDArray[np.uint8]]] = []
    texts: list[pa.Array] = []
    blank = 0
    for first in range(0, len(shape.values), step):
        names = shape.values[first : first + step]
        columns = [table[name].combine_chunks() for name in names]
        value, kind = numbers.parse_all(columns)
        full = np.flatnonzero(kind != numbers.BLANK)
        blank += len(kind) - len(full)
        parts.append((full // max(rows, 1) + first, full % max(rows, 1), value[full], kind[full]))
        texts += [_words(columns, full[kind[full] > numbers.BLANK], rows)]
        progress(min(1.0, (first + step) / len(shape.values)))
    feature, sample, value, kind = (np.concatenate([part[n] for part in parts]) for n in range(4))
    headers = {each.name: shown(each) for each in loaded.columns}
    row = shape.row or shape.entity
    samples = [each or "" for each in text_of(table[row])] if row else [str(n + 1) for n in range(rows)]
    return Raw(
        feature=feature.astype(np.int64),
        sample=sample.astype(np.int64),
        value=value,
        kind=kind,
        text=pa.chunked_array(texts, pa.string()).combine_chunks(),
        features=[headers[name] for name in shape.values],
        samples=samples,
        keys=samples,
        sample_fields={headers[name]: text_of(table[name]) for name in _own(shape)},
        feature_fields={},
        blank=blank,
    )


def _own(shape: Shape) -> tuple[str, ...]:
    """Fields of samples in a wide table, that of the entity among them."""
    return tuple(dict.fromkeys([*([shape.entity] if shape.entity else []), *shape.about]))


def _words(columns: Sequence[pa.Array], places: Codes, rows: int) -> pa.Array:
    """What cells say that are no measurement; `places` count over the columns one after the other."""
    found = [columns[place // rows][place % rows].as_py() for place in places.tolist()]
    return pa.array([str(each) for each in found], pa.string())


def _long(loaded: Loaded, shape: Shape, progress: Callable[[float], None], found: list[MatrixProblem]) -> Raw:
    """A row a cell; a pair of sample and feature that comes again is a further replicate."""
    if not (shape.entity and shape.feature and shape.value):
        raise SettingsError("a long table needs an entity, a feature and a value")
    table = loaded.table
    parsed = numbers.parse(table[shape.value])
    progress(0.5)
    owner = _filled(table[shape.entity])
    own = _filled(table[shape.sample]) if shape.sample else owner
    if shape.replicate:
        own = pc.binary_join_element_wise(own, _filled(table[shape.replicate]), " ")
    own, feature = own.dictionary_encode(), _filled(table[shape.feature]).dictionary_encode()
    turn = _turns(own.indices.to_numpy(), feature.indices.to_numpy(), len(feature.dictionary))
    key = own.indices.to_numpy().astype(np.int64) + turn * len(own.dictionary)
    distinct, first, sample = np.unique(key, return_index=True, return_inverse=True)
    names = [name if name.strip() else UNNAMED for name in own.dictionary.to_pylist()]
    again = int(np.count_nonzero(turn))
    numbered = not (shape.sample or shape.replicate) and again > 0
    if again and not numbered:
        text = f"{again:,} rows have the sample and the feature of another; they count as further replicates"
        found.append(MatrixProblem(kind="repeated cells", count=again, message=text))
    samples = [_numbered(names[each % len(names)], each // len(names), always=numbered) for each in distinct.tolist()]
    full = parsed.kind != numbers.BLANK
    off = full & (parsed.kind > numbers.BLANK)
    owners = owner.take(pa.array(first)).to_pylist()
    fields: Fields = {shape.entity: owners}
    fields |= {name: text_of(table[name].take(pa.array(first))) for name in shape.about}
    return Raw(
        feature=feature.indices.to_numpy().astype(np.int64)[full],
        sample=sample.astype(np.int64)[full],
        value=parsed.values[full],
        kind=parsed.kind[full],
        text=numbers.texts(table[shape.value].combine_chunks()).filter(pa.array(off)),
        features=feature.dictionary.to_pylist(),
        samples=samples,
        keys=[names[each % len(names)] for each in distinct.tolist()] if shape.sample else owners,
        sample_fields=fields,
        feature_fields={},
        blank=int(np.count_nonzero(~full)),
    )


def _filled(column: pa.ChunkedArray) -> pa.Array:
    return pc.fill_null(pc.utf8_trim_whitespace(numbers.texts(column.combine_chunks())), "")


def _numbered(name: str, turn: int, *, always: bool) -> str:
    return f"{name} ({turn + 1})" if turn or always else name


def _turns(sample: npt.NDArray[np.int32], feature: npt.NDArray[np.int32], features: int) -> Codes:
    """How often each pair came before."""
    key = sample.astype(np.int64) * features + feature
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.empty(0, np.int64)
    lengths = np.diff(np.r_[starts, len(ordered)])
    turn = np.empty(len(key), np.int64)
    turn[order] = np.arange(len(key)) - np.repeat(starts, lengths)
    return turn


def _is_transposed(raw: Raw, tables: Tables, called: str) -> bool:
    """Whether the tables of fields name the columns as samples, or the rows as features, rather than the other way.

    Where they tell nothing, what the column of the names of rows is called does.
    """
    told = 0
    if tables.samples is not None:
        told += best(tables.samples, raw.features)[1] - best(tables.samples, raw.samples)[1]
    if tables.features is not None:
        told += best(tables.features, raw.samples)[1] - best(tables.features, raw.features)[1]
    return told > 0 or (told == 0 and rows_are_features(called))


def _turned(raw: Raw) -> Raw:
    """Rows as features: what is told about rows is then told about features."""
    order = np.lexsort((raw.feature, raw.sample))
    off = np.flatnonzero(raw.kind > numbers.BLANK)
    place = np.full(len(raw.kind), -1, np.int64)
    place[off] = np.arange(len(off))
    moved = place[order]
    return Raw(
        feature=raw.sample[order],
        sample=raw.feature[order],
        value=raw.value[order],
        kind=raw.kind[order],
        text=raw.text.take(pa.array(moved[moved >= 0])),
        features=raw.samples,
        samples=raw.features,
        keys=raw.features,
        sample_fields={},
        feature_fields=raw.sample_fields,
        blank=raw.blank,
    )
