"""A command that is interrupted says so in one line, wherever it is at that moment."""

import sys

import pytest

from tablemend.cli import bench, decide, heal, history, main, recipe  # noqa: F401 - registers the commands


@pytest.mark.parametrize(
    "raised", [KeyboardInterrupt(), SystemExit(main.INTERRUPTED), RuntimeError("Query interrupted")]
)
def test_an_interrupt_is_one_line(
    raised: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> None:
        raise raised

    monkeypatch.setattr(main, "app", interrupt)
    monkeypatch.setattr(sys, "argv", ["tablemend"])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == main.INTERRUPTED
    assert capsys.readouterr().err == "tablemend: interrupted; nothing is half done.\n"
