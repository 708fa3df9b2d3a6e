"""The order of the leaves of a tree in which neighbours are closest.

Z. Bar-Joseph, D. K. Gifford and T. S. Jaakkola, Fast optimal leaf ordering for hierarchical clustering, Bioinformatics
17 (2001). That of SciPy does not always find it: https://github.com/scipy/scipy/issues/11227
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from tablemend.explore.chunks import Floats, Integers

BLOCK = 1 << 16
"""Sums that are made at once: half a megabyte."""


class _Branch(NamedTuple):
    """Leaves that stand together, by their places in the order of the tree."""

    start: int
    middle: int  # where its second half begins; of a leaf where it begins
    stop: int

    @property
    def all(self) -> slice:
        return slice(self.start, self.stop)

    @property
    def ends(self) -> list[tuple[slice, slice]]:
        """Leaves that can be at one end, with those that then can be at the other."""
        if self.stop - self.start == 1:
            return [(self.all, self.all)]
        halves = slice(self.start, self.middle), slice(self.middle, self.stop)
        return [halves, halves[::-1]]

    def opposite(self, leaf: int) -> slice:
        """Leaves that can be at one end while this one is at the other."""
        return next(others for some, others in self.ends if some.start <= leaf < some.stop)


def closest(tree: Floats, distances: Floats) -> Integers:
    """Leaves in the order with the least sum of distances between neighbours that turning the branches can give.

    `tree` as scipy.cluster.hierarchy.linkage makes it; `distances` condensed. Time grows with the cube of the leaves.
    """
    given = hierarchy.leaves_list(tree).astype(np.int64)
    apart = squareform(distances)[np.ix_(given, given)]
    branches = _branches(tree, given)
    least, across = np.zeros((2, *apart.shape))  # least: of a branch, by the leaves at its ends
    for left, right in tree[:, :2].astype(np.int64).tolist():
        _join(branches[left], branches[right], apart, least, across)
    return given[_followed(branches, apart, least)]


def _branches(tree: Floats, given: Integers) -> list[_Branch]:
    places = np.argsort(given).tolist()
    branches = [_Branch(place, place, place + 1) for place in places]
    for left, right in tree[:, :2].astype(np.int64).tolist():
        branches.append(_Branch(branches[left].start, branches[right].start, branches[right].stop))
    return branches


def _join(left: _Branch, right: _Branch, apart: Floats, least: Floats, across: Floats) -> None:
    """The least sum of the joined branch for each leaf of one at its one end and each of the other at its other."""
    for ends, inner in left.ends:
        across[ends, right.all] = _least_sums(least[ends, inner], apart[inner, right.all])
    for ends, inner in right.ends:
        least[left.all, ends] = _least_sums(across[left.all, inner], least[inner, ends])
    least[right.all, left.all] = least[left.all, right.all].T


def _least_sums(one: Floats, other: Floats) -> Floats:
    """The product of two matrices in which sums stand for products, and the least for the sum."""
    if len(one) > other.shape[1]:
        return _least_sums(other.T, one.T).T  # the longer side is that in which memory is read
    step = max(1, BLOCK // other.size)
    found = np.empty((len(one), other.shape[1]))
    for start in range(0, len(one), step):
        some = slice(start, start + step)
        found[some] = (one[some, :, None] + other).min(axis=1)
    return found


def _followed(branches: list[_Branch], apart: Floats, least: Floats) -> list[int]:
    """Places of the leaves from one end to the other, by what the least sums are made of."""
    root = branches[-1]
    ends = least[root.start : root.middle, root.middle :]
    first, last = divmod(int(ends.argmin()), ends.shape[1])
    halves = {(each.start, each.stop): each for each in branches}
    found: list[int] = []
    left = [(root, first, root.middle + last)]
    while left:
        branch, first, last = left.pop()
        if first == last:
            found.append(first)
            continue
        one, other = halves[branch.start, branch.middle], halves[branch.middle, branch.stop]
        if first >= branch.middle:
            one, other = other, one
        inner, outer = one.opposite(first), other.opposite(last)
        sums = least[first, inner, None] + apart[inner, outer] + least[outer, last]
        before, after = divmod(int(sums.argmin()), sums.shape[1])
        left += [(other, outer.start + after, last), (one, first, inner.start + before)]
    return found
