"""SQL for numbers and dates that are held as text."""

from tablemend.engine import sql


def number(value: str) -> str:
    """The text expression `value` as a finite number, else NULL."""
    cast = f"TRY_CAST(trim({value}) AS DOUBLE)"
    return f"CASE WHEN isfinite({cast}) THEN {cast} END"


def matches(value: str, pattern: str) -> str:
    """SQL that is true where the text, but for white space around it, matches the whole pattern."""
    padded = rf"\s*(?:{pattern})\s*"
    return f"regexp_full_match({value}, {sql.literal(padded)})"


def moment(value: str, form: str) -> str:
    """The text expression `value` read by a strptime format, else NULL."""
    plain = f"trim({value})"
    if form.endswith("%z"):  # the engine reads no Z there
        plain = f"regexp_replace({plain}, 'Z$', '+00:00')"
    return f"TRY_STRPTIME({plain}, {sql.literal(form)})"
