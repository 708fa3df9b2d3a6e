"""Policies: domains by label, and what a text mentions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablemend.errors import SettingsError
from tablemend.review.policy import Policy, Tiers, domain_of, mentions, normalised, tier_of
from tablemend.review.scorecard import parse

CARD = 'name = "x"\n[parts.a]\nmaximum = 1\n'
POLICY = Policy(
    brand="Kettle",
    pillars={"farming": ("fair trade", "farmer"), "craft": ("roast",)},
    forbidden_tactics=("fear_mongering", "buy followers"),
    always_cover=("product recall", "strike"),
    tiers=Tiers(a=("gov", "edu"), b=("press.example", "münchen.example"), c=("agency.gov", "bad.press.example")),
)
LABELS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://Agency.GOV/x", "agency.gov"),
        ("https://user:pw@agency.gov:8443/x?y#z", "agency.gov"),
        ("agency.gov", "agency.gov"),
        ("agency.gov:80/x", "agency.gov"),
        ("//agency.gov./", "agency.gov"),
        ("example.com?next=http://other.example", "example.com"),
        ("http://münchen.example", "xn--mnchen-3ya.example"),
        ("http://XN--MNCHEN-3YA.example", "xn--mnchen-3ya.example"),
        ("https://例え。jp/", "xn--r8jz45g.jp"),
        ("http://[::1]/", ""),
        ("http://[x", ""),
        ("mailto:a@b.example", ""),
        ("https://a..example/", ""),
        ("https://exa mple.com/", ""),
        ("file:///etc/hosts", ""),
        ("", ""),
    ],
)
def test_the_domain_of_a_url(url: str, domain: str) -> None:
    assert domain_of(url) == domain


@pytest.mark.parametrize(
    ("domain", "tier"),
    [
        ("gov", "A"),
        ("city.gov", "A"),
        ("City.Gov.", "A"),
        ("notgov", "unrated"),
        ("notgov.com", "unrated"),
        ("gov.example", "unrated"),
        ("agency.gov", "C"),
        ("news.agency.gov", "C"),
        ("myagency.gov", "A"),
        ("press.example", "B"),
        ("bad.press.example", "C"),
        ("www.münchen.example", "B"),
        ("", "unrated"),
    ],
)
def test_tiers_go_by_whole_labels_and_the_longest_entry(domain: str, tier: str) -> None:
    assert tier_of(POLICY, domain) == tier


@given(st.lists(LABELS, min_size=1, max_size=4), st.lists(LABELS, min_size=1, max_size=3), st.booleans())
def test_a_domain_has_the_tier_of_an_entry_only_where_its_last_labels_are_the_entry(
    labels: list[str], entry: list[str], below: bool
) -> None:
    labels = [*labels, *entry] if below else labels
    policy = Policy(brand="x", tiers=Tiers(a=(".".join(entry),)))
    assert (tier_of(policy, ".".join(labels)) == "A") == (labels[-len(entry) :] == entry)


@given(st.text(max_size=30))
def test_a_domain_stays_as_it_is_once_it_is_normal(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)
    assert domain_of(domain_of(text)) == domain_of(text)


@pytest.mark.parametrize(
    ("tiers", "message"),
    [
        ("A = ['gov']\nB = [\n 'x.example',\n 'GOV.',\n]", "line 10: GOV. stands in tier A already, and again in B"),
        ("A = ['münchen.example', 'xn--mnchen-3ya.example']", "line 7: xn--mnchen-3ya.example stands in tier A"),
        ("A = ['not a domain']", "line 7: 'not a domain' is not a domain"),
        ("A = ['.gov']", "line 7: '.gov' is not a domain"),
        ("D = ['gov']", "line 7: there is no field policy.tiers.D; the fields are A, B, C"),
    ],
)
def test_tiers_that_cannot_be_used(tiers: str, message: str) -> None:
    with pytest.raises(SettingsError, match=rf"^c\.toml, {message}"):
        parse(f"{CARD}[policy]\nbrand = 'x'\n[policy.tiers]\n{tiers}\n", origin="c.toml")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("brand = ''", "line 5: policy.brand is empty"),
        ("brand = 'x'\nforbidden_tactics = [\n'--',\n]", "line 7: '--' holds no word to look for"),
        ("brand = 'x'\n[policy.pillars]\ncraft = []", "line 7: the pillar craft has no word that tells it"),
    ],
)
def test_words_that_cannot_be_used(entry: str, message: str) -> None:
    with pytest.raises(SettingsError, match=rf"^c\.toml, {message}"):
        parse(f"{CARD}[policy]\n{entry}\n", origin="c.toml")


def test_whole_words_are_found_whatever_case_and_joint() -> None:
    found = mentions(POLICY, text="A FAIR-TRADE Farmer's product_recall; the roaster", tactics=["Fear mongering", "x"])
    assert (found.pillars, found.triggers, found.tactics) == (("farming",), ("product recall",), ("fear_mongering",))
    assert found.flags == ("forbidden_tactic", "always_cover")
    assert found.words == (
        "proposes what the policy forbids: fear_mongering",
        "mentions what is always covered: product recall",
    )


@pytest.mark.parametrize("text", ["farmers", "affair trade", "fair, trade", "strikes", "productrecall", ""])
def test_parts_of_words_are_not_found(text: str) -> None:
    found = mentions(POLICY, text=text)
    assert (found.flags, found.pillars, found.words) == ((), (), ())


def test_a_tactic_is_forbidden_only_where_it_is_proposed() -> None:
    assert mentions(POLICY, text="They buy followers", tactics=[]).flags == ()
    assert mentions(POLICY, text="", tactics=["a plan to buy-followers soon"]).flags == ("forbidden_tactic",)
    assert mentions(POLICY, text="", tactics=["buy", "followers"]).flags == ()
