"""The verbs of news and market intelligence."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tablemend.errors import NotFound, SettingsError
from tablemend.records import Run
from tablemend.telemetry import Timings
from tablemend.workspace.loading import Loading

if TYPE_CHECKING:
    from tablemend.intel.brief import Brief
    from tablemend.intel.compare import Comparison
    from tablemend.intel.run import IntelRun
    from tablemend.review.gate import Gate
    from tablemend.review.scorecard import Scorecard


class Intelligence(Loading):
    """Scoring stories, telling them in a brief, and comparing runs."""

    def score_intel(
        self,
        source: str | Path,
        *,
        scorecard: str | Path | Scorecard = "brand",
        gate: str | Path | Gate = "intel",
        now: datetime | None = None,
        source_name: str = "",
    ) -> IntelRun:
        """Read a source of stories, score each, and let the gate decide on what no person has decided.

        `source` is a path, a URL or `-`: JSON Lines, JSON, CSV, RSS, Atom or JSON Feed. Scorecard and gate are files or
        shipped ones by name. Ages are counted to `now`, by default the present moment. `source_name` and a colon are
        put before every id, so that feeds whose ids are alike can live side by side. Raises SourceError where the
        source cannot be read or holds no story, NothingAccepted where every entry was rejected, and SettingsError for
        a scorecard, for a gate that does not fit it or is for another type of items, and for a name.
        """
        from tablemend.intel.reading import collect
        from tablemend.intel.run import KIND, score_stories
        from tablemend.records import now as present
        from tablemend.repair.reading import limits_of
        from tablemend.review import gate as gates
        from tablemend.review import scorecard as scorecards

        card = scorecards.load(scorecard) if isinstance(scorecard, str | Path) else scorecard
        by = gates.load(gate, card=card) if isinstance(gate, str | Path) else gate
        gates.require_fit(by, KIND, card)
        if now is not None and now.tzinfo is None:
            raise SettingsError("now has no time zone", hint="Give an aware datetime, such as one in UTC.")
        if not _NAME.fullmatch(source_name):
            raise SettingsError(f"{source_name!r} cannot name a source", hint="Use letters, digits, _, - and dots.")
        limits = limits_of(self.settings)
        headers = {key: value.get_secret_value() for key, value in self.settings.http_headers.items()}
        with self._running(KIND) as run:
            timings = Timings(self._beating(run.id), self.telemetry)
            with timings.stage("read"):
                collected = collect(source, parts=card.parts, limits=limits, headers=headers, source_name=source_name)
            result = score_stories(
                self.store,
                run,
                collected,
                scorecard=card,
                gate=by,
                now=now or present(),
                timings=timings,
                source_name=source_name,
            )
            for name, number in result.counts.items():
                self.telemetry.count(f"stories.{name}", number)
            return result

    def intel(self, run: str | None = None) -> IntelRun:
        """A finished run over stories, by default the newest, with the decisions as they stand now."""
        from tablemend.intel.run import recall

        return recall(self.store, self.intel_run(run))

    def intel_run(self, run: str | None = None) -> Run:
        """A finished run over stories by its id, by default the newest; raises NotFound.

        By its id also one that failed because every entry was rejected: it keeps why.
        """
        from tablemend.intel.run import KIND

        hint = "`tablemend intel score SOURCE` makes one."
        if run is not None:
            found = self.store.runs.get(run)
            read = found.status in _FINISHED or (found.status == "failed" and found.counts)
            if found.kind != KIND or not read:
                raise NotFound(f"run {run} is no finished run over stories: {found.kind}, {found.status}", hint=hint)
            return found
        return self.store.runs.latest(KIND, statuses=_FINISHED, hint=hint)

    def gate_of(self, run: str | None) -> Gate:
        """The gate that the items of a run go by."""
        from tablemend.intel.run import KIND, terms

        found = self.run(run)
        return terms(self.store, found).gate if found.kind == KIND else super().gate_of(run)

    def brief(self, run: str | None = None, *, days: float | None = None) -> Brief:
        """What a run found, by band, each event once; with `days` only what was published in the last of them."""
        from tablemend.intel.brief import brief

        return brief(self.intel(run), days=days)

    def compare_intel(self, before: str, after: str) -> Comparison:
        """What differs between two runs over stories, and between what they were scored by."""
        from tablemend.intel.compare import compare

        return compare(self.intel(before), self.intel(after))


_NAME = re.compile(r"[\w.-]*")
_FINISHED = ("completed", "partial")
