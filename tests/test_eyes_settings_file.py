"""A section of tablemend.toml that would be ignored, or is not what it should be, is refused in one line."""

from pathlib import Path

import pytest

from tablemend.errors import SettingsError
from tablemend.settings import read_file


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[rule]]\ncolumn = "id"\nunique = true\n', "no section 'rule'"),
        ("rules = 3\n", "rules is not a list"),
        ('[rules]\ncolumn = "id"\n', "rules is not a list"),
    ],
)
def test_sections_that_are_wrong_are_refused(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "tablemend.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=says):
        read_file(path)


def test_settings_and_rules_are_read(tmp_path: Path) -> None:
    path = tmp_path / "tablemend.toml"
    path.write_text('[settings]\nmax_rows = 5\n[[rules]]\ncolumn = "id"\nunique = true\n', encoding="utf-8")
    assert set(read_file(path)) == {"settings", "rules"}
