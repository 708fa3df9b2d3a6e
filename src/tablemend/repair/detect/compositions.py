"""Columns that are written together from two others: `al_hf-1` from `al` and `hf-1`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tablemend.records import Record

Array = np.ndarray

SAMPLE = 400
"""Rows on which compositions are looked for."""

LEAST_SHARE = 0.8
"""Share of the rows that must follow the composition."""

WEIGHT = 5
"""Rows of a group that the composed value counts for."""


class Composition(Record, frozen=True, kw_only=True):
    """`target` = `head` + `joint` + `tail`."""

    target: str
    head: str
    joint: str
    tail: str
    strength: float  # share of the rows that follow it


class Composed:
    """The composed value of each row, speaking as a determinant does."""

    def agrees(self, determinant: Array, target: Array) -> Array:
        """Whether a row holds the composed value, or there is none."""
        return (determinant == target) | (determinant < 0)

    def others(self, determinant: Array, target: Array) -> tuple[Array, Array]:
        """The composed value itself, whatever stands in the row."""
        del target
        return determinant.astype(np.int64), self._weight(determinant)

    def support(self, determinant: Array, own: Array, candidates: Array) -> tuple[Array, Array]:
        """All the weight for the composed value."""
        del own
        return np.where((candidates == determinant[:, None]) & (candidates >= 0), WEIGHT, 0), self._weight(determinant)

    @staticmethod
    def _weight(determinant: Array) -> Array:
        return np.where(determinant >= 0, WEIGHT, 0)


def discover(codes: Mapping[str, Array], values: Mapping[str, Sequence[str]]) -> list[Composition]:
    """The compositions among columns given as dictionary codes, one for each target at most."""
    found = [_of(target, codes, values) for target in codes if len(values[target]) > 2]
    return [each for each in found if each is not None]


def _of(target: str, codes: Mapping[str, Array], values: Mapping[str, Sequence[str]]) -> Composition | None:
    filled = np.flatnonzero(codes[target] >= 0)
    rows = filled[:: max(1, len(filled) // SAMPLE)]
    if len(rows) < 20:
        return None
    texts = {each: [values[each][code] if code >= 0 else "" for code in codes[each][rows].tolist()] for each in codes}
    whole = texts[target]
    others = [each for each in codes if each != target and len(set(texts[each])) > 1]
    heads = [each for each in others if _share(str.startswith, whole, texts[each]) >= LEAST_SHARE]
    tails = [each for each in others if _share(str.endswith, whole, texts[each]) >= LEAST_SHARE]
    options = [_join(target, head, tail, texts) for head in heads for tail in tails if head != tail]
    return max((each for each in options if each is not None), key=lambda each: each.strength, default=None)


def _share(test: Callable[[str, str], bool], whole: Sequence[str], parts: Sequence[str]) -> float:
    for rows in (len(whole) // 10, len(whole)):
        pairs = zip(whole[:rows], parts[:rows], strict=True)
        hits = sum(1 for w, p in pairs if p and len(p) < len(w) and test(w, p))
        if hits < LEAST_SHARE / 2 * rows:
            return 0.0
    return hits / len(whole)


def _join(target: str, head: str, tail: str, texts: Mapping[str, Sequence[str]]) -> Composition | None:
    rows = zip(texts[target], texts[head], texts[tail], strict=True)
    joints = Counter(
        w[len(h) : len(w) - len(t)]
        for w, h, t in rows
        if h and t and len(h) + len(t) <= len(w) and w.startswith(h) and w.endswith(t)
    )
    if not joints:
        return None
    joint, hits = joints.most_common(1)[0]
    share = hits / len(texts[target])
    if share < LEAST_SHARE or len(joint) > 3:
        return None
    return Composition(target=target, head=head, joint=joint, tail=tail, strength=share)


def compose(
    composition: Composition, codes: Mapping[str, Array], values: Mapping[str, Sequence[str]], known: dict[str, int]
) -> Array:
    """The code of the composed value of each row, -1 where a part is missing; `known` grows by new values."""
    head, tail = codes[composition.head].astype(np.int64), codes[composition.tail].astype(np.int64)
    width = len(values[composition.tail]) + 1
    pairs, back = np.unique((head + 1) * width + tail + 1, return_inverse=True)
    made = np.full(len(pairs), -1, dtype=np.int64)
    for place, pair in enumerate(pairs.tolist()):
        h, t = divmod(pair, width)
        if h and t:
            text = values[composition.head][h - 1] + composition.joint + values[composition.tail][t - 1]
            made[place] = known.setdefault(text, len(known))
    return made[back]
