"""The frozen records that pass between floors; nothing here computes or writes."""

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

Value = str | int | float | bool | None
"""A cell as it is shown and stored in samples, diffs and maps."""

Phase = Literal["text", "values", "dependencies", "rows", "columns"]
PHASES: tuple[Phase, ...] = ("text", "values", "dependencies", "rows", "columns")
DIMENSIONS = ("completeness", "validity", "consistency", "uniqueness", "plausibility")
SEVERITIES = ("info", "warning", "error")
DECISIONS = ("open", "approved", "rejected", "blocked")


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all records: frozen, built by keyword only."""


class Source(Record, frozen=True, kw_only=True):
    """Where a table comes from, as the user named it; holds no secret."""

    kind: str  # csv, json, jsonl, xlsx, parquet, arrow, sqlite, duckdb, http, frame
    location: str  # path or URL without password
    name: str  # the dataset it feeds
    table: str | None = None  # table of a database
    sql: str | None = None  # query instead of a table
    sheet: str | None = None  # sheet of a workbook
    delimiter: str | None = None  # forced, else detected
    encoding: str | None = None  # forced, else detected


class TextFormat(Record, frozen=True, kw_only=True):
    """How a delimited text file is written, so that it can be written back alike."""

    encoding: str  # Python codec name
    bom: bool  # the file starts with a byte order mark
    delimiter: str
    newline: str  # of the first record: "\n", "\r\n" or "\r"


class Column(Record, frozen=True, kw_only=True):
    """A column of a snapshot."""

    name: str  # unique in the table, also without regard to case; used in SQL
    header: str  # as the source wrote it (may be blank or doubled)
    type: str = "text"  # "text", or the Arrow type of a typed source


class RejectedRow(Record, frozen=True, kw_only=True):
    """A row of the source that could not become a row of the snapshot."""

    line: int  # 1-based line of the source on which the row starts
    reason: str


class Snapshot(Record, frozen=True, kw_only=True):
    """One immutable version of a dataset."""

    hash: str  # of the column names, types and values in row order; never of Parquet bytes
    dataset: str
    version: int  # 1-based within the dataset
    columns: tuple[Column, ...]
    rows: int
    source: Source
    created: datetime
    parent: int | None = None  # version that it was made from
    key: tuple[str, ...] = ()  # primary key columns, from the catalogue
    format: TextFormat | None = None  # for delimited text
    original: str | None = None  # hash of the kept source bytes
    hashes: dict[str, str] = {}  # column → hash of its values, `_row` included
    padded: tuple[int, ...] = ()  # `_row` of rows that were short and padded
    padded_count: int = 0  # all of them, where `padded` lists the first
    rejected: tuple[RejectedRow, ...] = ()  # the first rejected rows
    rejected_count: int = 0  # all of them


class Count(Record, frozen=True, kw_only=True):
    """A value and how often it occurs."""

    value: str
    n: int


class ColumnProfile(Record, frozen=True, kw_only=True):
    """What one column holds."""

    name: str
    type: str  # integer, decimal, boolean, date, time, timestamp, text, nested, binary
    semantic: str  # integer, decimal, boolean, date, time, timestamp, email, url, phone, postcode, currency,
    # measure (unit-bearing number), identifier, category, text, empty, binary
    rows: int
    nulls: int
    blanks: int  # empty or only white space
    disguised: int  # N/A, null, -, ?, 9999 … where they stand for missing
    distinct: int
    distinct_exact: bool = True
    minimum: Value = None
    maximum: Value = None
    mean: float | None = None
    deviation: float | None = None
    quantiles: tuple[float, ...] = ()  # 5, 25, 50, 75, 95 %
    length_min: int | None = None
    length_max: int | None = None
    top: tuple[Count, ...] = ()  # most frequent values
    patterns: tuple[Count, ...] = ()  # most frequent character patterns
    units: tuple[Count, ...] = ()  # unit spellings after a number
    form: str | None = None  # strptime format or regular expression of the usual form
    sampled: int = 0  # cells that patterns and units were counted on; 0: all of them


class Dependency(Record, frozen=True, kw_only=True):
    """A near-unary functional dependency: each value of `determinant` has (almost) one value of `target`."""

    determinant: str
    target: str
    strength: float  # 1 - g3 over groups of two rows or more (Kivinen & Mannila 1995)
    lift: float  # strength minus the share of the most frequent target value
    groups: int  # groups of two rows or more


class ForeignKey(Record, frozen=True, kw_only=True):
    """Columns whose values must stand in another table."""

    columns: tuple[str, ...]
    table: str
    parents: tuple[str, ...]
    declared: bool

    @property
    def relation(self) -> str:
        """The name under which the keys of the parents are read beside the scanned table."""
        return f"{self.table}({', '.join(self.parents)})"


class Profile(Record, frozen=True, kw_only=True):
    """What a table holds."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    duplicate_rows: int = 0
    keys: tuple[tuple[str, ...], ...] = ()  # candidate keys
    dependencies: tuple[Dependency, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()


class Check(Record, frozen=True, kw_only=True):
    """A concrete test with its parameters fixed, so that before and after are measured alike.

    Exactly one of `predicate` (true for a failing row) and `query` (selects the `_row` of failing rows from the
    relation `{data}`) is set, unless `error` says why it cannot be evaluated.
    """

    id: str  # stable: hash of name, columns and rule
    name: str  # of the vocabulary, e.g. "outlier"
    dimension: str
    columns: tuple[str, ...]  # whose cells fail; empty: whole rows
    severity: str
    predicate: str | None = None
    query: str | None = None
    reads: tuple[str, ...] = ()  # columns it reads besides `columns`; ("*",) for all
    params: dict[str, Any] = {}  # fences, pattern, allowed values …
    message: str = ""  # what is wrong, in words
    rule: str | None = None  # the user's rule it comes from
    declared: bool = False  # by the database of the table
    database: str | None = None  # SQL by which the database itself found the failing rows, once, at the scan: `query`
    # selects just these rows, so that their count stands until the next scan, whatever is applied
    error: str | None = None


class CellChange(Record, frozen=True, kw_only=True):
    """One cell before and after."""

    row: int
    column: str
    before: Value
    after: Value


class Finding(Record, frozen=True, kw_only=True):
    """A check that failed, or that could not be evaluated."""

    id: str  # of its check
    check: str
    dimension: str
    columns: tuple[str, ...]
    severity: str
    status: Literal["failed", "error"]
    cells: int  # exact; 0 for whole-row checks
    rows: int  # exact
    message: str
    sql: str  # selects every failing row
    sample: tuple[dict[str, Value], ...] = ()  # first failing rows: `_row` and the columns
    params: dict[str, Any] = {}
    rule: str | None = None


class Score(Record, frozen=True, kw_only=True):
    """The health of a table, 0 to 100, with the cells it was counted from."""

    overall: float
    dimensions: dict[str, float]  # 0 to 100 each
    columns: dict[str, dict[str, float]]  # column → dimension → 0 to 100
    confidence: float = 1.0  # share of the checks that could be evaluated


class Alternative(Record, frozen=True, kw_only=True):
    """Another operation for the same finding, selectable instead of the proposed one."""

    operation: str
    params: dict[str, Any] = {}
    label: str = ""


class Proposal(Record, frozen=True, kw_only=True):
    """What a detector suggests, before it is measured against the data."""

    check: str
    operation: str
    columns: tuple[str, ...]
    confidence: float  # probability that the changed cells become right
    params: dict[str, Any] = {}
    tier: str = ""  # tells apart proposals of one detector for the same columns
    explanation: str = ""
    evidence: tuple[str, ...] = ()  # sentences with figures, or SQL
    alternatives: tuple[Alternative, ...] = ()
    flags: tuple[str, ...] = ()
    support: int = 0  # cells or groups that the confidence rests on


class Repair(Record, frozen=True, kw_only=True):
    """A proposal measured against a snapshot: a record that can be decided, applied and undone."""

    id: str  # stable: hash of dataset, check, columns, operation and tier
    check: str
    operation: str
    columns: tuple[str, ...]
    params: dict[str, Any] = {}
    phase: Phase
    cells: int  # exact, when applied alone to the snapshot
    rows: int  # exact: rows with a changed cell, or rows removed
    confidence: float
    prior: float | None = None  # own confidence before people's decisions moved it
    tier: str = ""
    explanation: str = ""
    evidence: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    flags: tuple[str, ...] = ()
    sql: str = ""
    sample: tuple[CellChange, ...] = ()
    dimension: str = ""
    semantic: str = ""  # of the first column
    support: int = 0


class Evidence(Record, frozen=True, kw_only=True):
    """What supports or contradicts a claim."""

    id: str
    kind: Literal["support", "contradict"] = "support"
    text: str = ""  # quote, figure or query
    source: str = ""  # URL, query or check
    domain: str = ""
    tier: str = ""  # trust tier
    date: str = ""
    value: Value = None
    claims: tuple[str, ...] = ()


class Claim(Record, frozen=True, kw_only=True):
    """One statement that an item makes."""

    id: str
    text: str


class Item(Record, frozen=True, kw_only=True):
    """Anything that somebody must decide on."""

    id: str
    run: str
    type: str  # repair, conflict, intel, …
    title: str
    version: int = 1
    content: str = ""  # hash of what a decision covers
    dataset: str = ""
    summary: str = ""
    check: str = ""
    operation: str = ""
    columns: tuple[str, ...] = ()
    dimension: str = ""
    confidence: float = 0.0
    cells: int = 0
    rows: int = 0
    flags: tuple[str, ...] = ()
    scores: dict[str, float] = {}
    claims: tuple[Claim, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    body: dict[str, Any] = {}  # the full record of the item's kind
    decision: str = "open"
    decided_by: str = ""
    reason: str = ""
    applied: str = ""  # change set that carried it out
    stale: bool = False  # listed under a run that saw other content than the newest version holds
    created: datetime | None = None
    updated: datetime | None = None


class Decision(Record, frozen=True, kw_only=True):
    """An entry of the append-only log of decisions."""

    item: str
    version: int
    decision: str
    by: str
    gate: bool  # by a gate, not a person
    reason: str = ""
    note: str = ""
    rating: int | None = None  # 1 to 5
    explanation: tuple[str, ...] = ()  # conditions that passed and failed, in words
    when: datetime


class Run(Record, frozen=True, kw_only=True):
    """One piece of work with a beginning and an end."""

    id: str
    kind: str
    status: str  # running, completed, failed, partial, cancelled
    dataset: str = ""
    version: int | None = None  # of the snapshot it read
    started: datetime
    finished: datetime | None = None
    heartbeat: datetime | None = None
    settings_hash: str = ""
    notes: tuple[str, ...] = ()
    counts: dict[str, int] = {}


class Metric(Record, frozen=True, kw_only=True):
    """One figure measured during a run."""

    name: str
    kind: Literal["counter", "gauge", "timing"]
    value: float  # how often more, the present value, or seconds
    at: datetime


class Summary(Record, frozen=True, kw_only=True):
    """The figures of one name over a run, or since a workspace was opened."""

    kind: Literal["counter", "gauge", "timing"]
    count: int  # entries, also those no longer kept
    mean: float
    min: float
    max: float
    p50: float | None  # of the entries kept; none where none is
    p95: float | None
    p99: float | None
    sum: float
    last: float
    kept: int  # entries that the percentiles rest on


class RunReport(Record, frozen=True, kw_only=True):
    """One run with what it went by and what was measured during it."""

    run: Run
    settings: dict[str, Any]  # without secrets
    metrics: dict[str, Summary]


class Outcome(Record, frozen=True, kw_only=True):
    """What became of one repair in an apply."""

    repair: str
    status: Literal["applied", "superseded", "refused"]
    cells: int = 0  # cells whose final value is this repair's
    rows: int = 0  # rows removed by it
    reason: str = ""


class ChangeSet(Record, frozen=True, kw_only=True):
    """What one apply or undo did to a dataset."""

    id: str
    kind: Literal["apply", "undo"]
    dataset: str
    run: str  # the run that holds the items
    parent: int  # version before
    version: int  # version after
    changes: str  # hash of the changed cells
    removed: str = ""  # hash of the rows taken out, whole
    added: str = ""  # hash of the rows put in, whole
    cells: int
    rows_removed: int
    rows_added: int = 0
    outcomes: tuple[Outcome, ...] = ()
    steps: tuple[dict[str, Any], ...] = ()  # what was carried out, in order of precedence
    base: int | None = None  # version that the steps start from: what their scan saw
    undoes: str | None = None  # change set that it undoes
    undone: str = ""  # what of it: empty for all, else a repair or ROW:COLUMN
    kept: int = 0  # cells and rows that an undo left, as they had changed again since
    created: datetime
    by: str = ""
