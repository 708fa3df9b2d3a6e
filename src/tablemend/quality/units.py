"""Units of measure and the ways in which people spell them."""

from __future__ import annotations

ALIASES: dict[str, tuple[str, ...]] = {
    "%": ("%", "percent", "per cent", "pct"),
    "$": ("$", "usd", "us$", "dollar", "dollars"),
    "€": ("€", "eur", "euro", "euros"),
    "£": ("£", "gbp", "pound sterling"),
    "oz": ("oz", "ounce", "ounces", "fl oz"),
    "lb": ("lb", "lbs", "pound", "pounds"),
    "kg": ("kg", "kgs", "kilo", "kilos", "kilogram", "kilograms"),
    "g": ("g", "gr", "gram", "grams", "gm"),
    "mg": ("mg", "milligram", "milligrams"),
    "l": ("l", "ltr", "liter", "liters", "litre", "litres"),
    "ml": ("ml", "milliliter", "milliliters", "millilitre", "millilitres"),
    "m": ("m", "meter", "meters", "metre", "metres"),
    "cm": ("cm", "centimeter", "centimeters", "centimetre", "centimetres"),
    "mm": ("mm", "millimeter", "millimeters", "millimetre", "millimetres"),
    "km": ("km", "kms", "kilometer", "kilometers", "kilometre", "kilometres"),
    "mi": ("mi", "mile", "miles"),
    "ft": ("ft", "foot", "feet", "'"),
    "in": ("in", "inch", "inches", '"'),
    "min": ("min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "s": ("s", "sec", "secs", "second", "seconds"),
    "year": ("yr", "yrs", "year", "years", "y/o"),
    "day": ("day", "days"),
    "°c": ("°c", "deg c", "celsius"),
    "°f": ("°f", "deg f", "fahrenheit"),
}
"""Spellings of one unit, lower case without full stops."""

_UNIT = {spelling: unit for unit, spellings in ALIASES.items() for spelling in spellings}


def unit_of(text: str) -> str | None:
    """The unit that a spelling stands for; words after a known unit are taken as a remark on it."""
    plain = text.lower().replace(".", "").strip()
    if plain in _UNIT:
        return _UNIT[plain]
    first = plain.split(" ", 1)[0]
    return _UNIT.get(first) if " " in plain else None


def spellings(unit: str) -> tuple[str, ...]:
    """Every known spelling of the unit that a spelling stands for, in lower case; itself where it is not known."""
    known = unit_of(unit)
    return (unit.lower().replace(".", "").strip(),) if known is None else ALIASES[known]
