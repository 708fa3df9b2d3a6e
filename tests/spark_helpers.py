"""What the tests on Spark share: one session of each engine, and tables of awkward cells."""

from __future__ import annotations

import random
from functools import cache

from tablemend.engine import duckdb, spark

URL = "local[2]"

AWKWARD: tuple[str | None, ...] = (
    *(
        None,
        "",
        " ",
        "   ",
        "\t",
        "\n",
        "\r\n",
        "\x0b",
        "\x1f",
        "\x7f",
        "\u00a0",
        "\u2003",
        "\u200b",
        "\u3000",
        "\ufeff",
    ),
    *(" a ", "a  b", "\u00a0a\u2009b\u3000", "a\nb", "a\tb", "line\n", "\nline", "a\u2028b", "a\u0085b", "\u1680x"),
    *(
        "😀",
        "a😀b",
        "👨‍👩‍👧",
        "e\u0301",
        "é",
        "Straße",
        "ẞ",
        "İstanbul",
        "ISTANBUL",
        "ıI",
        "ΑΣ",
        "ΌΣΟΣ",
        "ŉ",
        "ﬁ",
        "ǰ",
        "ǅ",
    ),
    *(
        "K",
        "K",
        "ſ",
        "Å",
        "ÃŸ",
        "MÃ¼nchen",
        "â€™",
        "\ufffd",
        "日本語",
        "ñandú",
        "Ωmega",
        "Ⅳ",
        "٣",
        "²",
        "½",
        "\U0010ffff",
    ),
    *(
        "$1",
        "\\1",
        "\\",
        "\\\\",
        "a\\b",
        "${x}",
        "$",
        "^a$",
        "[a]",
        "(a|b)",
        "a.b",
        "a*b",
        "a+b?",
        "{1}",
        "/",
        "'",
        "''",
        '"',
        "`",
    ),
    *(
        "%",
        "_",
        "a%b",
        "--",
        ";",
        "x,y",
        "x, y",
        "x;y",
        "x|y",
        "x  y z",
        "New York NY",
        "null",
        "N/A",
        "NaN",
        "nan",
        "-",
        "?",
    ),
    *(
        "0",
        "-0",
        "+5",
        "5.",
        ".5",
        "-.5",
        "1e5",
        "1E-3",
        "1e400",
        "-1e400",
        "1e-400",
        "inf",
        "-Infinity",
        "+nan",
        "1d",
        "0x10",
    ),
    *(
        "1_000",
        "1__0",
        "1,234",
        "1,234.5",
        "1.234,5",
        "1 234",
        "12 345 678",
        "1'000",
        "00012",
        "007",
        " 7 ",
        "\u00a07",
        "\x0b7",
    ),
    *(
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "123456789012345678901234567890.5",
        "0.1",
        "0.30",
    ),
    *(
        "2.5",
        "3.5",
        "-2.5",
        "1.005",
        "16777217",
        "5.684341886080802e-14",
        "123456789.123456789",
        "5 kg",
        "5kg",
        "$5",
        "5 €",
        "5 Kg",
    ),
    *(
        "true",
        "FALSE",
        "t",
        "yes",
        "No",
        "2020-01-31",
        "2020-02-30",
        "2020-1-5",
        "31.12.1999",
        "31/12/1999",
        "12/31/1999",
    ),
    *(
        "2020-01-31 10:11:12",
        "2020-01-31T10:11",
        "2020-01-31 24:00:00",
        "2020-01-31 10:11:12.5",
        "2020-01-31T10:11:12+02:00",
    ),
    *(
        "0001-01-01",
        "9999-12-31",
        "10000-01-01",
        "1969-12-31",
        "29 Feb 2024",
        "29 Feb 2023",
        "1 jan 2020",
        "10:11 PM",
        "13:00 AM",
    ),
    *(
        "ann@example.org",
        "ann at example",
        "http://example.org/a?b=c",
        "(030) 123-4567",
        "12345-6789",
        "SW1A 1AA",
        "x" * 3000,
    ),
)
"""Cells that engines are known to read differently."""


@cache
def on_spark() -> spark.Session:
    """One Spark for all tests; the driver keeps nothing, so that everything is carried out there."""
    return spark.Session(url=URL, driver_rows=0)


@cache
def with_driver() -> spark.Session:
    """The same Spark, with small results kept by the driver as users have it."""
    return spark.Session(url=URL)


@cache
def embedded() -> duckdb.Session:
    """The embedded engine."""
    return duckdb.Session(threads=1)


def random_cells(seed: int, count: int) -> list[str | None]:
    """Cells drawn from an alphabet of letters, digits, signs and spaces of several scripts, and awkward cells."""
    draw = random.Random(seed)
    alphabet = "aAbBzZßİıΣσçÇ 0123456789.,+-eE_%$€\u00a0\u3000\t\n'\"\\/|;:()[]{}^*?😀kgKG"
    made: list[str | None] = []
    for _ in range(count):
        if draw.random() < 0.15:
            made.append(draw.choice(AWKWARD))
        elif draw.random() < 0.3:
            number = draw.randrange(10 ** draw.randrange(1, 20))
            made.append(f"{draw.choice(['', '-', ' '])}{number}{draw.choice(['', '.5', ' kg', 'e3'])}")
        else:
            made.append("".join(draw.choice(alphabet) for _ in range(draw.randrange(9))))
    return made
