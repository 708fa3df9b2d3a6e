"""What kind of value a column holds, inferred from a sample of its distinct values."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise

from tablemend.quality import dates, missing
from tablemend.quality.thresholds import Thresholds
from tablemend.records import Record

NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
INTEGER = r"[+-]?[0-9]+"
GROUPED = r"[+-]?[0-9]{1,3}(?:[, ][0-9]{3})+(?:\.[0-9]+)?"
BOOLEAN = r"(?i:true|false|yes|no|y|n|t|f)"
EMAIL = r"[A-Za-z0-9._%+'-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}"
URL = r"(?i:https?|ftp)://[^\s/?#]+\.[^\s]+|www\.[^\s]+\.[^\s]+"
_MONEY = "(?:[$€£¥₹]|USD|EUR|GBP|JPY|CHF|INR|CNY|CAD|AUD|SEK|NOK|DKK|PLN|BRL|ZAR)"
CURRENCY = rf"-?{_MONEY} ?-?[0-9][0-9,.]*|-?[0-9][0-9,.]* ?{_MONEY}"
PHONE = r"\+?(?:\([0-9]{1,5}\)|[0-9])(?:[ ./()-]{0,2}[0-9]){6,14}(?: ?(?:x|ext\.?) ?[0-9]{1,5})?"
MEASURE = r"([+-]?[0-9][0-9,]*(?:\.[0-9]+)?)\s*([A-Za-z%°µμΩ][A-Za-z%°µμΩ/²³0-9 .]{0,11})"
UNIT = r"^\s*[+-]?[0-9][0-9,]*(?:\.[0-9]+)?(.*?)\s*$"
"""What stands after the number, with the space before it."""

POSTCODES = (
    r"[0-9]{5}(?:-[0-9]{4})?",
    r"[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}",
    r"[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]",
    r"[0-9]{4}(?: ?[A-Z]{2})?",
    r"[0-9]{6}",
)
"""United States and much of Europe, United Kingdom, Canada, four digits (Netherlands with letters), six digits."""

_NAMES: tuple[tuple[str, frozenset[str]], ...] = (
    ("postcode", frozenset({"zip", "zipcode", "postcode", "postal", "plz", "postalcode"})),
    ("phone", frozenset({"phone", "telephone", "tel", "fax", "mobile", "phonenumber"})),
    ("email", frozenset({"email", "mail"})),
    ("url", frozenset({"url", "website", "link", "homepage", "uri"})),
)
_IDENTIFIERS = frozenset({"id", "ids", "key", "code", "no", "nr", "uuid", "guid", "index", "sku", "isbn", "ean", "vin"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class Clue(Record, frozen=True, kw_only=True):
    """What a guess may look at."""

    name: str  # of the column
    values: tuple[tuple[str, int], ...]  # distinct present values of the sample with their counts
    distinct_share: float  # distinct values over present cells, of the whole column
    limits: Thresholds

    def share(self, pattern: str) -> float:
        """The share of cells that match the whole pattern."""
        return share(self.values, pattern)

    def dominant(self, matching: float) -> bool:
        """Whether so large a share names the column."""
        return matching >= self.limits.type_share


class Meaning(Record, frozen=True, kw_only=True):
    """What a column holds, and the form its values take."""

    type: str
    semantic: str
    form: str | None = None  # date format or regular expression of the dominant form
    share: float = 1.0  # of the cells that have it


Values = Sequence[tuple[str, int]]

_DATES_TRIED = 40
_DATES_READ = 200
_GAPS = 20


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@cache
def words(name: str) -> tuple[str, ...]:
    """The words of a column name, in lower case: `ZipCode` is zip, code."""
    return tuple(word.lower() for word in _WORD.findall(name))


def share(values: Values, pattern: str) -> float:
    """The share of cells whose value, trimmed, matches the whole pattern."""
    total = sum(n for _, n in values)
    match = _compiled(pattern).fullmatch
    return sum(n for value, n in values if match(value.strip())) / total if total else 0.0


def named(name: str) -> str | None:
    """The meaning that a column name announces."""
    parts = words(name)
    return next((meaning for meaning, hints in _NAMES if hints & {*parts, "".join(parts)}), None)


def names_identifier(name: str) -> bool:
    """Whether a column name announces an identifier."""
    parts = words(name)
    return bool(parts) and (parts[-1] in _IDENTIFIERS or parts[-2:] == ("number",) or parts[-1] == "number")


def units(values: Values) -> Counter[str]:
    """How many cells spell each unit after a number."""
    counts: Counter[str] = Counter()
    for value, n in values:
        found = _compiled(MEASURE).fullmatch(value.strip())
        if found:
            counts[found[2]] += n
    return counts


def leading_zeros(values: Values) -> float:
    """The share of digit-only distinct values that begin with a needless zero."""
    digits = [value for value, _ in values if value.isdigit()]
    return sum(len(value) > 1 and value[0] == "0" for value in digits) / len(digits) if digits else 0.0


def infer(name: str, values: Values, *, distinct_share: float, limits: Thresholds) -> Meaning:
    """Name the type and meaning that at least `type_share` of the present cells have, else text."""
    present = [(value, n) for value, n in values if value.strip().lower() not in missing.ALWAYS]
    present = _without_words(present, limits)
    if not present:
        return Meaning(type="text", semantic="empty")
    clue = Clue(name=name, values=tuple(present), distinct_share=distinct_share, limits=limits)
    for guess in _GUESSES:
        meaning = guess(clue)
        if meaning is not None:
            return meaning
    return Meaning(type="text", semantic="text")


def _without_words(values: Values, limits: Thresholds) -> list[tuple[str, int]]:
    """Leave out words for missing, if the rest is then of one type."""
    rest = [(value, n) for value, n in values if value.strip().lower() not in missing.AMONG_TYPED]
    return rest if rest and share(rest, NUMBER) >= limits.type_share else list(values)


def _boolean(clue: Clue) -> Meaning | None:
    matching = clue.share(BOOLEAN)
    spellings = {value.strip().lower() for value, n in clue.values if _compiled(BOOLEAN).fullmatch(value.strip())}
    if clue.dominant(matching) and len(spellings) == 2:
        return Meaning(type="boolean", semantic="boolean", form=BOOLEAN, share=matching)
    return None


def _address(clue: Clue) -> Meaning | None:
    for meaning, pattern in (("email", EMAIL), ("url", URL)):
        matching = clue.share(pattern)
        if clue.dominant(matching):
            return Meaning(type="text", semantic=meaning, form=pattern, share=matching)
    return None


def _moment(clue: Clue) -> Meaning | None:
    sample = [(value.strip(), n) for value, n in clue.values[:_DATES_READ]]
    if dates.usual(sample[:_DATES_TRIED]) is None:
        return None
    best = dates.usual(sample)
    if best is None:
        return None
    form, n = best
    kind = dates.kind(form)
    total = sum(n for _, n in sample)
    readable = sum(n for value, n in sample if dates.readable(value, kind))
    return Meaning(type=kind, semantic=kind, form=form, share=n / total) if clue.dominant(readable / total) else None


def _clock(clue: Clue) -> Meaning | None:
    """Times with dotted markers (`7:10 a.m.`), which strptime cannot read."""
    pattern = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})? ?(?i:a\.m\.|p\.m\.|a|p)"
    matching = clue.share(pattern)
    return Meaning(type="time", semantic="time", form=pattern, share=matching) if clue.dominant(matching) else None


def _postcode(clue: Clue) -> Meaning | None:
    candidates = POSTCODES if named(clue.name) == "postcode" else POSTCODES[1:3]
    best = max(candidates, key=clue.share)
    matching = clue.share(best)
    if clue.dominant(matching):
        return Meaning(type="text", semantic="postcode", form=best, share=matching)
    return None


def _phone(clue: Clue) -> Meaning | None:
    matching = clue.share(PHONE)
    separated = 1 - clue.share(NUMBER)
    if clue.dominant(matching) and (named(clue.name) == "phone" or clue.dominant(separated)):
        return Meaning(type="text", semantic="phone", form=PHONE, share=matching)
    return None


def _digits(clue: Clue) -> Meaning | None:
    if clue.dominant(clue.share(r"[0-9]+")) and leading_zeros(clue.values) >= clue.limits.leading_zero_share:
        return Meaning(type="text", semantic="identifier", form=r"[0-9]+")
    return None


def _number(clue: Clue) -> Meaning | None:
    matching = clue.share(NUMBER)
    if not clue.dominant(matching):
        return None
    if clue.share(INTEGER) < clue.limits.type_share * matching:
        return Meaning(type="decimal", semantic="decimal", form=NUMBER, share=matching)
    meaning = "identifier" if names_identifier(clue.name) or _counts_rows(clue) else "integer"
    return Meaning(type="integer", semantic=meaning, form=NUMBER, share=matching)


def _counts_rows(clue: Clue) -> bool:
    """Whether the whole numbers are a counter: nearly all different, and spread evenly over their range."""
    if clue.distinct_share < clue.limits.identifier_share:
        return False
    numbers = sorted(int(value) for value, _ in clue.values if _compiled(INTEGER).fullmatch(value.strip()))
    gaps = sorted(high - low for low, high in pairwise(numbers))
    return len(gaps) >= _GAPS and gaps[-1] <= _GAPS * max(1, gaps[len(gaps) // 2])


def _amount(clue: Clue) -> Meaning | None:
    matching = clue.share(CURRENCY)
    if clue.dominant(matching):
        return Meaning(type="text", semantic="currency", form=CURRENCY, share=matching)
    matching = clue.share(MEASURE)
    spelled = units(clue.values)
    if clue.dominant(matching) and spelled and len(spelled) <= max(5, len(clue.values) // 20):
        return Meaning(type="text", semantic="measure", form=MEASURE, share=matching)
    return None


def _code(clue: Clue) -> Meaning | None:
    compact = clue.share(r"(?=.*[0-9])[A-Za-z0-9_./:#-]+")
    distinct = clue.distinct_share >= clue.limits.identifier_share
    if clue.dominant(compact) and (distinct or names_identifier(clue.name)):
        return Meaning(type="text", semantic="identifier")
    return None


def _nested(clue: Clue) -> Meaning | None:
    matching = clue.share(r"(?s:\{.*\}|\[.*\])")
    return Meaning(type="nested", semantic="text", share=matching) if clue.dominant(matching) else None


def _category(clue: Clue) -> Meaning | None:
    repeats = 1 / clue.distinct_share if clue.distinct_share else 0.0
    few = len(clue.values) <= clue.limits.category_values and repeats >= clue.limits.category_repeats
    return Meaning(type="text", semantic="category") if few else None


_Guess = Callable[[Clue], Meaning | None]
_GUESSES: tuple[_Guess, ...] = (
    _boolean,
    _address,
    _moment,
    _clock,
    _postcode,
    _phone,
    _digits,
    _number,
    _amount,
    _nested,
    _code,
    _category,
)
