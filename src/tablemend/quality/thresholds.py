"""The limits that profile, checks and drift use: name, default and help in one table."""

from typing import Annotated, get_type_hints

from msgspec import Meta

from tablemend.records import Record


def _help(text: str) -> Meta:
    return Meta(description=text)


class Thresholds(Record, frozen=True, kw_only=True):
    """Limits of the quality room; every share is between 0 and 1."""

    distinct_table: Annotated[int, _help("columns with up to so many distinct values are tested value by value")] = (
        100_000
    )
    sample_values: Annotated[int, _help("distinct values of a column that type and meaning are inferred from")] = 1_000
    top_values: Annotated[int, _help("most frequent values, patterns and units kept in a profile")] = 10
    type_share: Annotated[float, _help("share of the values that must be of one type to name the column after it")] = (
        0.9
    )
    leading_zero_share: Annotated[float, _help("share of leading zeros that makes digits an identifier")] = 0.05
    category_values: Annotated[int, _help("a category has at most so many distinct values")] = 200
    category_repeats: Annotated[int, _help("a category repeats each value at least so often on average")] = 10
    identifier_share: Annotated[float, _help("share of distinct values that makes codes an identifier")] = 0.95
    sparse_share: Annotated[float, _help("share of nulls above which a column counts as optional")] = 0.5
    inference_values: Annotated[int, _help("values needed before a pattern, range, sign or rarity is inferred")] = 100
    pattern_share: Annotated[float, _help("share that the usual pattern must have before others deviate")] = 0.95
    case_ratio: Annotated[float, _help("how many times more frequent the usual case spelling must be")] = 2.0
    near_key_share: Annotated[float, _help("share of distinct values from which they are always counted exactly")] = 0.9
    key_share: Annotated[float, _help("share of distinct values above which repeats break a key")] = 0.99
    sign_share: Annotated[float, _help("share of one sign before the other is suspicious")] = 0.99
    order_share: Annotated[float, _help("share of rows in which start <= end before others violate it")] = 0.98
    tukey_factor: Annotated[float, _help("interquartile ranges beyond the quartiles: far out (Tukey 1977)")] = 3.0
    modified_z: Annotated[float, _help("median/MAD score of an outlier (Iglewicz & Hoaglin 1993)")] = 3.5
    outlier_share: Annotated[float, _help("share of outliers above which the tail is taken as natural")] = 0.02
    rare_share: Annotated[float, _help("share of rows below which a category may be rare")] = 0.001
    rare_gap: Annotated[float, _help("how many times more frequent the next category must be")] = 10.0
    near_distinct: Annotated[float, _help("share of distinct values that lets a column tell rows apart")] = 0.5
    dependency_strength: Annotated[float, _help("strength that a dependency needs before its violations count")] = 0.95
    dependency_majority: Annotated[float, _help("share of a group that must agree before others violate it")] = 0.8
    dependency_rows: Annotated[int, _help("rows that dependencies are learned from")] = 5_000
    dependency_columns: Annotated[int, _help("columns that are compared with each other for dependencies")] = 40
    repeating_share: Annotated[float, _help("share of distinct values up to which a column repeats its values")] = 0.6
    volume_change: Annotated[float, _help("relative change of the row count that is drift")] = 0.5
    population_shift: Annotated[float, _help("population stability index that is drift (Siddiqi 2006)")] = 0.25
    missing_change: Annotated[float, _help("change of the share of missing values that is drift")] = 0.1
    sample_rows: Annotated[int, _help("failing rows shown with a finding")] = 5


DEFAULT = Thresholds()


def table() -> tuple[tuple[str, int | float, str], ...]:
    """Name, default and help of every threshold."""
    hints = get_type_hints(Thresholds, include_extras=True)
    return tuple(
        (field, getattr(DEFAULT, field), hints[field].__metadata__[0].description)
        for field in Thresholds.__struct_fields__
    )
