"""Scoring stories: which, by what scorecard and gate, and the job that does it."""

from __future__ import annotations

from typing import Any

from dash import html, set_props

from tablemend.errors import SettingsError, StateError
from tablemend.intel.example import generate
from tablemend.intel.run import KIND
from tablemend.review import gate as gates
from tablemend.store.jobs import Job
from tablemend.web.address import Address
from tablemend.web.api import places
from tablemend.web.components import asking, basics, forms
from tablemend.web.components.allowed import may, note
from tablemend.web.components.uploading import uploading
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.site import Site
from tablemend.workspace.shelf import Shelf, Shelved

PAGE = "intelligence"
KINDS = "JSON Lines, JSON, CSV, RSS, Atom or JSON Feed"


def draw(site: Site, address: Address) -> Any:
    """The form, and the example."""
    del address
    if not may("scan"):
        return note("scan")
    about = (
        "The example is made up: two weeks of a coffee roaster, with copies, paraphrases, denials, and lines that "
        "cannot be read. It has a scorecard of its own."
    )
    return html.Div(
        [
            basics.section("Stories", _form(site)),
            basics.section(
                "The example", html.P(about, className="tm-note"), html.Div(example(), className="tm-below")
            ),
        ],
        className="tm-columns",
    )


def example() -> html.Button:
    """The button that scores the example."""
    return forms.button(PAGE, "score-example", "Try it on the example", right="scan")


def _form(site: Site) -> html.Div:
    own = site.workspace.configuration
    cards = [each.name for each in own.scorecards.all()]
    fitting = [each.name for each in own.gates.all() if _fits(each)]
    feeds = "Feeds bring no scores: they need a scorecard with a policy of your own, made under Settings."
    return html.Div(
        [
            uploading(PAGE, limit=site.base.settings.upload_bytes, kinds=KINDS, what="a file of stories"),
            forms.hidden(PAGE, "upload", ""),
            forms.text(PAGE, "source", "Or an address of the web", placeholder="https://…/feed.xml"),
            forms.choice(PAGE, "scorecard", "Scorecard", cards, "brand", description=feeds),
            forms.choice(PAGE, "gate", "Gate", fitting, "intel"),
            forms.text(
                PAGE, "source-name", "Name of the source", placeholder="none",
                description="Put before every id, where sources number their stories alike",
            ),
            html.Div(forms.button(PAGE, "score", "Score", primary=True, right="scan"), className="tm-actions"),
        ],
        className="tm-form",
    )  # fmt: skip


def _fits(each: Shelved) -> bool:
    """Whether a gate is for stories; one that cannot be read can be chosen, and says why."""
    try:
        return gates.load(each.what).items in (None, KIND)
    except SettingsError:
        return True


def _score(site: Site, asked: Asked) -> Done:
    own = site.workspace.configuration
    return _followed(
        site.submit(
            "score_intel",
            items=_source(site, asked),
            scorecard=_chosen(own.scorecards, asked.text("scorecard")),
            gate=_chosen(own.gates, asked.text("gate")),
            source_name=asked.text("source-name"),
        )
    )


def _source(site: Site, asked: Asked) -> str:
    """The upload, or the address: a browser names neither a file of the server nor both."""
    upload, named = asked.text("upload"), asked.text("source")
    if bool(upload) == bool(named):
        said = "both a file and an address are given" if upload else "no stories are named"
        raise StateError(said, hint="Upload a file of stories, or give the address of a feed.")
    return str(site.workspace.uploads.path(upload)) if upload else places.source(site, named)


def _chosen(shelf: Shelf, name: str) -> str:
    return shelf.find(name).what


def _example(site: Site, asked: Asked) -> Done:
    del asked
    return _followed(example_job(site))


def example_job(site: Site) -> Job:
    """Have the example scored by its own scorecard, as of its own present."""
    uploads = site.workspace.uploads
    return site.submit(
        "score_intel",
        items=str(uploads.path(uploads.stories().id)),
        scorecard=str(generate.SCORECARD),
        now=generate.NOW.isoformat(),
    )


def _followed(job: Job) -> Done:
    """The page follows the job, and goes to its run at the end."""
    set_props(f"{PAGE}-waiting", {"data": asking.waiting_for(job.id, "intel")})
    return Done(redraw=False)


ACTIONS = {
    "score": Action(run=_score, right="scan", blames="source"),
    "score-example": Action(run=_example, right="scan"),
}
