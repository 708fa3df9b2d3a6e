"""Invented names for the example matrix: bacteria of no collection, and metabolites that no instrument has seen."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

LINEAGES = (
    ("Velanota", "Velanibacteria", "Velanibacteraceae", "Velanibacter"),
    ("Velanota", "Velanibacteria", "Velanibacteraceae", "Velaniella"),
    ("Velanota", "Velanibacteria", "Dulcaribacteraceae", "Dulcaribacter"),
    ("Velanota", "Nebulimonadia", "Nebulimonadaceae", "Nebulimonas"),
    ("Tormicoccota", "Tormicoccia", "Tormicoccaceae", "Tormicoccus"),
    ("Tormicoccota", "Tormicoccia", "Tormicoccaceae", "Tormonella"),
    ("Tormicoccota", "Pelvinellia", "Pelvinellaceae", "Pelvinella"),
    ("Tormicoccota", "Pelvinellia", "Pelvinellaceae", "Pelvinicoccus"),
    ("Sarmibacterota", "Sarmibacteria", "Sarmibacteraceae", "Sarmibacter"),
    ("Sarmibacterota", "Sarmibacteria", "Fornaliaceae", "Fornalia"),
    ("Umbrospirota", "Umbrospiria", "Umbrospiraceae", "Umbrospira"),
    ("Umbrospirota", "Umbrospiria", "Queromonadaceae", "Queromonas"),
)
"""Phylum, class, family and genus."""

_EPITHETS = (
    *("arenalis", "brevidens", "collinensis", "dormiens", "edulcans", "fluvialis", "glacialis", "hortensis"),
    *("insulensis", "lacus", "montis", "nitens", "orientalis", "pallens", "rivalis", "silvae", "terrestris"),
    *("urbanensis", "vallis", "viridans"),
)
_PREFIXES = (
    *("", "2-hydroxy", "3-methyl", "4-oxo", "N-acetyl-", "5-amino", "2,4-dihydroxy", "alpha-", "β-", "γ-", "Δ-"),
    *("trans-", '4"-O-methyl-', "1,2-didehydro", "(R)/(S)-"),
)
_ENDINGS = (
    ("organic acids", "ic acid"),
    ("amino acids", "ine"),
    ("carbohydrates", "ose"),
    ("carbohydrates", "ose 6-phosphate"),
    ("nucleotides", "idine 5'-monophosphate"),
    ("polyphenols", "etin"),
    ("amides", "amide"),
    ("lipids", "olin 16:0/18:1"),
    ("salts", "ate; monohydrate"),
)
_STEMS = (
    *("velan", "tormil", "lurid", "calin", "querv", "sarmon", "pelvin", "fornal", "mirat", "ostrel", "dulcar"),
    *("nebul", "rastin", "solvar", "tergin", "umbral", "vestil", "xanor", "yavan", "zimbr", "bralen", "cremol"),
    *("dovar", "elmin", "fresal", "gravel", "hespil", "istar", "jorven", "kelmar", "lomber", "morven", "norval"),
    *("orbel", "pravin", "rumel", "strovan", "tulmen", "vorcal", "welmar"),
)
_STRIDE = 1_297
"""A prime that divides none of the numbers of parts: neighbours differ, and every prefix comes up soon."""
_JOINED = 7  # of so many features one is a mass that fits several names
_TWINS, _UNKNOWN = 25, 19  # of so many features one weighs almost what the one before does, or has no mass


class Feature(NamedTuple):
    """What is known of a feature."""

    name: str
    kind: str  # its chemical class
    mass: float | None  # mass to charge
    synonyms: str | None  # separated by " | "


def entities(count: int) -> list[dict[str, str]]:
    """So many strains, each with phylum, class and family."""
    found = []
    for number in range(count):
        phylum, rank, family, genus = LINEAGES[number % len(LINEAGES)]
        epithet = _EPITHETS[number // len(LINEAGES) * 3 % len(_EPITHETS)]
        name = f"{genus} {epithet} TS {4_001 + number * 7}"
        found.append({"entity": name, "phylum": phylum, "class": rank, "family": family})
    return found


def features(count: int, seed: int) -> list[Feature]:
    """So many features of distinct names; fewer of the same seed are the first of these."""
    compounds = _compounds(seed)
    drawn = np.random.default_rng([seed, 11]).random((count, 2)).tolist()
    found: list[Feature] = []
    for number, (weight, several) in enumerate(drawn):
        parts = 2 + int(several * 4) if number % _JOINED == 3 else 1
        names = list(islice(compounds, parts))
        mass: float | None = round(90 + 800 * weight, 4)
        if number % _UNKNOWN == 11:
            mass = None
        elif number % _TWINS == 12 and found[-1].mass is not None:
            mass = round(found[-1].mass + 0.0003, 4)
        known = (None, f"TM-{number:05d}", None, f"TM-{number:05d} | {names[0][2]}ol base")[number % 4]
        found.append(Feature(", ".join(name for name, _, _ in names), names[0][1], mass, known))
    return found


def described(found: list[Feature]) -> pa.Table:
    """Features as a table: `feature`, `class`, `m/z`, `synonyms`."""
    import pyarrow as pa

    names, kinds, masses, synonyms = zip(*found, strict=True)
    types: dict[str, Any] = {"class": pa.string(), "m/z": pa.float64(), "synonyms": pa.string()}
    columns = {"class": kinds, "m/z": masses, "synonyms": synonyms}
    return pa.table({"feature": names} | {name: pa.array(column, types[name]) for name, column in columns.items()})


def _compounds(seed: int) -> Iterator[tuple[str, str, str]]:
    """Names that never repeat, each with its class and stem."""
    whole = len(_PREFIXES) * len(_ENDINGS) * len(_STEMS)
    for number in count():
        place = (number + seed) * _STRIDE % whole
        prefix, place = _PREFIXES[place % len(_PREFIXES)], place // len(_PREFIXES)
        (kind, ending), stem = _ENDINGS[place % len(_ENDINGS)], _STEMS[place // len(_ENDINGS)]
        isomer = f" (isomer {number // whole + 1})" if number >= whole else ""
        yield f"{prefix}{stem}{ending}{isomer}", kind, stem
