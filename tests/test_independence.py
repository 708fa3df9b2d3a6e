"""Canonical addresses, and how many independent sources stand behind a claim."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablemend.intel.sources import canonical, independent, is_address, registrable
from tablemend.records import Evidence


def support(domain: str, text: str = "", kind: str = "support") -> Evidence:
    return Evidence(id=f"{domain}{text}", kind=kind, domain=domain, text=text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url",
    [
        "https://News.Example/a/b",
        "http://news.example/a/b/",
        "https://www.news.example:443/a/b#part",
        "https://news.example/a/b?utm_source=x&UTM_Medium=y&fbclid=z",
        " https://user:secret@news.example./a/b ",
    ],
)
def test_spellings_of_one_address_are_the_same(url: str) -> None:
    assert canonical(url) == "news.example/a/b"


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example/a/B",
        "https://news.example/a",
        "https://m.news.example/a/b",
        "https://news.example/a/b?p=2",
    ],
)
def test_other_addresses_stay_apart(url: str) -> None:
    assert canonical(url) != "news.example/a/b"


def test_a_host_of_another_script_is_the_one_that_the_network_knows() -> None:
    assert canonical("https://Bücher.example/1") == canonical("https://xn--bcher-kva.example/1")


def test_queries_are_sorted_and_kept() -> None:
    assert canonical("https://a.example/?b=2&a=1") == canonical("https://a.example?a=1&b=2") == "a.example?a=1&b=2"


@pytest.mark.parametrize(
    "text", ["", "news", "ftp://a.example", "javascript:alert(1)", "https://", "http://a b.c", "http://[x"]
)
def test_what_is_no_address_of_the_web(text: str) -> None:
    assert not is_address(text)
    assert canonical(text) == text.strip()


@pytest.mark.parametrize(
    ("host", "owner"),
    [
        ("news.bbc.co.uk", "bbc.co.uk"),
        ("WWW.Agency.GOV.", "agency.gov"),
        ("one.blogspot.com", "one.blogspot.com"),
        ("192.0.2.7", "192.0.2.7"),
        ("localhost", "localhost"),
        ("gov", "gov"),
        ("", ""),
    ],
)
def test_the_registrable_domain_is_the_owner(host: str, owner: str) -> None:
    assert registrable(host) == owner


def test_one_owner_and_one_text_count_once() -> None:
    assert independent([support("a.example", "x"), support("www.a.example", "y")], "support") == 1
    assert independent([support("a.example", "It rains."), support("b.example", "it  RAINS")], "support") == 1
    assert independent([support("a.example", "It rains."), support("b.example", "It snows.")], "support") == 2
    assert independent([support("a.example"), support("b.example")], "support") == 2


def test_copies_join_the_owners_that_they_reach() -> None:
    found = [support("a.example", "x"), support("b.example", "x"), support("b.example", "y"), support("c.example", "y")]
    assert independent(found, "support") == 1


def test_what_contradicts_is_counted_apart_and_what_has_no_domain_not() -> None:
    found = [support("a.example"), support("b.example", kind="contradict"), support("", "hearsay")]
    assert (independent(found, "support"), independent(found, "contradict")) == (1, 1)


_EVIDENCE = st.lists(
    st.builds(
        support, st.sampled_from(["a.example", "b.a.example", "c.example", "d.org", ""]), st.sampled_from("xyz ")
    ),
    max_size=8,
)


@given(_EVIDENCE, st.randoms())
def test_order_makes_no_difference_and_more_evidence_of_known_sources_adds_none(
    found: list[Evidence], chance: object
) -> None:
    count = independent(found, "support")
    mixed = list(found)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert independent(mixed, "support") == count
    assert independent([*found, *found], "support") == count
    assert count <= len({registrable(each.domain) for each in found if each.domain})
