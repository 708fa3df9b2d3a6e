"""Keep the tables you depend on healthy: find, propose, decide, apply, prove and undo.

import tablemend as tm

with tm.open() as ws:
    run = ws.scan("orders.csv")
    ws.pass_gate(run.run)
    ws.apply(run.run)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tablemend import errors

if TYPE_CHECKING:
    from tablemend import records
    from tablemend.workspace import Workspace, open

__version__ = "0.1.0"

__all__ = ["Workspace", "errors", "open", "records"]

_LAZY = {"Workspace": "tablemend.workspace", "open": "tablemend.workspace", "records": "tablemend.records"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'tablemend' has no attribute {name!r}")
    from importlib import import_module

    module = import_module(_LAZY[name])
    return module if name == "records" else getattr(module, name)
