from detect_helpers import propose, repaired
from tablemend.repair.detect import numbers


def test_one_unit_in_several_spellings_is_removed():
    sizes = ["12 oz", "16 oz.", "12 ounce", "8.5 OZ"] * 20
    (found,) = propose(numbers.detect, {"size": sizes})
    assert (found.check, found.operation, found.support) == ("unit_spelling", "normalise_number", 80)
    assert repaired(numbers.detect, {"size": sizes})["size"][:4] == ["12", "16", "12", "8.5"]


def test_a_unit_that_only_some_cells_have_is_removed():
    rates = ["5%", "7.5", "3"] * 20
    assert repaired(numbers.detect, {"rate": rates})["rate"][:3] == ["5", "7.5", "3"]


def test_a_unit_that_every_cell_has_stays():
    assert propose(numbers.detect, {"rate": ["5%", "7%", "9%"] * 20}) == []


def test_different_units_are_not_mixed():
    assert propose(numbers.detect, {"weight": ["5 kg", "5 lb", "3"] * 20}) == []


def test_unknown_words_after_a_number_are_left_alone():
    assert propose(numbers.detect, {"count": ["5 patients", "7 patients", "3 patienxs"] * 20}) == []


def test_codes_with_leading_zeros_are_left_alone():
    assert propose(numbers.detect, {"code": ["007", "1,234", "1234"] * 20}) == []


def test_thousands_signs_go_where_others_do_without():
    prices = ["1,234", "5678", "$9,999"] * 20
    assert repaired(numbers.detect, {"price": prices})["price"][:3] == ["1234", "5678", "9999"]
    assert propose(numbers.detect, {"price": ["1,234", "5,678", "99"] * 20}) == []


def test_a_unit_that_changes_what_the_numbers_mean_stays():
    assert propose(numbers.detect, {"rate": ["5%", "7%", "0.05", "0.07"] * 20}) == []


def test_a_unit_that_nearly_every_cell_writes_alike_is_written_so_everywhere():
    weights = ["5 g"] * 90 + ["7g", "9 gr", "3 grams"]
    found = repaired(numbers.detect, {"weight": weights})["weight"]
    assert found[0] == "5 g"
    assert found[90:] == ["7 g", "9 g", "3 g"]


def test_only_the_space_before_a_unit_differs():
    assert repaired(numbers.detect, {"rate": ["5%"] * 60 + ["7 %"] * 40})["rate"][99] == "7%"
