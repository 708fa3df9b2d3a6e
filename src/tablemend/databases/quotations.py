"""What drivers quote in their errors: queries with the values in them, and values of rows. None of it is passed on."""

from __future__ import annotations

import re

_END = r"(?=$| HINT: |\s*\. SQLSTATE: |, expected )"

_QUOTATIONS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        # PostgreSQL, by ADBC: the whole query, with its parameters written into it, and where in it the error is
        (r"\s*(?:Query was|CONTEXT|QUERY|STATEMENT): .*?(\. SQLSTATE: \w{5})?$", r"\1"),
        (r"(Failed to execute query) '.*'(?=: ERROR:)", r"\1"),
        # PostgreSQL: the value that its type refuses, unless it is what a query of bulk reading says on purpose
        (rf'(invalid input (?:syntax|value) for [^:]*): "(?!column .* array of \d+ dimensions").*"{_END}', r"\1"),
        (rf'(field value out of range): ".*"{_END}', r"\1"),
        (r'value ".*" (is out of range)', r"a value \1"),
        (rf'(malformed \w+ literal): ".*"{_END}', r"\1"),
        (r"[\s.]+(?=\. SQLSTATE: \w{5}$)", ""),
        # MySQL and MariaDB: the query from the error on, and the value
        (r"(right syntax to use) near '.*' (?=at line \d+$)", r"\1 "),
        (r"([Ii]ncorrect [\w ]*value):? '.*'(?= for |$)", r"\1"),
        (r"(Duplicate entry) '.*'(?= for key)", r"\1"),
        # DuckDB: the value
        (r"(Could not convert string) '.*' (?=to )", r"\1 "),
        (rf'(field format): ".*"{_END}', r"\1"),
        (r'(Duplicate key) ".*"(?= violates)', r"\1"),
        # SQLite, and every parser that names the literal where it gave up
        (r'(unrecognized token): ".*"', r"\1"),
        (r"""(near) "['$\d].*\"""", r"\1 a value"),
    )
)


def without(text: str) -> str:
    """What a driver says, in one line, without what it quotes of queries and rows; names of columns stay."""
    for pattern, replacement in _QUOTATIONS:
        text = pattern.sub(replacement, text)
    return text
