"""Beginning a scan of what was added, and waiting for it on the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tablemend.errors import SettingsError
from tablemend.web.components import asking
from tablemend.web.doing import Done
from tablemend.web.site import Site

LONGEST = 500
"""Characters of a name, as of the interface for programs."""


def scan(site: Site, source: str, options: Mapping[str, str | None], *, name: str, shown: str) -> Done:
    """Hand a scan to the workers; the page shows how far it is, and then its review.

    The caller has made sure that whoever asks may name the source. `shown` is what it is called meanwhile.
    """
    job = site.submit("scan", source=source, options=given(options), name=name or None)
    return Done(redraw=False, stores={"add-waiting": asking.waiting_for(job.id, "review", name=shown)})


def given(options: Mapping[str, str | None]) -> dict[str, str]:
    """The options that were chosen."""
    return {name: value for name, value in options.items() if value}


def typed(fields: Mapping[str, Any]) -> str:
    """The name of a dataset that was typed, or nothing; SettingsError where it cannot be one."""
    name = str(fields.get("name") or "").strip()
    if len(name) > LONGEST:
        raise SettingsError(f"the name has {len(name):,} characters", hint=f"Give one of at most {LONGEST}.")
    if not name.isprintable():
        raise SettingsError("the name holds characters that cannot be seen", hint="Type it again.")
    return name
