"""Questions about matrices, through the cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tablemend.workspace.explore.places import Places

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.explore.matrix import Answer, Facts
    from tablemend.store.matrices import Manifest

Order = Literal["high", "low", "strong", "name"]
Sign = Literal["high", "low", "strong"]
Where = Mapping[str, Sequence[str]] | None

DAY = 86_400.0
"""Seconds that an answer is kept: a version never changes, and a new one is asked under another key."""


class Told(NamedTuple):
    """An answer, with what there is to know of it."""

    table: pa.Table
    sql: str  # that gives it, over the tables of the matrix; empty where it was computed
    total: int  # rows there are, where `table` holds the first of them
    notes: tuple[str, ...]  # why it is empty, or what to know of it
    facts: Facts  # of the whole, such as a correlation
    matrix: Manifest
    cached: str | None  # where it was kept: process, redis; None where it was worked out now
    age: float  # seconds since it was worked out


class Asking(Places):
    """Every question about a matrix; `version` is by default the newest.

    Names are those of the matrix, NotFound with the nearest ones where there is none such. `where` narrows by fields:
    a field has one of some values, blank for none; all conditions hold.
    """

    def feature(
        self,
        name: str,
        feature: str,
        *,
        order: Order = "high",
        limit: int | None = None,
        where: Where = None,
        version: int | None = None,
    ) -> Told:
        """One feature over all entities: entity, n, mean, sd, se, ranks, measured, ties, fields."""
        return self._ask(name, version, "feature", feature=feature, order=order, limit=limit, where=where)

    def entity(
        self,
        name: str,
        entity: str,
        *,
        order: Order = "high",
        limit: int | None = None,
        where: Where = None,
        version: int | None = None,
    ) -> Told:
        """One entity over all features, with its rank within each: feature, n, mean, sd, se, ranks, …, fields."""
        return self._ask(name, version, "entity", entity=entity, order=order, limit=limit, where=where)

    def strongest(
        self,
        name: str,
        *,
        sign: Sign = "strong",
        limit: int = 20,
        entities: Where = None,
        features: Where = None,
        version: int | None = None,
    ) -> Told:
        """The highest, lowest or strongest means of the whole matrix: feature, entity, n, mean, …"""
        return self._ask(name, version, "strongest", sign=sign, limit=limit, entities=entities, features=features)

    def within_top(
        self,
        name: str,
        entities: Sequence[str],
        *,
        top: int = 10,
        sign: Sign = "high",
        where: Where = None,
        version: int | None = None,
    ) -> Told:
        """The features in which every chosen entity is among the first `top` of all: feature, worst, mean, ranks, …"""
        chosen = tuple(entities)
        return self._ask(name, version, "within_top", entities=chosen, top=top, sign=sign, where=where)

    def replicates(
        self, name: str, feature: str, *, entities: Sequence[str] = (), where: Where = None, version: int | None = None
    ) -> Told:
        """Every cell of a feature: sample, entity, value, fields of the sample."""
        return self._ask(name, version, "replicates", feature=feature, entities=tuple(entities), where=where)

    def part(
        self,
        name: str,
        *,
        entities: Sequence[str] = (),
        features: Sequence[str] = (),
        entity_where: Where = None,
        feature_where: Where = None,
        version: int | None = None,
    ) -> Told:
        """The means of some entities and features, by default all: feature, entity, n, mean, sd, high, low."""
        chosen = {"entities": tuple(entities), "features": tuple(features)}
        return self._ask(name, version, "part", **chosen, entity_where=entity_where, feature_where=feature_where)

    def arranged(
        self, name: str, *, entities: Sequence[str], features: Sequence[str], version: int | None = None
    ) -> Told:
        """The same entities and features, alike ones together: side, name."""
        from tablemend.explore import arranging

        chosen = {"entities": tuple(entities), "features": tuple(features)}
        return self._kept(name, version, "arranged", arranging.arranged, chosen)

    def values(self, name: str, side: str, field: str, *, version: int | None = None) -> Told:
        """What a field of `features`, `entities` or `samples` says, and how often: value, count."""
        return self._ask(name, version, "values", side=side, field=field)

    def listed(
        self, name: str, side: str, *, where: Where = None, limit: int | None = None, version: int | None = None
    ) -> Told:
        """The `features`, `entities` or `samples` with their fields and how much of each was measured."""
        return self._ask(name, version, "listed", side=side, where=where, limit=limit)

    def search(self, name: str, side: str, text: str, limit: int = 20, *, version: int | None = None) -> Told:
        """The `features`, `entities` or `samples` that a text or a mass may mean, best first: name, field, said."""
        from tablemend.explore import searching

        return self._kept(name, version, "search", searching.search, {"side": side, "text": text, "limit": limit})

    def why(self, name: str, *, feature: str = "", entity: str = "", version: int | None = None) -> tuple[str, ...]:
        """Why a feature, an entity or a pair of them shows nothing; empty where it shows something."""
        from tablemend.explore import absence

        return absence.reasons(self.matrix(name, version), feature=feature, entity=entity)

    def compare(
        self,
        name: str,
        field: str,
        first: str,
        second: str,
        *,
        by: str = "",
        test: str = "mann-whitney",
        pairs: str = "",
        scale: str = "linear",
        where: Where = None,
        features: Where = None,
        version: int | None = None,
    ) -> Told:
        """Two groups of samples compared in each feature, and in each region of `by`: difference, interval, p, q."""
        given = {"field": field, "first": first, "second": second, "by": by, "test": test, "pairs": pairs}
        return self._measure(name, version, "compare", **given, scale=scale, where=where, features=features)

    def regions(
        self,
        name: str,
        field: str,
        first: str,
        second: str,
        *,
        by: str,
        which: str = "any",
        level: float = 0.05,
        version: int | None = None,
        **more: Any,
    ) -> Told:
        """The features that differ in `all`, in exactly `one`, or in `any` of the regions of `by`; see `compare`."""
        given = {"field": field, "first": first, "second": second, "by": by, "which": which, "level": level}
        return self._measure(name, version, "regions", **given, **more)

    def trend(
        self,
        name: str,
        field: str,
        order: Sequence[str],
        *,
        test: str = "spearman",
        where: Where = None,
        features: Where = None,
        version: int | None = None,
    ) -> Told:
        """Whether values rise or fall along groups of samples in an order: statistic, p, q, direction, means."""
        given = {"field": field, "order": tuple(order), "test": test}
        return self._measure(name, version, "trend", **given, where=where, features=features)

    def against(
        self,
        name: str,
        other: str,
        *,
        where: Where = None,
        other_where: Where = None,
        method: str = "pearson",
        version: int | None = None,
    ) -> Told:
        """Two matrices beside each other by the features that both have: means, and how they correlate (facts)."""
        given = {"other": other, "where": where, "other_where": other_where, "method": method}
        return self._measure(name, version, "against", **given)

    def _measure(self, name: str, version: int | None, question: str, **given: Any) -> Told:
        from tablemend.explore import measuring

        asked: Callable[..., Answer] = getattr(measuring, question)
        return self._kept(name, version, question, asked, given)

    def _ask(self, name: str, version: int | None, question: str, **given: Any) -> Told:
        from tablemend.explore import questions

        asked: Callable[..., Answer] = getattr(questions, question)
        return self._kept(name, version, question, asked, given)

    def _kept(
        self, name: str, version: int | None, question: str, asked: Callable[..., Answer], given: Mapping[str, Any]
    ) -> Told:
        """An answer from the cache, under the content of the version and everything that was asked."""
        import msgspec

        from tablemend.explore.matrix import digest, packed, unpacked

        manifest = self.get(name, version)
        cache = self._workspace.cache
        others = "".join(digest(self.get(value)) for key, value in given.items() if key == "other")
        captured = cache.capture(f"matrix {digest(manifest)} {others}".rstrip(), ())
        parameters = msgspec.json.encode(given, order="deterministic").decode()

        def work() -> pa.Table:
            others = {key: self.matrix(value) for key, value in given.items() if key == "other"}
            return packed(asked(self.matrix(name, manifest.version), **{**given, **others}))

        found = cache.fetch(captured, ("explore", f"explore {question} {name}", parameters), work, ttl=DAY)
        answer = unpacked(found.table)
        return Told(**answer._asdict(), matrix=manifest, cached=found.cached, age=found.age)
