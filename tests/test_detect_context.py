import random

import pytest

from detect_helpers import CITIES, damaged, places, propose, repaired
from tablemend.repair.detect import context
from tablemend.repair.detect.channel import Channel, learn


def test_a_clean_table_is_left_alone():
    assert propose(context.detect, places()) == []


def test_misspelled_contradicting_and_blank_cells_are_repaired_by_what_determines_them():
    clean = places()
    wrong_state = "Texas" if clean["state"][50] != "Texas" else "Oregon"
    dirty = damaged(clean, city={3: clean["city"][3][:-1]}, state={50: wrong_state, 60: None}, zip={70: ""})
    assert repaired(context.detect, dirty) == clean


def test_tiers_are_separate_proposals_with_checks_that_say_what_is_wrong():
    clean = places()
    dirty = damaged(clean, city={3: clean["city"][3] + "s"}, state={60: None})
    found = {(each.columns[0], each.check, each.operation) for each in propose(context.detect, dirty)}
    assert found == {("city", "typo", "repair_dependency"), ("state", "null", "fill_dependency")}


def test_a_rare_misspelling_needs_no_determinant():
    colours = random.Random(2).choices(["yellow", "orange", "purple"], k=300)
    healed = repaired(context.detect, {"colour": [*colours, "yelow"]})
    assert healed["colour"][-1] == "yellow"


def test_figures_that_differ_in_a_digit_are_no_misspellings():
    assert propose(context.detect, {"n": ["100"] * 300 + ["101", "10"]}) == []


def test_blanks_that_are_meant_stay():
    kinds = {"kind": ["a", "b"] * 200, "extra": ["x" if n % 4 == 0 else None for n in range(400)]}
    assert propose(context.detect, kinds) == []


def test_swapped_cells_are_put_back():
    clean = places()
    dirty = damaged(clean, city={5: clean["state"][5]}, state={5: clean["city"][5]})
    assert repaired(context.detect, dirty) == clean


def test_first_and_last_names_that_are_both_are_not_swapped():
    draw = random.Random(4)
    first = draw.choices(["James", "Martin", "Thomas", "Maria", "Anna"], weights=[9, 3, 3, 9, 9], k=400)
    last = draw.choices(["Martin", "Thomas", "James", "Klein", "Weber"], weights=[9, 9, 2, 9, 9], k=400)
    assert propose(context.detect, {"first": first, "last": last}) == []


def masked(value, draw):
    place = draw.randrange(len(value))
    return value[:place] + "x" + value[place + 1 :]


def test_the_junk_character_of_the_table_is_learned():
    draw, clean = random.Random(5), places()
    cells = {row: masked(clean["city"][row], draw) for row in range(0, 400, 25)}
    remarks = [f"{draw.randrange(90) + 10} visitors" for _ in range(400)]
    dirty = damaged({**clean, "remark": remarks}, city=cells, remark={7: remarks[7][:-3] + "xrs"})
    assert repaired(context.detect, dirty) == {**clean, "remark": remarks}


def test_a_channel_is_learned_from_pairs_and_knows_its_direction():
    channel = learn([("cxty", "city"), ("txwn", "town"), ("xoad", "road"), ("stxte", "state"), ("zxp", "zip")] * 2)
    assert channel.mask == "x"
    assert channel.likelihood("hxspxtal", "hospital") > 1
    assert channel.likelihood("box", "bow") == 0 or channel.likelihood("bow", "box") == 0


@pytest.mark.parametrize(
    ("observed", "true", "alike"), [("Bostn", "Boston", True), ("12", "13", False), ("a", "b", False)]
)
def test_what_counts_as_a_misspelling(observed, true, alike):
    assert (Channel().likelihood(observed, true) > 0) == alike


def test_a_composed_column_is_not_voted_towards_its_most_frequent_form():
    draw = random.Random(6)
    state = ["al"] * 390 + ["ak"] * 10
    code = [draw.choice(["hf-1", "hf-2", "pn-3", "pn-4"]) for _ in state]
    clean = {"state": state, "code": code, "average": [f"{s}_{c}" for s, c in zip(state, code, strict=True)]}
    dirty = damaged(clean, average={3: "al_hf-", 4: None})
    assert repaired(context.detect, dirty) == clean


def test_the_one_missing_member_of_a_complete_set_is_filled():
    members = ["red", "green", "blue", "white", "black"]
    clean = {
        "store": [f"S{n // 5}" for n in range(300)],
        "colour": [members[n % 5] for n in range(300)],
        "stock": [str(n * 7 % 100) for n in range(300)],
    }
    assert repaired(context.detect, damaged(clean, colour={12: None, 48: None})) == clean


def test_every_proposal_says_how_sure_it_is_and_changes_something():
    draw, clean = random.Random(7), places(600)
    dirty = damaged(
        clean,
        city={row: draw.choice(CITIES)[0] for row in range(0, 600, 40)},
        state=dict.fromkeys(range(5, 600, 40)),
    )
    for each in propose(context.detect, dirty):
        assert 0.5 <= each.confidence <= 1
        assert each.support == len(each.params["pairs"]) or each.params["keys"][0] != "_row"
        assert all(pair[-1] != pair[-2] for pair in each.params["pairs"])
