"""A workspace with something on every page, made of generated data: for looking at pages, not for measuring."""

from __future__ import annotations

from pathlib import Path

from tablemend.explore import sample
from tablemend.intel.example import generate as stories
from tablemend.tables.sample.orders import faulty_csv
from tablemend.workspace import Workspace
from tablemend.workspace import open as open_workspace

SUPPLIERS = "id,name,city,founded\n" + "".join(
    f"{n},Supplier {n},{'  Lyon' if n % 9 == 0 else 'Lyon' if n % 2 else 'Turin'},{1950 + n % 60}\n" for n in range(200)
)

SECRET = "only for generated data"
SETTINGS = """[settings]
conflicts_secret = "{secret}"

[settings.conflicts_jobs.home]
source = "{source}"
to = "{to}"
"""


def furnish(folder: Path, rows: int = 2_000) -> Path:
    """Make `.tablemend` in a folder: datasets with versions, stories, conflicts, a matrix, a schedule, an alert."""
    faulty_csv(folder / "orders.csv", rows)
    (folder / "suppliers.csv").write_text(SUPPLIERS + "201,too,many,cells,here\n", encoding="utf-8")
    stories.write(folder / "desk")
    care = f"sqlite:///{folder.resolve()}/care.db"
    jobs = {"home": {"source": f"{care}#visits", "to": f"{care}#conflict"}}
    (folder / "tablemend.toml").write_text(SETTINGS.format(secret=SECRET, **jobs["home"]), encoding="utf-8")
    with open_workspace(folder / ".tablemend", user="ann", conflicts_secret=SECRET, conflicts_jobs=jobs) as ws:
        _orders(ws, folder)
        _conflicts(ws, care)
        _matrix(ws, folder / "lab")
        ws.scan(folder / "suppliers.csv")
        ws.score_intel(folder / "desk" / "stories.jsonl", scorecard=folder / "desk" / "brand.toml", now=stories.NOW)
        ws.schedules.add(str(folder / "suppliers.csv"), interval="1d", name="suppliers", threshold=95)
        ws.schedules.pause("suppliers")
        ws.alerts.test()
        ws.jobs.cancel(ws.jobs.submit("rescan", subject=ws.dataset("orders"), dataset=ws.dataset("orders")).id)
    return folder


def _conflicts(ws: Workspace, care: str) -> None:
    """Conflicts of which some are decided on."""
    ws.conflicts.example(f"{care}?mode=rwc#visits", rows=5_000)
    ws.conflicts.run("home", dry_run=True)
    ws.conflicts.run("home")
    first, second, *_ = ws.conflicts.list("home")
    ws.conflicts.decide("home", "work", ids=(first["conflict"],), note="ask the agency")
    ws.conflicts.decide("home", "ignore", ids=(second["conflict"],), note="planned twice")


def _matrix(ws: Workspace, folder: Path) -> None:
    """Small matrices with fields: cultures in two versions, and mice, whose groups differ."""
    folder.mkdir()
    sample.write(folder, entities=24, features=80)
    samples, features = folder / "cultures_samples.tsv", folder / "metabolites.csv"
    for _ in range(2):
        ws.explore.load(folder / "cultures.tsv", name="cultures", entity="entity", samples=samples, features=features)
    ws.explore.load(folder / "mice.csv", name="mice", samples=folder / "mice_samples.csv")


def _orders(ws: Workspace, folder: Path) -> None:
    """Four versions: as it came, with some of it mended, with more, and with that taken back."""
    found = ws.scan(folder / "orders.csv")
    ws.approve(found.run, ids=[item.id for item in found.items[:8]], force=True)
    ws.apply(found.run)
    again = ws.rescan(found.snapshot.dataset)
    waiting = [item.id for item in again.items if item.decision == "open"]
    ws.reject(again.run, ids=waiting[:2], note="these are other products")
    ws.approve(again.run, ids=waiting[2:5], force=True)
    ws.apply(again.run)
    ws.undo(ws.newest_apply(found.snapshot.dataset))
