"""DuckDB's own functions inside Spark's Python workers, for what Spark has no equal spelling of."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


class Expression:
    """An expression of DuckDB over `c0`, `c1` …, carried out on batches of Arrow arrays.

    Picklable; the worker needs this package and DuckDB.
    """

    def __init__(self, text: str, kind: str) -> None:
        self._query = f"SELECT CAST(({text}) AS {kind}) AS v FROM batch"

    def evaluate(self, *arrays: pa.Array) -> pa.Array:
        """The value of each row; DuckDB's own errors."""
        import pyarrow as pa

        connection = _connection()
        connection.register("batch", pa.table({f"c{place}": array for place, array in enumerate(arrays)}))
        try:
            found = connection.sql(self._query).to_arrow_table()["v"]
        finally:
            connection.unregister("batch")
        return pa.concat_arrays(found.chunks) if found.num_chunks else pa.array([], found.type)


@cache
def _connection() -> Any:
    """One in-memory DuckDB a worker; one thread, as Spark runs a worker for each core."""
    import duckdb

    made = duckdb.connect(":memory:", config={"threads": 1})
    made.execute("SET TimeZone = 'UTC'")
    return made
