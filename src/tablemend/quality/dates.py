"""The spellings of dates and times that are known: strptime formats with the shape each one has."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from functools import cache

_MONTHS = "(?:[Jj]an|[Ff]eb|[Mm]ar|[Aa]pr|[Mm]ay|[Jj]un|[Jj]ul|[Aa]ug|[Ss]ep|[Oo]ct|[Nn]ov|[Dd]ec)"
_PARTS = {
    "%Y": "[0-9]{4}",
    "%m": "[0-9]{1,2}",
    "%d": "[0-9]{1,2}",
    "%H": "[0-9]{1,2}",
    "%I": "[0-9]{1,2}",
    "%M": "[0-9]{2}",
    "%S": "[0-9]{2}",
    "%f": "[0-9]{1,9}",
    "%y": "[0-9]{2}",
    "%b": _MONTHS,
    "%B": "[A-Z][a-z]{2,8}",
    "%p": "[AaPp][Mm]",
    "%z": "(?:Z|[+-][0-9]{2}:?[0-9]{2})",
}
_DIRECTIVE = re.compile("%[A-Za-z]")

DATES = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%y"),
)
TIMES = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p")
TIMESTAMPS = (
    *(f"{day}{gap}{time}" for day in ("%Y-%m-%d", "%Y/%m/%d") for gap in (" ", "T") for time in ("%H:%M:%S", "%H:%M")),
    *("%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"),
    *("%Y-%m-%d %H:%M:%S%z", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S"),
    *("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p", "%d.%m.%Y %H:%M:%S"),
)
KINDS: dict[str, tuple[str, ...]] = {"date": DATES, "time": TIMES, "timestamp": TIMESTAMPS}


@cache
def shape(form: str) -> str:
    """The regular expression of everything that looks as if it were written in `form`."""
    pieces = []
    end = 0
    for directive in _DIRECTIVE.finditer(form):
        pieces += [re.escape(form[end : directive.start()]), _PARTS[directive[0]]]
        end = directive.end()
    return "".join((*pieces, re.escape(form[end:])))


@cache
def _compiled(form: str) -> re.Pattern[str]:
    return re.compile(shape(form))


def looks_like(value: str, form: str) -> bool:
    """Whether the value has the shape of the format, be it a real date or not."""
    return _compiled(form).fullmatch(value) is not None


def parses(value: str, form: str) -> bool:
    """Whether the value is a real date or time in the format."""
    if not looks_like(value, form):
        return False
    try:
        datetime.strptime(value, form)  # noqa: DTZ007
    except ValueError:
        return False
    return True


def readable(value: str, kind: str) -> bool:
    """Whether any known format of the kind reads the value."""
    return any(parses(value, form) for form in KINDS[kind])


def kind(form: str) -> str:
    """`date`, `time` or `timestamp`."""
    return next(name for name, forms in KINDS.items() if form in forms)


def formats(values: Iterable[tuple[str, int]]) -> Counter[str]:
    """How many cells each known format can read; a value may count for several."""
    counts: Counter[str] = Counter()
    for value, n in values:
        if _any_shape().fullmatch(value):
            counts.update({form: n for forms in KINDS.values() for form in forms if parses(value, form)})
    return counts


@cache
def _any_shape() -> re.Pattern[str]:
    return re.compile("|".join(dict.fromkeys(shape(form) for forms in KINDS.values() for form in forms)))


def usual(values: Iterable[tuple[str, int]]) -> tuple[str, int] | None:
    """The format that reads most cells, and how many; the first of the table where several tie."""
    counts = formats(values)
    if not counts:
        return None
    best = max(counts.values())
    every = (form for forms in KINDS.values() for form in forms)
    return next(form for form in every if counts[form] == best), best
