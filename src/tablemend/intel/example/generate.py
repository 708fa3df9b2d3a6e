"""The example's stories from its events, by a seed: the same seed gives the same files."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from tablemend.intel.example import feeds, lines
from tablemend.tables.files import write_whole

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)
"""The present of the example: its newest stories are some hours old."""

SPAN = timedelta(days=13)
OUTLETS = (
    *("morningledger.example", "harbourtimes.example", "tradewire.example", "beanblog.example", "cupchat.example"),
    *("roastreport.example", "dalepost.example", "eveningstar.example", "countyherald.example", "kitchenweek.example"),
    *("portgazette.example", "greenpage.example", "marketminute.example", "localradio.example", "weekendpaper.example"),
)
OFFICES = ("foodoffice.gov.example", "agronomy.edu.example")

Entry = dict[str, Any]


SCORECARD = Path(str(resources.files("tablemend.intel.example").joinpath("brand.toml")))
"""The scorecard of the example, with the policy of its brand."""


def write(folder: Path, seed: int = 1) -> list[Path]:
    """Write stories, feeds and scorecard into a folder; the paths."""
    told = stories(seed)
    newest = told[-12:]
    texts = {
        "stories.jsonl": text(told, seed),
        "brand.toml": _shipped("brand.toml"),
        "feed.rss": feeds.rss(newest),
        "feed.atom": feeds.atom(newest, NOW),
    }
    for name, content in texts.items():
        _write(folder / name, content)
    return [folder / name for name in texts]


def text(told: Sequence[Entry], seed: int = 1) -> str:
    """The entries as JSON Lines, with faulty ones among them."""
    return "".join(f"{line}\n" for line in lines.among(told, seed))


def _write(path: Path, content: str) -> None:
    write_whole(path, lambda temporary: temporary.write_text(content, encoding="utf-8", newline="\n"))


def _shipped(name: str) -> str:
    return resources.files("tablemend.intel.example").joinpath(name).read_text(encoding="utf-8")


def stories(seed: int = 1) -> list[Entry]:
    """The well-formed entries, oldest first; `event` tells what each is about and is no field of a story."""
    chance = random.Random(seed)
    told = [*_events(chance), *_singles(chance)]
    told.sort(key=lambda each: (each["published"], each["url"]))
    for number, each in enumerate(told, start=1):
        each["id"] = f"s{number:03}"
    return told


def _events(chance: random.Random) -> Iterator[Entry]:
    for number, event in enumerate(tomllib.loads(_shipped("events.toml"))["events"]):
        begins = NOW - timedelta(hours=3) - chance.random() * SPAN
        outlets = chance.sample(OUTLETS, 9)
        texts = [*event["reports"], *_retold(event["reports"], chance)]
        for outlet, (title, summary) in zip(outlets, texts, strict=False):
            published = min(begins + timedelta(minutes=chance.randrange(5, 1500)), NOW - timedelta(minutes=20))
            entry = _entry(title, summary, outlet, published, chance)
            yield entry | _judged(event, chance) | _evidence(event, number) | {"event": f"event {number}"}


def _retold(reports: Sequence[Sequence[str]], chance: random.Random) -> Iterator[tuple[str, str]]:
    """A copy, a copy under another headline, one with its sentences turned round, a shortened one."""
    first, last = reports[0], reports[-1]
    sentences = last[1].split(". ")
    ways = [
        (first[0], first[1]),
        (f"Update: {first[0]}", last[1]),
        (last[0], ". ".join(each.rstrip(".") for each in reversed(sentences)) + "."),
        (f"{last[0]}: what we know", first[1]),
        (first[0], first[1].split(". ")[0].rstrip(".") + "."),
        (f"{first[0]} ({chance.choice(('video', 'live', 'comment'))})", first[1]),
    ]
    yield from chance.sample(ways, chance.randrange(4, 7))


def _entry(title: str, summary: str, outlet: str, published: datetime, chance: random.Random) -> Entry:
    slug = "-".join(word.strip(".,:;?!()").lower() for word in title.split()[:6])
    host, mark = chance.choice(("", "www.")) + outlet, chance.choice(("", "", "?utm_source=letter", "#top"))
    url = f"https://{host}/{published:%Y/%m/%d}/{slug}{mark}"
    return {
        "id": "",
        "title": title,
        "summary": summary,
        "url": url,
        "published": published.isoformat(timespec="minutes"),
    }


def _judged(event: Mapping[str, Any], chance: random.Random) -> Entry:
    """What the desk says of a story of an event."""
    scores = {part: chance.randrange(2 * low, 2 * high + 1) / 2 for part, (low, high) in event["scores"].items()}
    given = {name: event[name] for name in ("flags", "tactics", "angle") if name in event}
    return {"scores": scores, **given, "claims": [{"id": "c1", "text": event["claim"]}]}


def _evidence(event: Mapping[str, Any], number: int) -> Entry:
    """What the desk found besides the reports: an office on every third event, a denial of the contradicted ones."""
    found = []
    if number % 3 == 0 and event["kind"] in ("plain", "always"):
        office = OFFICES[number % 2]
        found.append({"id": "e1", "claims": ["c1"], "url": f"https://{office}/notes/{number}", "quote": event["claim"]})
    if event["kind"] == "contradicted":
        url = f"https://{OFFICES[number % 2]}/denials/{number}"
        found.append({"id": "e1", "claims": ["c1"], "kind": "contradict", "url": url, "quote": "That is not so."})
    return {"evidence": found} if found else {}


def _singles(chance: random.Random) -> Iterator[Entry]:
    for about in tomllib.loads(_shipped("singles.toml"))["singles"]:
        for title, summary in about["stories"]:
            published = NOW - timedelta(hours=1) - chance.random() * SPAN
            entry = _entry(title, summary, chance.choice(OUTLETS), published, chance)
            scores = {"impact": chance.randrange(4, 15), "virality": chance.randrange(1, 8)}
            yield entry | {"scores": scores, "event": f"single {title}"}
