from detect_helpers import propose
from tablemend.repair.detect import variants


def test_punctuation_accents_and_order_of_words_do_not_tell_values_apart():
    same = {variants.fingerprint(each) for each in ("Smith, John", "john smith", "John  Smith.", "Jóhn Smith")}
    assert len(same) == 1


def test_the_usual_spelling_is_proposed_surely_only_where_it_is_clearly_usual():
    names = ["St. Louis"] * 40 + ["St Louis"] * 2 + ["Winston-Salem"] * 5 + ["Winston Salem"] * 3
    found = {each.tier: each for each in propose(variants.detect, {"city": names})}
    assert found["usual"].params["pairs"] == [["St Louis", "St. Louis"]]
    assert found["rival"].params["pairs"] == [["Winston Salem", "Winston-Salem"]]
    assert found["rival"].confidence < 0.5 < found["usual"].confidence


def test_grades_and_figures_keep_their_signs():
    assert propose(variants.detect, {"grade": ["B"] * 40 + ["B-"] * 3, "size": ["1.5"] * 20 + ["15"] * 23}) == []
