"""Which functions give the same for the same arguments, whatever the moment, the session and the caller."""

from __future__ import annotations

from sqlglot import exp

_VOLATILE = (
    *("Rand", "Randn", "Randstr", "Uuid", "Uniform", "Normal", "Zipf", "Shuffle", "Generator", "NextValueFor"),
    *("Seq1", "Seq2", "Seq4", "Seq8", "SessionUser", "Systimestamp", "Localtime", "Localtimestamp", "ToFile"),
    *("UtcDate", "UtcTime", "UtcTimestamp", "ReadCSV", "ReadParquet", "DynamicIdentifier", "Secret", "Predict"),
    *("AIAgg", "AIClassify", "AIEmbed", "AIForecast", "AIGenerate", "AISimilarity", "AISummarizeAgg", "MLForecast"),
    *("MLTranslate", "GenerateBool", "GenerateDouble", "GenerateEmbedding", "GenerateInt", "GenerateTable"),
    *("GenerateText", "VectorSearch", "FeaturesAtTime", "ObjectId", "Encrypt", "EncryptRaw", "XMLTable"),
)
VOLATILE = tuple(
    each
    for name, each in vars(exp).items()
    if isinstance(each, type) and issubclass(each, exp.Func) and (name in _VOLATILE or name.startswith("Current"))
)
"""Functions that sqlglot knows and that may give something else each time, or read more than tables."""

WITHOUT_ARGUMENTS = (exp.Pi, exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Count)
"""Functions that need no argument to give the same each time; others without one, such as `date()`, tell the moment."""

SAME_EACH_TIME = frozenset(
    (
        *("abs", "acos", "asin", "atan", "ceiling", "exp", "log10", "log2", "mod", "power", "sign", "sqrt", "truncate"),
        *("char_length", "character_length", "octet_length", "btrim", "ltrim", "rtrim", "printf", "format", "instr"),
        *("locate", "lpad", "rpad", "quote", "quote_literal", "quote_ident", "typeof", "iif", "ifnull", "nullif"),
        *("bool_and", "bool_or", "every", "total", "list", "histogram", "jsonb_agg", "json_agg", "json_group_array"),
        *("json_group_object", "json_valid", "json_array_length", "jsonb_array_length", "json_type", "regexp_matches"),
        *("strpos", "position", "to_date", "date_part", "make_date", "width_bucket", "percentile_cont", "epoch"),
    )
)
"""Functions that sqlglot does not know by a class of their own."""
