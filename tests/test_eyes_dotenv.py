"""`.env` belongs to every program of its folder: only what is named TABLEMEND_ is read."""

from pathlib import Path

import pytest

from tablemend.errors import SettingsError
from tablemend.settings import load


def test_what_other_programs_keep_there_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TABLEMEND_DATA", raising=False)
    (tmp_path / ".env").write_text(
        "AWS_KEY=1\nDATA=/elsewhere\nMAX_ROWS=3\nTABLEMEND_MAX_COLUMNS=7\n", encoding="utf-8"
    )
    settings = load()
    assert (settings.data, settings.max_rows, settings.max_columns) == (Path(".tablemend"), 20_000_000, 7)


def test_a_setting_that_does_not_exist_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("TABLEMEND_NOPE=1\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="nope"):
        load()
