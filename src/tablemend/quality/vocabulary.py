"""Every check there is: name, dimension, default severity and one line of help."""

from tablemend.records import Record


class CheckKind(Record, frozen=True, kw_only=True):
    """A name of the closed vocabulary of checks."""

    name: str
    dimension: str
    severity: str
    help: str


_TABLE = (
    ("null", "completeness", "warning", "The cell holds nothing."),
    ("blank", "completeness", "warning", "The cell is empty text or only white space."),
    ("disguised_missing", "completeness", "warning", "A word or number stands for a missing value: N/A, -, ?, 9999."),
    ("required_missing", "completeness", "error", "A required column has no value."),
    ("type_mismatch", "validity", "error", "The value is not of the column's type."),
    ("pattern_deviation", "validity", "warning", "The value is not written in the column's usual pattern."),
    ("unit_spelling", "validity", "warning", "The number or its unit is not written as elsewhere in the column."),
    ("out_of_range", "validity", "error", "The number or date is outside the range it can have."),
    ("impossible_date", "validity", "error", "The date does not exist in the calendar."),
    ("not_allowed", "validity", "error", "The value is not in the allowed set."),
    ("bad_email", "validity", "warning", "The e-mail address is malformed."),
    ("bad_url", "validity", "warning", "The web address is malformed."),
    ("bad_postcode", "validity", "warning", "The postcode is malformed."),
    ("outer_space", "consistency", "warning", "White space stands before or after the value."),
    ("double_space", "consistency", "info", "White space is doubled inside the value."),
    ("case_variant", "consistency", "warning", "The value is usually spelled in another case."),
    ("mojibake", "consistency", "warning", "Text was decoded with the wrong encoding."),
    ("spelling_variant", "consistency", "warning", "The value is another spelling of a more frequent one."),
    ("typo", "consistency", "warning", "The value looks like a misspelling of a more frequent one."),
    ("dependency_violation", "consistency", "warning", "The value differs from its group's majority."),
    ("source_conflict", "consistency", "warning", "Sources disagree on the value of one entity."),
    ("swapped_cells", "consistency", "warning", "Two cells of the row hold each other's values."),
    ("cross_column", "consistency", "error", "The row breaks a rule between its columns."),
    ("missing_parent", "consistency", "error", "The value has no parent in the referenced table."),
    ("broken_constraint", "consistency", "error", "The row breaks a constraint that its database declares."),
    ("sign", "consistency", "warning", "The number has the opposite sign of the column."),
    ("duplicate_row", "uniqueness", "warning", "The row repeats an earlier row exactly."),
    ("duplicate_key", "uniqueness", "error", "The key is used by more than one row."),
    ("sequence_behind", "uniqueness", "error", "The database is yet to give out the number that the row has already."),
    ("near_duplicate", "uniqueness", "info", "The row repeats an earlier row but for case, spacing or punctuation."),
    ("outlier", "plausibility", "warning", "The number is far outside the bulk of the column."),
    ("rare_category", "plausibility", "info", "The category is much rarer than all others."),
    ("stale", "plausibility", "warning", "The newest date is older than allowed."),
    ("drift", "plausibility", "warning", "The table differs markedly from its previous version."),
)

CHECKS: dict[str, CheckKind] = {
    name: CheckKind(name=name, dimension=dimension, severity=severity, help=text)
    for name, dimension, severity, text in _TABLE
}
