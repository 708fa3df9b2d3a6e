"""Times of day that end in Z are real times."""

from pathlib import Path

import tablemend as tm


def test_times_in_utc_are_possible(tmp_path: Path) -> None:
    source = tmp_path / "sensor.csv"
    times = [f"2024-01-01T{hour:02d}:{minute:02d}:00Z" for hour in range(24) for minute in range(0, 60, 5)]
    source.write_text("time,reading\n" + "".join(f"{time},{n}\n" for n, time in enumerate(times)), encoding="utf-8")
    with tm.open(tmp_path / "workspace") as ws:
        scanned = ws.scan(str(source))
    assert [finding.check for finding in scanned.findings] == []
    assert scanned.items == ()


def test_an_impossible_time_in_utc_is_found(tmp_path: Path) -> None:
    source = tmp_path / "sensor.csv"
    source.write_text(
        "time,reading\n" + "".join(f"2024-02-{day:02d}T10:00:00Z,{day}\n" for day in range(1, 31)), encoding="utf-8"
    )
    with tm.open(tmp_path / "workspace") as ws:
        (found,) = ws.scan(str(source)).findings
    assert (found.check, found.cells) == ("impossible_date", 1)
