"""The page Explore over a large matrix: opened, a control changed, and many people at once."""

from __future__ import annotations

import http.client
import random
import re
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote_plus

from tablemend.bench.case import Row, megabytes, p95, seconds
from tablemend.bench.looking import Visitor, watching
from tablemend.bench.users import Memory, Person, Recorder, Request
from tablemend.bench.walk import drawn
from tablemend.explore import sample
from tablemend.workspace import Workspace

ENTITIES, FEATURES = 500, 20_000
MATRIX = "big"
SIZE = f"{ENTITIES} entities × {FEATURES:,} features"
REPETITIONS = 7
USERS, LASTING = 20, 60.0
PASSWORD = "correct horse battery"
EARLIER = 2_000
"""Looks before those that are measured: some five minutes of the same people, of a server that runs for days."""
POPULAR = 1.1
"""Exponent of the popularity of features, after Zipf: the first is asked for some twice as often as the second."""

TITLE = "#explore-figure .gtitle"
ROW = ".tm-answer-table tbody tr:first-child"
TICK = "#explore-figure .ytick"


def first_load(folder: Path) -> list[Row]:
    """The page of a large matrix until its plot is drawn, with an empty cache and with one."""
    cold, warm = [], []
    with watching(folder, _prepared) as watched:
        with watched.visitor() as first:
            first.load(f"/explore/{MATRIX}", TITLE)  # the server reads its scripts and compresses them once
        for _ in range(REPETITIONS):
            with watched.visitor() as visitor:
                cold.append(visitor.load(f"/explore/{MATRIX}", TITLE))
                warm.append(visitor.load(f"/explore/{MATRIX}", TITLE))
    what = f"a matrix of {SIZE}, until its plot is drawn"
    return [
        seconds("explore.first_load", f"{what}, with an empty cache", cold, bar=2),
        seconds("explore.first_load", f"{what}, seen before", warm),
    ]


def plot(folder: Path) -> list[Row]:
    """From the choice of another order until the plot of it is drawn: worked out now, and from the cache."""
    new, kept = [], []
    with watching(folder, _prepared) as watched, watched.visitor() as visitor:
        for number in range(REPETITIONS):
            feature = _name(100 + number)
            table = watched.workspace.explore.feature(MATRIX, feature).table["entity"].to_pylist()
            visitor.load(f"/explore/{MATRIX}?feature={feature}", TITLE, text=feature)
            new.append(_ordered(visitor, "low", table[-1]))
            kept.append(_ordered(visitor, "high", table[0]))
    what = f"one feature of {SIZE}: another order chosen, until its plot is drawn"
    return [
        seconds("explore.plot", f"{what}, worked out now", new, bar=0.4),
        seconds("explore.plot", f"{what}, from the cache", kept, bar=0.4),
    ]


def _ordered(visitor: Visitor, order: str, first: str) -> float:
    option = f'[role="option"][value="{order}"]'
    drawn(visitor.page)  # what is still drawn anew would close the list
    visitor.page.get_by_role("textbox", name="Order", exact=True).click()
    visitor.wait(option)
    return visitor.click(option, TICK, text=f"^{re.escape(first[:12])}")


def _name(number: int) -> str:
    return f"f{number:05}"


def _prepared(workspace: Workspace) -> None:
    """A large matrix whose features have names that stand in an address as they are."""
    import pyarrow as pa

    made = sample.big(ENTITIES, FEATURES)
    columns = {_name(n): pa.array(made.values[:, n], from_pandas=True) for n in range(FEATURES)}
    workspace.explore.load(pa.table({"entity": made.entities, **columns}), name=MATRIX, row="entity")


class Looker(Person):
    """Somebody who looks at one feature after the other."""

    news = ""

    def __init__(self, number: int, secret: str, port: int, requests: Sequence[Request], shown: str) -> None:
        super().__init__(number, secret, port, {}, "", ())
        self._requests = requests
        self._shown = shown
        self.port = port
        self._features = self.drawn(number + 1, 1_000)

    @staticmethod
    def drawn(seed: int, looks: int) -> list[str]:
        """Features, the popular ones more often."""
        weights = [1 / (n + 1) ** POPULAR for n in range(FEATURES)]
        return [_name(n) for n in random.Random(1_000 + seed).choices(range(FEATURES), weights, k=looks)]

    def _click(self, connection: http.client.HTTPConnection, name: str) -> None:
        del name
        self.look(connection, self._features.pop())

    def look(self, connection: http.client.HTTPConnection, feature: str) -> None:
        """Ask for all that the choice of a feature asks for."""
        requests = [
            Request(
                method=each.method,
                path=each.path.replace(quote_plus(self._shown), feature),
                body=each.body.replace(self._shown, feature),
            )
            for each in self._requests
        ]
        self._timed("look at a feature", lambda: [self._ask(connection, each) for each in requests])


def users_20(folder: Path) -> list[Row]:
    """People who each look at one feature after the other, some features more often than others."""
    with watching(folder, _peopled) as watched:
        secrets = [watched.workspace.accounts.sign_in(f"user{n}", PASSWORD) for n in range(USERS + 1)]
        with watched.visitor(secrets[0]) as visitor:
            shown = _name(7)
            requests = _recorded(visitor, shown)
            persons = [Looker(n, secrets[n + 1], watched.server.port, requests, shown) for n in range(USERS)]
            process = watched.server.process
            assert process is not None
            _looked_before(persons[0], EARLIER)
            before = _lookups(visitor)
            with ExitStack() as stack:
                memory = stack.enter_context(Memory(process.pid))
                for each in persons:
                    stack.enter_context(each)
                time.sleep(LASTING)
            after = _lookups(visitor)
    return _told(persons, memory, [b - a for a, b in zip(before, after, strict=True)])


def _looked_before(person: Looker, looks: int) -> None:
    """What others have looked at, one after the other and without a pause."""
    connection = http.client.HTTPConnection("127.0.0.1", person.port, timeout=30)
    for feature in Looker.drawn(0, looks):
        person.look(connection, feature)
    connection.close()
    person.times.clear()


def _peopled(workspace: Workspace) -> None:
    _prepared(workspace)
    for n in range(USERS + 1):
        workspace.accounts.add(f"user{n}", "viewer" if n else "admin", password=PASSWORD)


def _recorded(visitor: Visitor, feature: str) -> list[Request]:
    """What the choice of a feature asks for."""
    visitor.load(f"/explore/{MATRIX}?feature={_name(8)}", TITLE, text=_name(8))
    visitor.wait('body[data-live="on"]')
    recorder = Recorder(visitor)
    field = visitor.page.get_by_role("textbox", name="Feature", exact=True)
    field.fill(feature)
    option = f'[role="option"][value="{feature}"]'
    visitor.wait(option)
    recorder.taken()
    visitor.click(option, TITLE, text=feature)
    found = recorder.taken()
    if not any(feature in each.body for each in found):
        raise AssertionError("the choice of a feature asked for nothing")
    return found


def _lookups(visitor: Visitor) -> tuple[int, int]:
    """Results that were found in the cache of the server, and those that were not."""
    told = visitor.page.evaluate("async () => (await fetch('/api/v1/cache')).json()")["all"]
    return told["hits_process"], told["misses"]


def _told(persons: Sequence[Looker], memory: Memory, lookups: Sequence[int]) -> list[Row]:
    case = "explore.users_20"
    spent = [each for person in persons for each in person.times.get("look at a feature", ())]
    errors = [each for person in persons for each in person.errors]
    asked = sum(each.asked for each in persons)
    share = lookups[0] / max(sum(lookups), 1)
    failed = f"failed of {asked:,} requests" + (f", the first {errors[0]}" if errors else "")
    slow = p95(spent)
    return [
        Row(case=case, what=failed, value=len(errors), unit="errors", bar=0, met=not errors),
        Row(
            case=case,
            what=f"p95 of {len(spent):,} features looked at by {len(persons)} people in {LASTING:.0f} s, {SIZE}",
            value=slow,
            unit="s",
            bar=0.5,
            met=slow <= 0.5,
        ),
        Row(
            case=case,
            what=f"found in the cache, of {sum(lookups):,} answers asked for, after {EARLIER:,} looks of others",
            value=share,
            unit="share",
            bar=0.7,
            met=share >= 0.7,
        ),
        megabytes(case, "most memory of the server and its workers", memory.most["all PSS"], bar=1_000),
    ]
