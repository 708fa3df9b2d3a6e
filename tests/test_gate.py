"""Gates: files of rules, judged in order, with every condition told in words."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablemend.errors import SettingsError
from tablemend.records import Evidence, Item
from tablemend.review import contradictions, scorecard
from tablemend.review import gate as review
from tablemend.review.comparators import figure
from tablemend.review.conditions import COMPARATORS, Condition, compiled
from tablemend.review.fields import FIELDS, of_item
from tablemend.review.gate import Gate, Rule, judge, parse, shipped, why_not

HEAD = 'name = "x"\ndefault = "monitor"\n[[rules]]\noutcome = "promote"\n'


def item(**fields: object) -> Item:
    return Item(**{"id": "i1", "run": "r1", "type": "repair", "title": "t"} | fields)  # type: ignore[arg-type]


def story(total: float, confidence: float, *flags: str) -> Item:
    return item(type="intel", scores={"total": total, "confidence": confidence}, flags=flags)


def told(given_item: Item, field: str, **comparators: object) -> tuple[bool, str]:
    (test,) = compiled(Condition(field=field, **comparators), of_item)  # type: ignore[arg-type]
    assert test.held(given_item) == test.told(given_item)[0]
    return test.told(given_item)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("default = 'block'", "line 1: name is missing"),
        ("name = ' '\ndefault = 'block'", "line 1: name is empty"),
        ("name = 'x'\ndefault = 'yes'", "line 2: default is 'yes'; it is one of promote, monitor, block"),
        ("name = 'x'\ndefault = 'block'\n[words]\nblock = 'promote'", "line 3: the words"),
        ("name = 'x'\ndefault = 'block'\n[words]\nblock = 'no'", "line 2: default is 'block'; it is one of"),
        (f"{HEAD}colour = 'red'", "line 5: there is no field rules.colour; the fields are outcome, name, all, any"),
        (HEAD.replace("promote", "allow"), "line 4: rules.outcome is 'allow'; it is one of promote, monitor, block"),
        (HEAD, "line 3: a rule has no condition"),
        (f"{HEAD}all = [\n  {{ field = 'totl', above = 1 }}\n]", "line 6: there is no field 'totl'"),
        (f"{HEAD}all = [{{ field = 'parts.', above = 1 }}]", "line 5: there is no field 'parts.'"),
        (f"{HEAD}any = [\n  {{ field = 'total' }}\n]", "line 6: total is compared with nothing"),
        (
            f"{HEAD}all = [{{ field = 'total', any_of = ['x'] }}]",
            "line 5: any_of does not fit total, which is a number",
        ),
        (f"{HEAD}all = [{{ field = 'flags', is = 'x' }}]", "line 5: is does not fit flags, which is a set"),
        (f"{HEAD}all = [{{ field = 'check', above = 3 }}]", "line 5: above does not fit check, which is a text"),
        (f"{HEAD}all = [{{ field = 'total', above = nan }}]", "line 5: total above: nan is not a finite number"),
        (f"{HEAD}all = [{{ field = 'total', above = '3' }}]", "line 5: rules.all.above is '3'; expected a number"),
        (f"{HEAD}all = [{{ field = 'flags', any_of = [] }}]", "line 5: flags any_of: the list is empty"),
        (f"{HEAD}all = [{{ field = 'rows', is = 'x' }}]", "line 5: rows is: 'x' is no number"),
        (f"{HEAD}all = [{{ field = 'check', is = [1] }}]", "line 5: check is: 1 is no text"),
    ],
)
def test_a_gate_that_cannot_be_used_names_the_line(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=rf"^g\.toml, {message}") as raised:
        parse(text, origin="g.toml")
    assert raised.value.hint


def test_a_gate_made_without_a_file_is_held_to_the_same() -> None:
    unusable = Gate(name="x", default="monitor", rules=(Rule(outcome="promote"),))
    with pytest.raises(SettingsError, match="gate x: a rule has no condition"):
        judge(unusable, item())


def test_a_misspelt_field_is_told_the_nearest() -> None:
    with pytest.raises(SettingsError) as raised:
        parse(f"{HEAD}all = [{{ field = 'confidnce', above = 1 }}]", origin="g")
    assert raised.value.hint == "Perhaps confidence is meant."


@pytest.mark.parametrize(
    ("made", "outcome", "rule"),
    [
        (story(100, 10, "forbidden_tactic", "always_cover"), "block", "rule 1, forbidden tactic"),
        (story(90, 2.9, "misinformation_risk", "always_cover"), "block", "rule 2, likely misinformation"),
        (story(90, 3, "misinformation_risk", "always_cover"), "promote", "rule 3, always cover"),
        (story(10, 0, "always_cover"), "promote", "rule 3, always cover"),
        (story(60, 6), "promote", "rule 4, strong and confirmed"),
        (story(59.9, 6), "monitor", "rule 5, worth watching"),
        (story(60, 5.9), "monitor", "rule 5, worth watching"),
        (story(45, 0), "monitor", "rule 5, worth watching"),
        (story(0, 3), "monitor", "rule 5, worth watching"),
        (story(44.9, 2.9), "block", "default"),
    ],
)
def test_the_gate_of_stories(made: Item, outcome: str, rule: str) -> None:
    judgement = judge(shipped("intel"), made)
    assert (judgement.outcome, judgement.rule) == (outcome, rule)


def test_every_condition_of_every_rule_tried_is_told() -> None:
    judgement = judge(shipped("intel"), story(62, 5))
    assert judgement.explanation == (
        "rule 1, forbidden tactic (block): failed: flags has none of forbidden_tactic",
        "rule 2, likely misinformation (block): failed: flags has none of misinformation_risk; "
        "failed: parts.confidence 5 is not below 3",
        "rule 3, always cover (promote): failed: flags has none of always_cover",
        "rule 4, strong and confirmed (promote): passed: total 62 is at least 60; "
        "failed: parts.confidence 5 is below 6",
        "rule 5, worth watching (monitor): one of (passed: total 62 is at least 45; "
        "passed: parts.confidence 5 is at least 3)",
    )


def test_why_an_item_is_not_promoted() -> None:
    gate = shipped("intel")
    assert why_not(gate, story(60, 6)) == ()
    assert why_not(gate, story(62, 5)) == (
        "rule 3, always cover (promote): flags has none of always_cover",
        "rule 4, strong and confirmed (promote): parts.confidence 5 is below 6",
    )
    assert why_not(gate, story(70, 7, "forbidden_tactic"))[0].endswith("passed: flags has forbidden_tactic")
    never = Gate(name="never", default="monitor")
    assert why_not(never, item()) == ("no rule of the gate never gives promote",)
    rule = Rule(outcome="block", all=(Condition(field="rows", above=5),))
    assert why_not(Gate(name="x", default="promote", rules=(rule,)), item(rows=6)) == (
        "rule 1 (block): passed: rows 6 is above 5",
    )


def test_one_of_any_is_enough_beside_all() -> None:
    condition = Condition
    rule = Rule(
        outcome="promote",
        all=(condition(field="rows", at_most=5),),
        any=(condition(field="check", is_=("typo", "mojibake")), condition(field="columns", at_least=2)),
    )
    gate = Gate(name="x", default="monitor", rules=(rule,))
    assert judge(gate, item(rows=5, check="typo")).outcome == "promote"
    assert judge(gate, item(rows=5, columns=("a", "b"))).outcome == "promote"
    assert judge(gate, item(rows=5, check="outlier", columns=("a",))).outcome == "monitor"
    assert judge(gate, item(rows=6, check="typo")).outcome == "monitor"


@pytest.mark.parametrize(
    ("field", "comparators"),
    [
        ("total", {"at_least": 0.0}),
        ("total", {"below": 1000.0}),
        ("parts.confidence", {"at_most": 1000.0}),
        ("band", {"none_of": ("watch",)}),
        ("check", {"is_": "typo"}),
        ("age_hours", {"at_least": 0.0}),
        ("pillars", {"none_of": ("x",)}),
        ("pillars", {"at_most": 0.0}),
    ],
)
def test_what_is_not_measured_never_passes(field: str, comparators: dict[str, object]) -> None:
    why = {
        "age_hours": ": the story has no `published`",
        "pillars": ": the scorecard has no policy",
    }
    assert told(item(), field, **comparators) == (False, f"{field} is not measured{why.get(field, '')}")


def test_nan_is_not_measured() -> None:
    assert told(story(float("nan"), 1), "total", below=50) == (False, "total is not measured")


@pytest.mark.parametrize(
    ("made", "field", "comparators", "words"),
    [
        (item(confidence=0.9499999999), "confidence", {"at_least": 0.95}, "confidence 0.9499999999 is below 0.95"),
        (item(rows=1_234_567), "rows", {"above": 1e6}, "rows 1234567 is above 1000000"),
        (item(rows=3), "rows", {"is_": (1.0, 2.0)}, "rows is 3, none of 1, 2"),
        (item(check="typo"), "check", {"is_": "typo"}, "check is typo"),
        (item(check="typo"), "check", {"is_": "outlier"}, "check is typo, not outlier"),
        (item(check="typo"), "check", {"none_of": ("typo",)}, "check is typo"),
        (item(flags=("a", "b")), "flags", {"none_of": ("b", "c")}, "flags has b"),
        (item(flags=("a", "b")), "flags", {"none_of": ("c",)}, "flags has none of c"),
        (item(flags=("a", "b")), "flags", {"at_least": 3.0}, "number of flags 2 is below 3"),
        (item(body={"band": "watch"}), "band", {"is_": ("watch", "x")}, "band is watch, one of watch, x"),
        (item(body={"facts": {"pillars": ["x"]}}), "pillars", {"any_of": ("x",)}, "pillars has x"),
    ],
)
def test_words_tell_the_value(made: Item, field: str, comparators: dict[str, object], words: str) -> None:
    assert told(made, field, **comparators)[1] == words


def test_evidence_is_counted_by_kind_source_and_tier() -> None:
    evidence = (
        Evidence(id="1", domain="a.gov", tier="A"),
        Evidence(id="2", domain="a.gov", tier="A"),
        Evidence(id="3", domain="b.example", tier="C"),
        Evidence(id="4", domain="c.example", tier="B", kind="contradict"),
    )
    counts = {"support": 3, "contradict": 1, "sources": 2, "tier_a": 1, "tier_b": 0, "tier_c": 1}
    for name, count in counts.items():
        assert told(item(evidence=evidence), f"evidence.{name}", is_=float(count))[0], name
    nameless = item(evidence=(Evidence(id="1"),))
    assert told(nameless, "evidence.sources", at_least=0) == (False, "evidence.sources is not measured")
    measured = item(evidence=evidence, body={"facts": {"evidence.sources": 1}})
    assert told(measured, "evidence.sources", is_=1.0)[0]


def test_every_comparator_of_every_field_gives_words() -> None:
    full = item(
        scores={"total": 1.0},
        body={"band": "x", "facts": {"age_hours": 1, "reports": 1, "pillars": [], "triggers": []}},
    )
    values = {"is": "x", "any_of": ("x",), "none_of": ("x",)}
    for field in FIELDS.values():
        for comparator in COMPARATORS[field.kind]:
            value = 1.0 if field.kind == "number" else values.get(comparator, 1.0)
            condition = msgspec.convert({"field": field.name, comparator: value}, Condition)
            for made in (full, item()):
                (test,) = compiled(condition, of_item)
                held, words = test.told(made)
                assert isinstance(held, bool)
                assert field.name in words


BOUNDS = st.sampled_from(["at_least", "at_most", "above", "below"])
RULES = st.lists(
    st.tuples(st.sampled_from(review.OUTCOMES), st.sampled_from(["total", "parts.a"]), BOUNDS, st.integers(0, 10)),
    max_size=5,
).map(lambda rules: [(o, f, c, max(b, 1) if c == "below" else b) for o, f, c, b in rules])  # nothing is below 0


@given(RULES, st.sampled_from(review.OUTCOMES), st.integers(0, 10), st.one_of(st.none(), st.integers(0, 10)))
def test_the_first_rule_that_holds_decides(
    rules: list[tuple[str, str, str, int]], default: str, total: int, part: int | None
) -> None:
    compare = {
        "at_least": lambda a, b: a >= b,
        "at_most": lambda a, b: a <= b,
        "above": lambda a, b: a > b,
        "below": lambda a, b: a < b,
    }
    values = {"total": total, "parts.a": part}
    held = [
        (o, f"rule {n}")
        for n, (o, f, c, b) in enumerate(rules, 1)
        if values[f] is not None and compare[c](values[f], b)
    ]
    made = Gate(
        name="g",
        default=default,
        rules=tuple(Rule(outcome=o, all=(msgspec.convert({"field": f, c: b}, Condition),)) for o, f, c, b in rules),
    )
    scores = {"total": float(total)} | ({} if part is None else {"a": float(part)})
    judgement = judge(made, item(scores=scores))
    assert (judgement.outcome, judgement.rule) == (held[0] if held else (default, "default"))
    tried = int(held[0][1].removeprefix("rule ")) if held else len(rules) + 1
    assert len(judgement.explanation) == tried
    assert bool(why_not(made, item(scores=scores))) == (judgement.outcome != "promote")


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_words_never_contradict_the_outcome(value: float, limit: float) -> None:
    held, words = told(item(confidence=value), "confidence", at_least=limit)
    assert held == (value >= limit)
    assert (float(words.split()[1]) >= limit) == held


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_shown_as_it_is(value: float) -> None:
    assert float(figure(value)) == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize(
    ("conditions", "line", "message"),
    [
        ('all = [{ field = "total", at_least = 60, at_most = 50 }]', 6, "total at_most 50 can never hold"),
        ('all = [\n{ field = "total", at_least = 60 },\n{ field = "total", below = 60 }]', 8, "asked for at_least 60"),
        ('any = [{ field = "total", at_least = 5 },\n{ field = "total", above = 100 }]', 7, "goes from 0 to 100"),
        ('all = [{ field = "total", at_least = 101 }]', 6, "total goes from 0 to 100"),
        ('all = [{ field = "total", below = 0 }]', 6, "total goes from 0 to 100"),
        ('all = [{ field = "cells", below = 0 }]', 6, "cells is never below 0"),
        ('all = [{ field = "confidence", above = 1 }]', 6, "confidence goes from 0 to 1"),
        ('all = [{ field = "total", is = 50, above = 50 }]', 6, "is 50 can never hold"),
        ('all = [{ field = "check", is = "a" }, { field = "check", is = ["b", "c"] }]', 6, "is b, c can never hold"),
        ('all = [{ field = "check", is = "a", none_of = ["a"] }]', 6, "none_of a can never hold"),
        ('all = [{ field = "flags", any_of = ["a"], none_of = ["a", "b"] }]', 6, "none_of a, b can never hold"),
        ('all = [{ field = "flags", any_of = ["a"] }, { field = "flags", at_most = 0 }]', 6, "can never hold"),
        ('all = [{ field = "total", at_least = 60 }]\nany = [{ field = "total", below = 9 }]', 7, "below 9 can never"),
    ],
)
def test_conditions_that_can_never_hold_are_refused_with_their_line(conditions: str, line: int, message: str) -> None:
    text = f'name = "g"\ndefault = "monitor"\n\n[[rules]]\noutcome = "block"\n{conditions}\n'
    with pytest.raises(SettingsError, match=rf"^g\.toml, line {line}: ") as raised:
        review.parse(text, origin="g.toml")
    assert message in str(raised.value)


@pytest.mark.parametrize(
    "conditions",
    [
        '{ field = "total", at_least = 50, at_most = 50 }',
        '{ field = "total", above = 0, below = 100 }',
        '{ field = "flags", any_of = ["a", "b"] }, { field = "flags", none_of = ["a"] }',
        '{ field = "check", is = ["a", "b"] }, { field = "check", is = ["b"], none_of = ["a"] }',
        '{ field = "pillars", at_most = 0 }',
    ],
)
def test_conditions_that_can_hold_are_accepted(conditions: str) -> None:
    review.parse(f'name = "g"\ndefault = "monitor"\n[[rules]]\noutcome = "block"\nall = [{conditions}]\n', origin="g")


BOUNDED = st.dictionaries(BOUNDS, st.integers(0, 4), min_size=1)
TOTALS = [quarter / 4 for quarter in range(20)]


@given(st.lists(BOUNDED, min_size=1, max_size=3))
def test_what_is_refused_holds_for_no_total_and_what_is_accepted_for_some(asked: list[dict[str, int]]) -> None:
    made = [msgspec.convert({"field": "total", **each}, Condition) for each in asked]
    tests = [test for each in made for test in compiled(each, of_item)]
    refused = list(contradictions.problems(made, (), ("rules", 0)))
    stories = [item(scores={"total": total}) for total in TOTALS]
    assert bool(refused) == (not any(all(test.held(each) for test in tests) for each in stories))


@pytest.mark.parametrize("words", ['promote = "block"\nblock = "promote"', 'monitor = "block"\nblock = "no"'])
def test_words_never_swap_the_outcomes(words: str) -> None:
    with pytest.raises(SettingsError, match="which is the name of another outcome"):
        review.parse(f'name = "g"\ndefault = "monitor"\n[words]\n{words}\n', origin="g")


GATE = """name = "mine"
default = "monitor"
[[rules]]
outcome = "promote"
all = [{ field = "%s", %s }]
"""


@pytest.mark.parametrize(
    ("field", "comparator", "message"),
    [
        ("parts.impct", "at_least = 1", r"no field 'parts.impct' .*parts\.impact"),
        ("parts.impact", "above = 25", "parts.impact goes from 0 to 25"),
        ("band", 'is = "must"', "no band 'must'; the scorecard brand has the bands must-cover, optional, watch"),
        ("band", 'none_of = ["watch", "top"]', "no band 'top'"),
    ],
)
def test_a_gate_that_asks_for_what_a_scorecard_does_not_have_is_refused(
    field: str, comparator: str, message: str
) -> None:
    text = GATE % (field, comparator)
    found = review.parse(text, origin="g.toml")
    with pytest.raises(SettingsError, match=r"^g\.toml, line 5: .*" + message):
        review.parse(text, origin="g.toml", card=scorecard.shipped("brand"))
    with pytest.raises(SettingsError, match="gate mine: .*" + message):
        review.require_fit(found, "intel", scorecard.shipped("brand"))


def test_a_gate_is_for_one_type_of_items_or_for_every_type() -> None:
    with pytest.raises(SettingsError, match="repair is for items of the type repair, and these are of the type intel"):
        review.require_fit(review.shipped("repair"), "intel")
    review.require_fit(review.shipped("intel"), "intel", scorecard.shipped("brand"))
    review.require_fit(review.parse(GATE % ("total", "at_least = 1"), origin="g"), "intel")
    with pytest.raises(SettingsError, match="line 3: items is empty"):
        review.parse('name = "g"\ndefault = "monitor"\nitems = ""\n', origin="g")
