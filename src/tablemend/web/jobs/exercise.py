"""A small job that a worker does before its first real one, which would else pay for all that is loaded late."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tablemend.errors import NothingToChange, StateError
from tablemend.workspace import Workspace

_ROWS = 200
_KINDS = ("N/A", "12 kg", "13kg", "1,4")


def exercise(workspace: Workspace) -> None:
    """Scan, apply and undo on a table made for it, in a folder that goes afterwards, on the engine of a workspace."""
    with TemporaryDirectory(prefix="tablemend-") as folder:
        path = Path(folder) / "exercise.csv"
        path.write_text("\n".join(_lines()), encoding="utf-8")
        given = {"data": Path(folder) / "state", "store_url": "", "user": "exercise"}
        own = Workspace(workspace.settings.model_copy(update=given))
        own.share_engine(workspace)
        try:
            found = own.scan(path)
            own.approve(found.run, force=True)
            own.undo(own.apply(found.run).change_set.id)
        except (NothingToChange, StateError):  # other gates and rules may leave nothing to apply: then less is ready
            pass
        finally:
            own.store.close()


def _lines() -> list[str]:
    rows = (
        f"{number},{' ' if number % 7 else ''}name {number % 9},{_KINDS[number % 4]},{'' if number % 11 else 'x'},"
        f"2021-0{number % 9 + 1}-11"
        for number in range(_ROWS)
    )
    return ["id,name,weight,note,day", *rows, "1,name 1,12 kg,x,2021-02-11"]
