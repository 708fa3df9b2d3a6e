"""The ways in which cells of generated orders go wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np

from tablemend.records import Record
from tablemend.tables.sample import catalogue

Spoil = Callable[[str, np.random.Generator], str | None]
"""The faulty value of a right one; the value itself where it cannot be spoilt so."""


class Fault(Record, frozen=True, kw_only=True):
    """One way in which cells go wrong."""

    kind: str
    columns: tuple[str, ...]
    share: float  # of the rows, in each column
    spoil: Spoil


def outer_space(value: str, random: np.random.Generator) -> str:
    """White space before or after."""
    return value + " " if random.random() < 0.5 else "  " + value


def double_space(value: str, random: np.random.Generator) -> str:
    """Doubled inner space."""
    del random
    return value.replace(" ", "  ", 1)


def case_variant(value: str, random: np.random.Generator) -> str:
    """All capitals, or all small letters."""
    return value.upper() if random.random() < 0.5 else value.lower()


def spelling_variant(value: str, random: np.random.Generator) -> str:
    """Words joined by another sign."""
    return value.replace(" ", "-" if random.random() < 0.5 else "_")


def typo(value: str, random: np.random.Generator) -> str:
    """One letter left out, doubled, replaced, or swapped with the next."""
    letters = [n for n in range(1, len(value) - 1) if value[n].isalpha() and value[n + 1].isalpha()]
    if not letters:
        return value
    at = int(random.choice(letters))
    here, after = value[at], value[at + 1]
    other = str(random.choice(list("aeinorstkl")))
    middle = (after, here * 2 + after, other + after, after + here)[int(random.integers(4))]
    return value[:at] + middle + value[at + 2 :]


def mojibake(value: str, random: np.random.Generator) -> str:
    """UTF-8 read as Latin-1."""
    del random
    return value.encode().decode("latin-1")


def unit_spelling(value: str, random: np.random.Generator) -> str:
    """The unit written another way."""
    return value.removesuffix(" g") + str(random.choice(["g", " gr", " grams", " G"]))


def currency(value: str, random: np.random.Generator) -> str:
    """A price with its currency."""
    return f"€{value}" if random.random() < 0.5 else f"{value} EUR"


def thousands(value: str, random: np.random.Generator) -> str:
    """A price with separated thousands."""
    del random
    return f"{float(value):,.2f}"


def date_format(value: str, random: np.random.Generator) -> str:
    """A date with dots, or with the month's name."""
    day = date.fromisoformat(value)
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day:%d.%m.%Y}" if random.random() < 0.5 else f"{day.day} {months[day.month - 1]} {day.year}"


def lost(value: str, random: np.random.Generator) -> None:
    """Nothing where a value belongs."""
    del value, random


def wrong_place(value: str, random: np.random.Generator) -> str:
    """Another city or country than the postcode's."""
    names = [city for city, _, _ in catalogue.PLACES]
    known = names if value in names else sorted({country for _, _, country in catalogue.PLACES})
    return str(random.choice(known))


def lost_point(value: str, random: np.random.Generator) -> str:
    """A price a hundred times too high, or a quantity of hundreds."""
    return value.replace(".", "") + ".00" if "." in value else f"{value}{int(random.integers(100, 1000))}"


FAULTS: tuple[Fault, ...] = (
    Fault(kind="outer space", columns=("customer", "city", "product"), share=0.006, spoil=outer_space),
    Fault(kind="double space", columns=("customer", "product"), share=0.004, spoil=double_space),
    Fault(kind="case variant", columns=("city", "category", "status"), share=0.006, spoil=case_variant),
    Fault(kind="spelling variant", columns=("product", "carrier"), share=0.004, spoil=spelling_variant),
    Fault(kind="typo", columns=("customer", "city", "country", "product", "category"), share=0.006, spoil=typo),
    Fault(kind="mojibake", columns=("customer", "city"), share=0.004, spoil=mojibake),
    Fault(kind="unit spelling", columns=("weight",), share=0.02, spoil=unit_spelling),
    Fault(kind="currency", columns=("unit_price",), share=0.008, spoil=currency),
    Fault(kind="thousands sign", columns=("unit_price",), share=0.004, spoil=thousands),
    Fault(kind="date format", columns=("order_date", "ship_date"), share=0.01, spoil=date_format),
    Fault(kind="lost value", columns=("city", "category", "country"), share=0.004, spoil=lost),
    Fault(kind="wrong place", columns=("city", "country"), share=0.004, spoil=wrong_place),
    Fault(kind="lost decimal point", columns=("unit_price", "quantity"), share=0.002, spoil=lost_point),
)

MISSING_WORDS: dict[str, tuple[str, ...]] = {"email": ("N/A", "n/a", "-"), "ship_date": ("N/A", "?")}
"""What stands in some cells that are rightly empty."""
MISSING_SHARE = 0.006  # of the rows
REPEATED_SHARE = 0.008  # of the rows
