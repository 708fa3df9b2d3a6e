import random

from detect_helpers import propose, repaired
from tablemend.repair.detect import context, spellings

SOURCES = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"]
GOOD = 5  # the first sources are mostly right


def reports(entities=60, seed=3):
    """What sources say about entities, and the truth."""
    draw = random.Random(seed)
    rows, truths = [], []
    for entity in range(entities):
        truth = [f"{draw.randrange(1, 12)}:{draw.randrange(10, 60)} a.m." for _ in range(3)]
        for number, source in enumerate(SOURCES):
            right = 0.9 if number < GOOD else 0.3
            said = [
                t if draw.random() < right else f"{draw.randrange(1, 12)}:{draw.randrange(10, 60)} a.m." for t in truth
            ]
            rows.append([source, f"E{entity}", *said])
            truths.append([source, f"E{entity}", *truth])
    names = ["source", "entity", "planned", "left", "arrived"]
    return ({n: list(c) for n, c in zip(names, zip(*each, strict=True), strict=True)} for each in (rows, truths))


def test_sources_are_reconciled_with_what_is_true():
    said, true = reports()
    healed = repaired(context.detect, said)
    wrong = sum(h != t for name in said for h, t in zip(healed[name], true[name], strict=True))
    before = sum(s != t for name in said for s, t in zip(said[name], true[name], strict=True))
    assert before > 300
    assert wrong < before / 20


def test_conflicts_are_told_from_blanks():
    said, _ = reports()
    said["planned"][0] = None
    assert {each.check for each in propose(context.detect, said)} == {"source_conflict", "null"}


def test_blanks_are_filled_and_decorations_dropped():
    said, true = reports()
    said["planned"][0] = None
    said["planned"][1] = true["planned"][1] + " (Estimated)"
    healed = repaired(context.detect, said)
    assert healed["planned"][:2] == true["planned"][:2]


def test_years_are_no_sources():
    said, _ = reports()
    said["source"] = [str(2000 + SOURCES.index(each)) for each in said["source"]]
    assert propose(context.detect, said) == []


def test_decorated_values_mean_what_their_core_says():
    import numpy as np

    values = ["7:10 a.m.", "12/1 7:10 a.m.", "7:10aDec 1", "8:15 p.m. (late)", "8:15 p.m.", "none"]
    codes = np.array([0] * 9 + [1, 2, 3] + [4] * 5 + [5])
    assert spellings.meanings(codes, values).tolist() == [0, 0, 0, 4, 4, 5, -1]
