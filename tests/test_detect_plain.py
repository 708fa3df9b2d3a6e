import random

import pyarrow as pa
import pytest

from tablemend.engine.duckdb import Session
from tablemend.quality.profile import profile
from tablemend.records import Column
from tablemend.repair.detect import case, dates, duplicates, fills, invalid, mojibake, outliers, space
from tablemend.repair.workbench import Workbench


def proposals(module, **columns):
    """What a detector proposes for a table of text columns."""
    with Session() as session:
        rows = len(next(iter(columns.values())))
        session.register("data", pa.table({"_row": range(1, rows + 1), **columns}))
        found = profile(session, "data", [Column(name=name, header=name) for name in columns])
        return list(module.detect(Workbench(session, "data", profile=found)))


def numbers(seed=1):
    draw = random.Random(seed)
    return [f"{draw.gauss(170, 10):.1f}" for _ in range(300)]


def test_space_is_trimmed_and_folded():
    (trim,) = proposals(space, a=[" x", "y", "z\t"])
    assert (trim.operation, trim.support) == ("trim", 2)
    (fold,) = proposals(space, a=[" x", "y  y", "z"])
    assert (fold.operation, fold.check, fold.support) == ("fold_space", "double_space", 2)
    assert proposals(space, a=["x y", "z", None, "  "]) == []


def test_mojibake_is_decoded_as_it_was_meant():
    (found,) = proposals(mojibake, city=["MÃ¼nchen", "Köln", "São Paulo", "GarÃ§on â€“ cafÃ©"])
    assert sorted(found.params["pairs"], reverse=True) == [
        ["MÃ¼nchen", "München"],
        ["GarÃ§on â€“ cafÃ©", "Garçon – café"],
    ]


def test_lost_characters_are_left_alone():
    assert proposals(mojibake, city=["M\ufffdnchen", "Köln"]) == []


def test_one_case_for_the_column():
    (found,) = proposals(case, city=["Berlin"] * 9 + ["berlin"] + ["Rome"] * 9 + ["ROME"])
    assert (found.operation, found.params) == ("change_case", {"case": "title"})


def test_case_value_by_value_where_no_case_fits_all():
    (found,) = proposals(case, name=["McDonald"] * 9 + ["mcdonald"] + ["IBM"] * 9 + ["Ibm"])
    assert found.operation == "map_values"
    assert sorted(found.params["pairs"]) == [["Ibm", "IBM"], ["mcdonald", "McDonald"]]


def test_equally_frequent_spellings_are_left_alone():
    assert proposals(case, name=["us", "US"] * 10) == []


def test_dates_of_another_format():
    days = [f"2024-01-{n:02}" for n in range(1, 29)] * 2
    (found,) = proposals(dates, day=[*days, "15.03.2024", "02.04.2024"])
    assert found.operation == "parse_date"
    assert found.params == {"formats": ["%d.%m.%Y"], "to": "%Y-%m-%d"}


def test_ambiguous_dates_are_not_guessed_and_impossible_ones_stay():
    days = [f"2024-01-{n:02}" for n in range(1, 29)] * 2
    assert proposals(dates, day=[*days, "03/04/2024"]) == []
    assert proposals(dates, day=[*days, "2024-02-31"]) == []
    assert proposals(dates, day=[*days, "31/31/2024"]) == []
    (found,) = proposals(dates, day=[*days, "03/04/2024", "25/12/2024", "12/25/2024"])
    assert sorted(found.params["pairs"]) == [["12/25/2024", "2024-12-25"], ["25/12/2024", "2024-12-25"]]


def test_short_years_are_below_what_is_applied_unasked():
    days = [f"2024-01-{n:02}" for n in range(1, 29)] * 2
    (found,) = proposals(dates, day=[*days, "25.12.24"])
    assert found.confidence < 0.5


def test_outliers_are_capped_only_when_asked():
    (found,) = proposals(outliers, height=[*numbers(), "1700.0", "3.0"])
    assert (found.operation, found.support) == ("cap", 2)
    assert found.confidence < 0.5
    assert [each.operation for each in found.alternatives] == ["set_null"]


def test_invalid_values_may_be_emptied():
    (found,) = proposals(invalid, height=[*numbers(), "tall"])
    assert (found.check, found.operation, found.params) == ("type_mismatch", "set_null", {"values": ["tall"]})
    assert found.confidence < 0.5


def test_sentinel_numbers_are_emptied():
    (found,) = proposals(invalid, height=[*numbers(), "9999", "9999"])
    assert (found.check, found.params, found.support) == ("disguised_missing", {"values": ["9999"]}, 2)


def test_flipped_signs_are_only_suggested():
    (found,) = proposals(invalid, height=[*numbers(), "-171.5"])
    assert (found.check, found.operation, found.support) == ("sign", "replace_pattern", 1)
    assert found.confidence < 0.5


def test_fills_are_calibrated_by_masking_and_stay_suggestions():
    (found,) = proposals(fills, color=["red"] * 60 + ["blue"] * 30 + [None] * 10)
    assert found.operation == "fill"
    assert found.confidence <= 0.49
    assert {each.params["method"] for each in found.alternatives} | {found.params["method"]} == {
        "mode",
        "forward",
        "backward",
    }


def test_numbers_are_filled_by_their_median():
    (found,) = proposals(fills, height=[*numbers(), None, None])
    assert found.params["method"] == "median"
    assert found.confidence < 0.05


def test_optional_columns_are_not_filled():
    assert proposals(fills, color=["red", "blue"] * 20 + [None] * 60) == []


def test_exact_duplicates_keep_the_first():
    (found,) = proposals(duplicates, a=["x", "y", "x"], b=["1", "2", "1"])
    assert (found.operation, found.params["keep"], found.support) == ("deduplicate", "first", 1)
    assert "removes_rows" in found.flags


def test_near_duplicates_are_only_suggested():
    names = [f"Some Company {chr(97 + n % 26)}{n}" for n in range(40)]
    cities = ["Berlin", "Rome"] * 20
    years = [str(1900 + n) for n in range(40)]
    (found,) = proposals(duplicates, name=[*names, "some company a0."], city=[*cities, "berlin"], year=[*years, "1900"])
    assert (found.check, found.params) == ("near_duplicate", {"predicate": "_row IN (41)"})
    assert found.confidence < 0.5


@pytest.mark.parametrize("module", [space, mojibake, case, dates, outliers, invalid, fills, duplicates])
def test_a_clean_table_gives_no_proposal(module):
    draw = random.Random(3)
    table = {
        "id": [str(n) for n in range(300)],
        "city": [draw.choice(["Berlin", "Paris", "Zürich"]) for _ in range(300)],
        "day": [f"2024-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}" for _ in range(300)],
        "height": numbers(),
    }
    assert proposals(module, **table) == []
