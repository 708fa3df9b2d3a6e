"""Long runs of what the other tests try briefly; `make soak` runs them."""

import csv
import random
from pathlib import Path

import pytest

import tablemend as tm

pytestmark = pytest.mark.soak

OPERATIONS = (
    ("trim", {}),
    ("fold_space", {}),
    ("change_case", {"case": "upper"}),
    ("replace_pattern", {"pattern": "[aeiou]", "replacement": "*"}),
    ("fill", {"method": "forward"}),
    ("set_null", {"values": ["x", ""]}),
)
TEXTS = ("a", " b", "x", "", "Ünï", 'say "hi"', "two\nlines", "c,d", "0012", "1.0", "N/A")


def faulty(path: Path, chance: random.Random) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        write = csv.writer(file, lineterminator=chance.choice(["\n", "\r\n"]))
        write.writerow(["id", "one", "two", "three"])
        write.writerows([n, *chance.choices(TEXTS, k=3)] for n in range(chance.randrange(1, 80)))
    return path


@pytest.mark.parametrize("seed", range(200))
def test_any_repairs_are_undone_to_the_byte(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    source = faulty(tmp_path / "source.csv", chance)
    with tm.open(tmp_path / "state") as ws:
        scanned = ws.scan(source)
        ids = []
        for operation, params in chance.sample(OPERATIONS, 3):
            try:
                ids.append(ws.propose(operation, [chance.choice(["one", "two", "three"])], params).id)
            except tm.errors.NothingToChange:
                continue
        if not ids:
            return
        ws.approve(scanned.run, ids=ids, force=True)
        applied = ws.apply(scanned.run)
        assert ws.diff(applied.change_set.dataset, 1, 2).cells.num_rows == applied.change_set.cells
        ws.undo(applied.change_set.id)
        ws.export(applied.change_set.dataset, tmp_path / "undone.csv")
    assert (tmp_path / "undone.csv").read_bytes() == source.read_bytes()
