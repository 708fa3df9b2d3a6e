"""Folders of files that are lent to Spark: each tells its process, so that those of dead processes can be removed."""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
from pathlib import Path

_PREFIX = f"tablemend-spark-{re.sub(r'[^A-Za-z0-9.]', '_', socket.gethostname())}-"


def make() -> Path:
    """A new folder of this process."""
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))


def sweep() -> list[Path]:
    """Remove what processes of this user and host have left that were killed; the removed folders.

    Where another process has taken the number of a dead one, its folder stays until that one is gone too.
    """
    import psutil

    found = []
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        number = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if number.isdecimal() and not psutil.pid_exists(int(number)) and _own(folder):
            shutil.rmtree(folder, ignore_errors=True)
            found.append(folder)
    return [each for each in found if not each.exists()]


def _own(folder: Path) -> bool:
    try:
        told = folder.lstat()
    except FileNotFoundError:  # somebody else has just removed it
        return False
    return not folder.is_symlink() and (not hasattr(os, "getuid") or told.st_uid == os.getuid())
