"""Reading TOML into records: every refusal names the line."""

import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from tablemend.errors import SettingsError
from tablemend.review import toml
from tablemend.review.lines import Lines
from tablemend.review.toml import Problem

KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=6)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\r"), max_size=12)
SCALARS = st.one_of(
    TEXTS, st.integers(-999, 999), st.booleans(), st.floats(allow_nan=False, allow_infinity=False), st.datetimes()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=12,
)


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    size: float


class Outer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    name: str
    parts: dict[str, Inner] = {}
    rows: tuple[Inner, ...] = ()
    words: tuple[str, ...] = ()
    level: Literal["low", "high"] = "low"


def refusal(text: str, check: Any = lambda _: ()) -> str:
    with pytest.raises(SettingsError) as raised:
        toml.read(text, Outer, origin="f.toml", check=check, hint="Look at the reference.")
    assert raised.value.hint
    return str(raised.value)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every key and element of a document."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for step, inner in steps for found in ((*path, step), *paths(inner, (*path, step)))]


@given(st.dictionaries(KEYS, VALUES, max_size=5), st.booleans())
def test_the_line_of_every_key_is_found(document: dict[str, Any], multiline: bool) -> None:
    text = tomli_w.dumps(document, multiline_strings=multiline)
    found = Lines(text).all()
    assert set(found) == {(), *paths(tomllib.loads(text))}
    lines = text.split("\n")
    for path, line in found.items():
        key = path[-1] if path else None
        if isinstance(key, str) and key.isascii() and key.isalnum():
            assert key in lines[line - 1]


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4), st.integers(0, 3))
def test_lines_move_with_what_stands_above(document: dict[str, Any], above: int) -> None:
    text = tomli_w.dumps(document)
    before, after = Lines(text).all(), Lines("# [x]\n" * above + text).all()
    assert {path: line + above for path, line in before.items() if path} == {p: n for p, n in after.items() if p}


def test_lines_of_every_way_to_write_a_key() -> None:
    text = '''# comment = [
a.b."c d" = """
[no] = 1
\\""" """
'e' = { f = 1, "g.h" = { i = '}' } }
list = [  # ]
  1, [2,
  3], { j = "]" },
]

[t]  # [[u]]
[[t.u]]
x = 1
[[t.u]]
x = """a""""
[t.u.v]
y = \'\'\'
\'\'\'
[z]
when = 2024-01-01 00:00:00
'''
    tomllib.loads(text)
    found = Lines(text).all()
    expected = {
        ("a", "b", "c d"): 2,
        ("e", "g.h", "i"): 5,
        ("list", 0): 7,
        ("list", 1, 1): 8,
        ("list", 2, "j"): 8,
        ("t", "u", 0, "x"): 13,
        ("t", "u", 1): 14,
        ("t", "u", 1, "x"): 15,
        ("t", "u", 1, "v", "y"): 17,
        ("z", "when"): 20,
    }
    assert {path: found[path] for path in expected} == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = [\n", "line 1: this is not TOML"),
        ("name = 'x'\nname = 'y'", "line 2: this is not TOML"),
        ("", "line 1: name is missing"),
        ("name = 1", "line 1: name is 1; expected a text"),
        ("name = 'x'\n\nnmae = 'y'", "line 3: there is no field nmae; the fields are name, parts, rows, words, level"),
        ("name = 'x'\n[parts.a]\nsize = 1\n[parts.'b c']\n\nsize = 'x'", "line 6: parts.b c.size is 'x'"),
        ("name = 'x'\n[parts.a]\nsize = 1\n[parts.b]\nsize = 1\nsiez = 2", "line 6: there is no field parts.b.siez"),
        ("name = 'x'\n[parts.a]\nsize = 1\n[parts.b]", "line 4: parts.b.size is missing"),
        ("name = 'x'\n[[rows]]\nsize = 1\n[[rows]]\nsize = true", "line 5: rows.size is true; expected a number"),
        ("name = 'x'\nrows = [\n  { size = 1 },\n  { size = [] },\n]", "line 4: rows.size is"),
        ("name = 'x'\nlevel = 'top'", "line 2: level is 'top'; it is one of low, high"),
        ("name = 'x'\nwords = [\n  'a',\n  3,\n]", "line 4: words is 3; expected a text"),
    ],
)
def test_what_cannot_be_read_names_its_line(text: str, message: str) -> None:
    assert refusal(text).startswith(f"f.toml, {message}")


def test_what_types_cannot_see_names_its_line_too() -> None:
    problem = Problem(path=("parts", "b", "size"), text="size is -3")
    text = "name = 'x'\n[parts.a]\nsize = 1\n[parts.b]\nsize = -3"
    assert refusal(text, lambda _: [problem]) == "f.toml, line 5: size is -3"


def test_files_that_are_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no file nope") as raised:
        toml.text_of("nope", "gates")
    assert "intel, repair" in (raised.value.hint or "")
    (tmp_path / "x.toml").write_bytes(b"a = 1\nb = '\xff'\n")
    with pytest.raises(SettingsError, match=r"x\.toml, line 2: the text is not UTF-8"):
        toml.text_of(tmp_path / "x.toml", "gates")
    with pytest.raises(SettingsError, match="cannot be read"):
        toml.text_of(tmp_path, "gates")
    (tmp_path / "bom.toml").write_bytes(b"\xef\xbb\xbfname = 'x'\n")
    assert toml.text_of(tmp_path / "bom.toml", "gates")[0] == "name = 'x'\n"
