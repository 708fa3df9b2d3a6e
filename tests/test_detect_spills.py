from detect_helpers import propose, repaired
from tablemend.repair.detect import spills

TOWNS = {"city": ["Bend", "Gary", "Reno", "Bend OR", "Gary, IN"] * 6, "state": ["OR", "IN", "NV", None, None] * 6}


def test_a_value_with_that_of_its_blank_neighbour_is_split():
    healed = repaired(spills.detect, TOWNS)
    assert healed["city"][3:5] == ["Bend", "Gary"]
    assert healed["state"][3:5] == ["OR", "IN"]
    assert {each.support for each in propose(spills.detect, TOWNS)} == {12}


def test_nothing_is_split_where_the_neighbour_is_filled():
    filled = {"city": TOWNS["city"], "state": ["OR", "IN", "NV", "OR", "IN"] * 6}
    assert propose(spills.detect, filled) == []


def test_a_word_that_is_no_value_of_the_neighbour_stays():
    other = {"city": ["Bend", "Gary", "Reno", "Bend Up", "Gary Down"] * 6, "state": TOWNS["state"]}
    assert propose(spills.detect, other) == []
