"""The benchmarks of the browser, small: what they ask for happens, and is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tablemend.bench import users, web
from tablemend.bench.case import Row
from tablemend.bench.served import lacking


@pytest.fixture(autouse=True)
def looked_at() -> None:
    if lacks := lacking():
        pytest.skip(lacks)


def measured(case: Callable[..., Sequence[Row]], folder: Path, **sizes: Any) -> list[Row]:
    """The figures of a case, which drives a browser of its own in a thread of its own."""
    with ThreadPoolExecutor(1) as thread:
        rows = list(thread.submit(case, folder, **sizes).result())
    assert len({row.what for row in rows}) == len(rows)
    return rows


def test_first_loads_are_measured_with_and_without_a_cache(tmp_path: Path) -> None:
    rows = measured(web.first_load, tmp_path, items=300, repetitions=1)
    assert [row.bar for row in rows] == [2.5, 1.0, 2.5, 1.0]
    assert all(row.value > 0 for row in rows)


def test_long_lists_are_reached_narrowed_and_applied(tmp_path: Path) -> None:
    for case, bar in ((web.items_10k, 0.5), (web.narrowing, 0.3), (web.first_progress, 0.3)):
        (tmp_path / case.__name__).mkdir()
        rows = measured(case, tmp_path / case.__name__, items=300, repetitions=1)
        assert bar in {row.bar for row in rows}


def test_a_click_on_apply_is_measured_beside_the_apply_alone(tmp_path: Path) -> None:
    whole, page = measured(web.heal_click, tmp_path, rows=500, repetitions=1)
    assert page.value == pytest.approx(whole.value - page.baseline)


def test_people_at_work_meet_no_error_and_what_they_decide_is_kept(tmp_path: Path) -> None:
    rows = measured(users.twenty, tmp_path, people=3, items=300, lasting=8.0)
    assert rows[0].what.startswith("failed of ")
    assert rows[0].value == 0, rows[0].what
    assert {"of which news", "of which look at an item"} <= {row.what for row in rows}
    memory = {row.what: row.value for row in rows if row.unit == "MB"}
    assert 0 < memory["most memory, server PSS"] <= memory["most memory, all PSS"]
