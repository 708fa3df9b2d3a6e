from detect_helpers import propose
from tablemend.repair.detect import missing


def confidence(column):
    return {each.params["values"][0]: each.confidence for each in propose(missing.detect, {"c": column})}


def test_a_word_among_numbers_is_missing():
    assert confidence(["1", "2.5", "N/A", "-3"] * 10) == {"N/A": 0.96}


def test_a_word_among_words_needs_blanks_beside_it():
    assert confidence(["red", "null", "green"] * 10)["null"] < confidence(["red", "null", None] * 10)["null"]


def test_what_people_write_among_words_is_only_shown():
    assert confidence(["red", "unknown", "green"] * 10)["unknown"] < 0.5


def test_a_code_that_looks_like_a_word_stays():
    assert confidence(["NAN", "LHR", "CDG", "JFK", "SYD"] * 10)["NAN"] < 0.5


def test_words_are_found_in_columns_of_unique_values():
    column = [str(n) for n in range(30_000)] + ["n/a"]
    (found,) = propose(missing.detect, {"c": column})
    assert (found.support, found.confidence) == (1, 0.96)
