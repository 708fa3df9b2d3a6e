import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tablemend.quality.dependencies import Groups, discover

codes = st.lists(st.integers(-1, 4), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_best_of_the_others_is_what_counting_them_gives(data):
    b = data.draw(codes)
    a = data.draw(st.lists(st.integers(-1, 4), min_size=len(b), max_size=len(b)))
    best, company = Groups(np.array(b), np.array(a)).others(np.array(b), np.array(a))
    for row in range(len(b)):
        others = [a[i] for i in range(len(b)) if i != row and b[i] == b[row] >= 0 and a[i] >= 0]
        assert company[row] == len(others)
        counts = sorted(((others.count(v), v) for v in set(others)), reverse=True)
        tied = len(counts) > 1 and counts[0][0] == counts[1][0]
        assert best[row] == (-1 if not counts or tied else counts[0][1])


def test_support_leaves_the_row_itself_out():
    b, a = np.array([0, 0, 0, 1]), np.array([2, 2, 3, 2])
    count, size = Groups(b, a).support(b, a, np.array([[2], [3], [3], [2]]))
    assert count.ravel().tolist() == [1, 1, 0, 0]
    assert size.tolist() == [2, 2, 2, 0]


def test_a_dependency_with_a_few_errors_is_found_and_chance_is_not():
    draw = random.Random(1)
    city = np.array([draw.randrange(20) for _ in range(1000)])
    state = city % 7
    state[::50] = 6 - state[::50]
    noise = np.array([draw.randrange(5) for _ in range(1000)])
    found = {(each.determinant, each.target) for each in discover({"city": city, "state": state, "noise": noise})}
    assert found == {("city", "state")}


def test_keys_and_constants_determine_nothing():
    rows = np.arange(500)
    assert discover({"key": rows, "constant": np.zeros(500, dtype=int), "other": rows % 3}) == []


def test_empty_columns_are_no_trouble():
    nothing = np.full(30, -1)
    assert discover({"a": nothing, "b": nothing, "c": np.arange(30) % 2}) == []
    assert discover({}) == []
