"""Scorecards: files of parts, bands and modifiers, and the scores that they give."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablemend.errors import ScoreError, SettingsError
from tablemend.review.conditions import Condition
from tablemend.review.scorecard import Band, Change, Modifier, Part, Scorecard, parse, shipped
from tablemend.review.scoring import Scored, score

PARTS = {"impact": 25.0, "timeliness": 20.0, "virality": 15.0, "relevance": 25.0, "confidence": 10.0}
FACTS = {
    "age_hours": 3.0,
    "reports": 4,
    "pillars": ("craft",),
    "triggers": (),
    "evidence.sources": 2,
    "evidence.tier_a": 1,
    "evidence.tier_b": 0,
    "evidence.contradict": 0,
}
FLAGS = ("single_source", "suspected_brigading", "misinformation_risk")
CARD = 'name = "x"\n[parts.a]\nmaximum = 10\n[parts.b]\nmaximum = 5\n'
MODIFIER = "[[modifiers]]\nname = 'm'\nflag = 'f'\nnote = 'M'\n"

GIVEN = st.fixed_dictionaries({name: st.integers(0, int(top * 2)).map(lambda n: n / 2) for name, top in PARTS.items()})
MARKS = st.sets(st.sampled_from(FLAGS)).map(sorted)


def brand(flags: tuple[str, ...] = (), **parts: float) -> Scored:
    return score(shipped("brand"), parts=PARTS | parts, flags=flags)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[parts.a]\nmaximum = 1", "line 1: name is missing"),
        ("name = 'x'\n[parts]", "line 2: there are no parts"),
        ("name = 'x'\n[parts.a]\nmaximum = 1e308", r"line 3: parts\.a\.maximum is 1e\+308; .* at most 1,000,000"),
        ("name = 'x'\n[parts.Title]\nmaximum = 1", r"line 2: a part cannot be called 'Title', as a column of stories"),
        ("name = 'x'\n[parts.a]\nmaximum = 1\n[parts.A]\nmaximum = 1", r"line 4: the parts a and A differ in case"),
        (
            "name = 'x'\n[parts.a]\nmaximum = 0",
            r"line 3: parts\.a\.maximum is 0; it must be above 0 and at most 1,000,000",
        ),
        ("name = 'x'\n[parts.a]\nmaximum = -3", r"line 3: parts\.a\.maximum is -3"),
        ("name = 'x'\n[parts.a]\nmaximum = inf", r"line 3: parts\.a\.maximum is inf"),
        ("name = 'x'\n[parts.a]\nmaximum = '3'", r"line 3: parts\.a\.maximum is '3'; expected a number"),
        ("name = 'x'\n[parts.a]\nmax = 3", r"line 3: there is no field parts\.a\.max"),
        ("name = 'x'\n[parts.total]\nmaximum = 3", "line 2: a part cannot be called 'total'"),
        (f"{CARD}[[bands]]\nname = 'u'\nfrom = 101", "line 8: bands.from is 101; totals go from 0 to 100"),
        (f"{CARD}[[bands]]\nname = 'u'\nfrom = -1", "line 8: bands.from is -1"),
        (f"{CARD}[[bands]]\nname = 'u'\nfrom = 5\nto = 200", "line 9: bands.to is 200"),
        (f"{CARD}[[bands]]\nname = 'u'\nfrom = 50\nto = 40", "line 9: the band u goes backwards, from 50 to 40"),
        (
            f"{CARD}[[bands]]\nname = 'u'\nfrom = 50\n[[bands]]\nname = 'u'\nfrom = 60",
            "line 10: there are two bands 'u'",
        ),
        (
            f"{CARD}[[bands]]\nname = 'u'\nfrom = 50\n[[bands]]\nname = 'v'\nfrom = 50",
            r"line 11: the bands u \(to 50\) and v \(from 50\) overlap",
        ),
        (
            f"{CARD}[[bands]]\nname = 'u'\nfrom = 50\nto = 70\n[[bands]]\nname = 'v'\nfrom = 60",
            r"line 9: the bands u \(to 70\) and v \(from 60\) overlap",
        ),
        (f"{CARD}{MODIFIER}changes = []", "line 10: the modifier m changes nothing"),
        (f"{CARD}{MODIFIER}changes = [{{ part = 'c', add = 1 }}]", "line 10: there is no part 'c'; the parts are a, b"),
        (f"{CARD}{MODIFIER}changes = [{{ part = 'a', add = nan }}]", "line 10: modifiers.changes.add is nan"),
        (f"{CARD}{MODIFIER}changes = [{{ part = 'a', add = 1, otherwise = 2 }}]", "line 10: otherwise stands without"),
        (
            f"{CARD}{MODIFIER}changes = [\n{{ part = 'a', add = 1, if = [{{ field = 'parts.c', above = 1 }}] }},\n]",
            r"line 11: there is no field 'parts\.c' to ask about here; the fields are .*, parts\.a, parts\.b$",
        ),
        (
            f"{CARD}{MODIFIER}changes = [{{ part = 'a', add = 1, if = [{{ field = 'cells', above = 1 }}] }}]",
            "line 10: there is no field 'cells' to ask about here",
        ),
        (
            f"{CARD}derive = [\n{{ points = 6, all = [{{ field = 'reports', above = 1 }}] }},\n]",
            r"line 7: parts\.b\.derive\.points is 6; b goes from 0 to 5",
        ),
        (f"{CARD}derive = [\n{{ points = 5 }},\n]", "line 7: points without a condition"),
        (
            f"{CARD}derive = [{{ points = 5, all = [{{ field = 'parts.a', above = 1 }}] }}]",
            r"line 6: there is no field 'parts\.a' to ask about here; the fields are flags",
        ),
        (
            f"{CARD}derive = [{{ points = 5, all = [{{ field = 'total', above = 1 }}] }}]",
            "line 6: there is no field 'total'",
        ),
    ],
)
def test_a_scorecard_that_cannot_be_used_names_the_line(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=rf"^c\.toml, {message}") as raised:
        parse(text, origin="c.toml")
    assert raised.value.hint


def test_a_scorecard_made_without_a_file_is_held_to_the_same() -> None:
    with pytest.raises(SettingsError, match="scorecard x: there are no parts"):
        score(Scorecard(name="x", parts={}), parts={})


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"impact": 25.1}, "the part impact is 25.1; it goes from 0 to 25"),
        ({"impact": -0.1}, "the part impact is -0.1; it goes from 0 to 25"),
        ({"impact": float("nan")}, "the part impact is nan; it goes from 0 to 25"),
        ({"impact": float("inf")}, "the part impact is inf"),
        ({"impact": "12"}, "the part impact is '12'"),
        ({"impact": True}, "the part impact is True"),
        ({"imapct": 3}, "there is no part imapct; the scorecard brand has impact, timeliness"),
    ],
)
def test_a_score_that_cannot_be_used(parts: dict[str, float], message: str) -> None:
    with pytest.raises(ScoreError, match=message) as raised:
        brand(**parts)
    assert raised.value.hint


def test_a_part_that_is_neither_given_nor_derivable_is_an_error() -> None:
    card = parse(CARD, origin="c")
    with pytest.raises(ScoreError, match="the part b has no score, and the scorecard x has no rules to derive it"):
        score(card, parts={"a": 1})
    with pytest.raises(ScoreError, match=r"derives it: age_hours is not measured: the story has no `published`$"):
        score(shipped("brand"), parts={k: v for k, v in PARTS.items() if k != "timeliness"})
    with pytest.raises(ScoreError, match="there is no fact agehours"):
        score(shipped("brand"), parts=PARTS, facts={"agehours": 3})


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"age_hours": "3"}, "the fact age_hours is '3'; it is a number"),
        ({"age_hours": True}, "the fact age_hours is True; it is a number"),
        ({"pillars": "craft"}, "the fact pillars is 'craft'; it is a set"),
        ({"pillars": 2}, "the fact pillars is 2; it is a set"),
        ({"flags": ("single_source",)}, "there is no fact flags"),
    ],
)
def test_a_fact_that_cannot_be_used(facts: dict[str, object], message: str) -> None:
    with pytest.raises(ScoreError, match=message):
        score(shipped("brand"), parts=PARTS, facts=facts)


def test_parts_are_derived_only_where_the_item_brings_none() -> None:
    scored = score(shipped("brand"), parts={"impact": 1}, facts=FACTS)
    assert scored.parts == {"impact": 1, "timeliness": 20, "virality": 6, "relevance": 14, "confidence": 8}
    assert scored.derived["timeliness"] == "age_hours 3 is at most 6"
    assert scored.derived["confidence"] == "evidence.tier_a 1 is at least 1, evidence.sources 2 is at least 2"
    assert "impact" not in scored.derived


@pytest.mark.parametrize("contradicting", [0, 1, 3])
@pytest.mark.parametrize("sources", [0, 1, 2, 3, 9])
@pytest.mark.parametrize("pillars", [(), ("x",), ("x", "y", "z")])
@pytest.mark.parametrize("age", [-1.0, 0.0, 6.5, 100.0, 10_000.0])
def test_whatever_is_measured_can_be_derived(
    contradicting: int, sources: int, pillars: tuple[str, ...], age: float
) -> None:
    facts = FACTS | {
        "age_hours": age,
        "pillars": pillars,
        "evidence.sources": sources,
        "evidence.tier_a": 0,
        "evidence.contradict": contradicting,
        "reports": sources,
    }
    assert 0 <= score(shipped("brand"), parts={}, facts=facts).total <= 100


@pytest.mark.parametrize(("tier_a", "points"), [(2, 5), (1, 5), (0, 2), (None, 2)])
def test_what_is_contradicted_is_trusted_little_unless_tier_a_says_it(tier_a: int | None, points: int) -> None:
    facts = FACTS | {"evidence.contradict": 1, "evidence.tier_a": tier_a}
    facts = {name: value for name, value in facts.items() if value is not None}
    assert score(shipped("brand"), parts={}, facts=facts).parts["confidence"] == points


def test_the_total_is_normalised_and_has_a_band() -> None:
    assert (brand().total, brand().band) == (100, "must-cover")
    assert brand(impact=0, timeliness=7).total == pytest.approx(100 * 57 / 95)
    assert brand(impact=0, timeliness=7).band == "optional"
    assert brand(impact=0, timeliness=0, virality=0).band == ""


def test_bands_with_an_end_leave_gaps() -> None:
    bands = (Band(name="high", from_=80.0), Band(name="low", from_=10.0, to=20.0))
    card = Scorecard(name="x", parts={"a": Part(maximum=100.0)}, bands=bands)
    found = [score(card, parts={"a": value}).band for value in (0, 10, 19.9, 20, 79.9, 80, 100)]
    assert found == ["", "low", "low", "", "", "high", "high"]


@pytest.mark.parametrize(
    ("flags", "parts", "note"),
    [
        (("single_source",), {"confidence": 6}, "Single source: confidence −1, virality −2"),
        (("single_source",), {"confidence": 5}, "Single source: confidence −1, virality −4"),
        (
            ("single_source",),
            {"confidence": 5, "virality": 1},
            "Single source: confidence −1, virality −1 (of −4: it cannot go below 0)",
        ),
        (
            ("single_source",),
            {"confidence": 0, "virality": 0},
            "Single source: confidence 0 (of −1: it cannot go below 0), virality 0 (of −4: it cannot go below 0)",
        ),
        (("suspected_brigading",), {}, "Suspected brigading: virality −10"),
        (("misinformation_risk",), {}, "High misinformation risk: confidence −3"),
    ],
)
def test_notes_tell_the_true_amounts(flags: tuple[str, ...], parts: dict[str, float], note: str) -> None:
    assert brand(flags, **parts).notes == (note,)


def test_conditions_of_modifiers_look_at_the_values_before_any() -> None:
    for order in (FLAGS, FLAGS[::-1]):
        scored = brand(order, confidence=7)
        assert scored.parts["virality"] == 15 - 2 - 10
        assert scored.parts["confidence"] == 3


def test_a_modifier_may_add_and_may_do_nothing() -> None:
    changes = (
        Change(part="a", add=4.0, if_=(Condition(field="total", below=50.0), Condition(field="band", is_="low"))),
    )
    card = Scorecard(
        name="x",
        parts={"a": Part(maximum=10.0)},
        bands=(Band(name="low", from_=0.0, to=80.0),),
        modifiers=(Modifier(name="m", flag="f", note="Boost", changes=changes),),
    )
    assert score(card, parts={"a": 4}, flags=["f"]).notes == ("Boost: a +4",)
    assert score(card, parts={"a": 6}, flags=["f"]).notes == ("Boost: nothing changed",)
    assert score(card, parts={"a": 4}).notes == ()


@given(GIVEN, MARKS)
def test_a_total_is_within_0_and_100_and_the_notes_tell_its_whole_difference(
    parts: dict[str, float], flags: list[str]
) -> None:
    scored = score(shipped("brand"), parts=parts, flags=flags)
    assert 0 <= scored.total <= 100
    assert all(0 <= scored.parts[name] <= top for name, top in PARTS.items())
    told = " ".join(re.sub(r"\(of .*?\)", "", note) for note in scored.notes)
    amounts = [float(each.replace("−", "-")) for each in re.findall(r"[−+]\d+(?:\.\d+)?", told)]
    assert scored.total - scored.before == pytest.approx(sum(amounts) * 100 / 95)
    assert len(scored.notes) == len(flags)


@given(GIVEN, MARKS, st.sampled_from(sorted(PARTS)), st.integers(1, 10))
def test_more_of_a_part_never_lowers_the_total(parts: dict[str, float], flags: list[str], name: str, more: int) -> None:
    raised = parts | {name: min(PARTS[name], parts[name] + more / 2)}
    card = shipped("brand")
    assert score(card, parts=raised, flags=flags).total >= score(card, parts=parts, flags=flags).total


@given(GIVEN, MARKS)
def test_the_order_of_flags_does_not_matter(parts: dict[str, float], flags: list[str]) -> None:
    card = shipped("brand")
    assert score(card, parts=parts, flags=flags) == score(card, parts=parts, flags=flags[::-1])
