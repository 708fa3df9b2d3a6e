"""Spark as the engine of large tables: the same session as the embedded one, with loaded tables on Spark."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tablemend.engine import duckdb as embedded
from tablemend.engine import folders, interrupts, masters, sql
from tablemend.engine.transpile import SparkFailure
from tablemend.errors import SettingsError, TablemendError
from tablemend.records import Record

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlglot import exp

DRIVER_ROWS = 100_000
"""Results of up to so many rows are kept by the driver: as many as a table of distinct values may have
(`distinct_table`). A query of them alone takes a millisecond there and some hundred on Spark."""

_CLUSTER = {"spark.ui.showConsoleProgress": "false"}

_LOCAL = {
    **_CLUSTER,
    "spark.ui.enabled": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "2g",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
}
"""A local session: no port to the outside, and as few shuffle partitions as a machine of a few cores can use,
which need no planning anew after each stage."""

_SESSION = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "false",
    "spark.sql.variable.substitute": "false",  # a text may hold ${…}
    "spark.sql.execution.arrow.maxRecordsPerBatch": "10000",
}
"""What the SQL here relies on, on every session."""

_HINT = "pip install 'tablemend[spark]', and for a local session a Java runtime, version 17 or newer."
_EMBEDDED_ERROR = re.compile(r"^(?:_?duckdb\.)+\w*(?:Error|Exception): (.*)$", re.MULTILINE)
_serial = count(1)


def connect(url: str) -> Any:
    """The Spark session of a URL (`local[2]`, `spark://…`, `sc://…`), started where it is not yet.

    SettingsError where the URL is none of Spark, PySpark or Java is missing, or nothing answers.
    """
    masters.require(url)
    try:
        import pyspark  # noqa: F401
    except ImportError as problem:
        raise SettingsError("Spark is not installed: there is no pyspark", hint=_HINT) from problem
    if not url.startswith("sc://"):
        _require_java()
    return _connected(url)


def _require_java() -> None:
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    if found is None:
        raise SettingsError(f"Spark needs Java, and there is none in {home or 'the path'}", hint=_HINT)


@cache
def _connected(url: str) -> Any:
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        with _quiet():
            session = _remote(url) if url.startswith("sc://") else _classic(url)
            for name, value in _SESSION.items():
                session.conf.set(name, value)
            session.sql("SELECT 1").collect()
    except Exception as problem:
        if interrupts.broke(problem):
            raise KeyboardInterrupt from problem
        said = str(problem).strip() or type(problem).__name__
        told = masters.redacted(said, url)
        failed = SettingsError(
            f"Spark does not answer at {masters.shown(url)}: {told.splitlines()[0]:.200}",
            hint="Look at the setting spark_url.",
        )
        if told != said:  # a traceback would show the cause
            raise failed from None
        raise failed from problem
    return session


def _remote(url: str) -> Any:
    """A session of a Spark Connect server."""
    from pyspark.sql import SparkSession

    masters.require_listener(url)
    return SparkSession.builder.remote(url).create()


def _classic(url: str) -> Any:
    """A session on a Java process of its own, whose log goes to a file: nothing of it is for the user of this tool."""
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    if SparkContext._active_spark_context is not None:  # the user's own, in a notebook
        return SparkSession.builder.getOrCreate()
    masters.require_listener(url)
    interrupts.hush()
    conf = SparkConf().setAppName("tablemend").setMaster(url)
    for name, value in (_LOCAL if url.startswith("local") else _CLUSTER).items():
        conf.setIfMissing(name, value)
    with tempfile.TemporaryFile() as log:
        try:
            gateway = launch_gateway(conf=conf, popen_kwargs={"stdout": log, "stderr": log})
            context = SparkContext(conf=conf, gateway=gateway)
        except Exception as problem:
            log.seek(0)
            lines = log.read().decode(errors="replace").strip().splitlines()
            raise RuntimeError(lines[-1] if lines else str(problem)) from problem
    return SparkSession(context)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings of PySpark about versions of libraries that are not used here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class _Relation(Record, frozen=True, kw_only=True):
    """A table or view of the session that Spark holds."""

    view: str  # its name on Spark
    frame: Any = None  # kept in Spark's memory where it is a table
    folder: Path | None = None  # of its file


class Session(embedded.Session):
    """A session whose loaded tables, and what is derived from them, are on Spark.

    Small results are kept by the driver, in its embedded engine, and go to Spark when a query joins them with what is
    there. A statement about the driver's relations alone runs in the embedded engine.
    """

    distributed = True

    def __init__(
        self,
        *,
        url: str = "local[*]",
        memory_limit: str = "1GB",
        threads: int | None = None,
        driver_rows: int = DRIVER_ROWS,
    ) -> None:
        from tablemend.engine.transpile import Transpiler

        self.spark = connect(url)
        super().__init__(memory_limit=memory_limit, threads=threads)
        self._near = url.startswith("local")  # reads this machine's files
        if self._near:
            folders.sweep()
        self._driver_rows = driver_rows
        self._transpiler = Transpiler(self._define)
        self._relations: dict[str, _Relation] = {}
        self._texts: set[str] = set()
        self._lent: list[str] = []

    def branch(self) -> Session:
        """A session of its own on the same engines."""
        made = object.__new__(Session)
        made.__dict__.update(self.__dict__)
        made._connection = self._connection.cursor()
        made._relations = {}
        made._texts = set()
        made._lent = []
        return made

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """The errors of statements that cannot be carried out."""
        return (*super().failures, SparkFailure)

    def close(self) -> None:
        """Forget the relations and free what they held."""
        for name in list(self._relations):
            self._forget(name)
        super().close()

    def load(self, relation: str, query: str) -> None:
        """Put what a query of the embedded engine gives on Spark; every column but `_row` is text."""
        name = relation.lower()
        self._forget(name)
        described = self._connection.execute(f"DESCRIBE {query}").fetchall()
        names = [str(row[0]) for row in described]
        renamed = ", ".join(f"{sql.name(each)} AS c{place}" for place, each in enumerate(names))
        plain = f"SELECT {renamed} FROM ({query})"
        folder = folders.make() if self._near else None
        if folder is not None:
            file = folder / "data.parquet"
            self._connection.execute(f"COPY ({plain}) TO {sql.literal(str(file))} (FORMAT parquet)")
            frame = self.spark.read.parquet(str(file))
        else:
            frame = self._uploaded(self._connection.sql(plain).to_arrow_table())
        view = self._stored(frame.toDF(*names))
        self._relations[name] = _Relation(view=view, folder=folder)
        self._texts.update(each.lower() for each in names if each.lower() != "_row")

    def execute(self, statement: str, parameters: list[Any] | None = None) -> None:
        """Run a statement for its effect."""
        from sqlglot import exp

        if not self._relations:
            super().execute(statement, parameters)
            return
        tree = self._parsed(statement)
        if isinstance(tree, exp.Drop):
            self._drop(tree)
        elif isinstance(tree, exp.Create | exp.Insert) and tree.expression is not None:
            try:
                self._make(statement, tree)
            finally:
                self._take_back()
        else:
            self._replaced(tree)
            super().execute(statement, parameters)

    def _drop(self, tree: exp.Expression) -> None:
        from sqlglot import exp

        for table in tree.find_all(exp.Table):
            if table.name.lower() in self._relations:
                self._forget(table.name.lower())
            else:
                super().execute(f"DROP {tree.args['kind']} IF EXISTS {sql.name(table.name)}")

    def _make(self, statement: str, tree: exp.Expression) -> None:
        """Create a table or view from a query, or add the rows of one to a table."""
        from sqlglot import exp

        table = tree.find(exp.Table)
        name, query = table.name, tree.expression
        added = isinstance(tree, exp.Insert)
        if added:
            query = exp.union(
                exp.select("*").from_(exp.to_table(sql.name(name), dialect="duckdb")), query, distinct=False
            )
        if not self._distributed(query):
            self._replaced(tree)
            super().execute(statement)
            return
        view = self._stored(self._frame(query))
        if tree.args.get("kind") == "VIEW":
            self._named(name, _Relation(view=view))
            return
        kept = self._few(view)
        if kept is not None:
            self.spark.catalog.dropTempView(view)
            self._forget(name.lower())
            self._keep(name, kept)
            return
        frame = self.spark.table(view).persist()
        try:
            with self._reported():
                frame.count()
        except SparkFailure:
            frame.unpersist()
            self.spark.catalog.dropTempView(view)
            raise
        self._named(name, _Relation(view=view, frame=frame))

    def _stored(self, frame: Any) -> str:
        """The name of a new view on a frame, which stands when what it reads is dropped."""
        view = f"tm_{os.getpid()}_{next(_serial)}"
        with self._reported():
            frame.createOrReplaceTempView(view)
        return view

    def _few(self, view: str) -> pa.Table | None:
        """The rows of a view where the driver keeps so many."""
        if not self._driver_rows:
            return None
        with self._reported():
            found = _fetched(self.spark.table(view).limit(self._driver_rows + 1))
        return found if found.num_rows <= self._driver_rows else None

    def _keep(self, name: str, table: pa.Table) -> None:
        self._connection.register("_kept", table)
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {sql.name(name)} AS SELECT * FROM _kept")
        self._connection.unregister("_kept")

    def _named(self, name: str, relation: _Relation) -> None:
        """Let a name mean a relation on Spark, and nothing else."""
        self._forget(name.lower())
        self._drop_embedded(name)
        self._relations[name.lower()] = relation

    def _drop_embedded(self, name: str) -> None:
        import duckdb

        for kind in ("TABLE", "VIEW"):
            with suppress(duckdb.CatalogException):
                self._connection.execute(f"DROP {kind} IF EXISTS {sql.name(name)}")

    def _replaced(self, tree: exp.Expression) -> None:
        """A relation that the embedded engine makes anew is no longer on Spark."""
        from sqlglot import exp

        if isinstance(tree, exp.Create):
            self._forget(tree.find(exp.Table).name.lower())

    def _forget(self, name: str) -> None:
        relation = self._relations.pop(name, None)
        if relation is None:
            return
        if relation.frame is not None:
            relation.frame.unpersist()
        self.spark.catalog.dropTempView(relation.view)
        if relation.folder is not None:
            shutil.rmtree(relation.folder, ignore_errors=True)

    def register(self, relation: str, table: pa.Table) -> None:
        """Make an Arrow table readable under a name; it goes to Spark where a query there needs it."""
        self._forget(relation.lower())
        super().register(relation, table)

    def arrow(self, query: str, parameters: list[Any] | None = None) -> pa.Table:
        """Run a query; the whole result as an Arrow table."""
        tree = self._parsed(query) if self._relations else None
        if tree is None or not self._distributed(tree):
            return super().arrow(query, parameters)
        try:
            frame = self._frame(tree)
            with self._reported():
                return _fetched(frame)
        finally:
            self._take_back()

    def rows(self, query: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run a query; the whole result as tuples."""
        from sqlglot import exp

        tree = self._parsed(query) if self._relations else None
        if isinstance(tree, exp.Describe) and self._distributed(tree):
            frame = self._frame(exp.select("*").from_(tree.this))
            return [(name, kind) for name, kind in frame.dtypes]
        if tree is None or not self._distributed(tree):
            return super().rows(query, parameters)
        found = self.arrow(query)
        columns = [column.to_pylist() for column in found.columns]
        return list(zip(*columns, strict=True))

    def _parsed(self, statement: str) -> exp.Expression:
        import sqlglot

        try:
            return sqlglot.parse_one(statement, read="duckdb")
        except sqlglot.errors.SqlglotError as problem:
            raise SparkFailure(str(problem).splitlines()[0]) from problem

    def _tables(self, tree: exp.Expression) -> list[exp.Table]:
        """The relations that a query reads, without what it names itself."""
        from sqlglot import exp

        own = {each.alias.lower() for each in tree.find_all(exp.CTE)}
        return [each for each in tree.find_all(exp.Table) if each.name and each.name.lower() not in own]

    def _distributed(self, tree: exp.Expression) -> bool:
        return any(each.name.lower() in self._relations for each in self._tables(tree))

    def _frame(self, tree: exp.Expression) -> Any:
        """The frame of a query, with every relation that it reads on Spark."""
        from sqlglot import exp

        for table in self._tables(tree):
            relation = self._relations.get(table.name.lower()) or self._sent(table.name)
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
            table.set("this", exp.to_identifier(relation.view))
        text = self._transpiler.query(tree, self._texts)
        with self._reported():
            frame = self.spark.sql(text)
            frame.schema  # noqa: B018  Spark Connect resolves names only now
        return frame

    def _sent(self, name: str) -> _Relation:
        """A relation of the driver, sent to Spark for one statement."""
        table = super().arrow(f"SELECT * FROM {sql.name(name)}")
        with self._reported(), _quiet():
            view = self._stored(self._uploaded(table))
        self._lent.append(view)
        return _Relation(view=view)

    def _uploaded(self, table: pa.Table) -> Any:
        """An Arrow table on Spark; Spark Connect takes the types of an empty one only when they are named."""
        from pyspark.sql.pandas.types import from_arrow_schema

        return self.spark.createDataFrame(table if table.num_rows else [], from_arrow_schema(table.schema))

    def _take_back(self) -> None:
        """Drop what was sent for one statement; Spark Connect looks names up until it is carried out."""
        while self._lent:
            self.spark.catalog.dropTempView(self._lent.pop())

    def _define(self, name: str, text: str, kind: str, spark: str) -> None:
        """Make an embedded expression a function of Spark."""
        from pyspark.sql.functions import arrow_udf

        from tablemend.engine.embedded import Expression

        made = Expression(text, kind)
        plain = lambda *arrays: made.evaluate(*arrays)  # noqa: E731, PLW0108  PySpark refuses the hints of `evaluate`
        with self._reported(), _quiet():
            self.spark.udf.register(name, arrow_udf(plain, spark))

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Spark's errors as SparkFailure."""
        try:
            yield
        except _spark_errors() as problem:
            if interrupts.broke(problem):
                raise KeyboardInterrupt from problem
            raise SparkFailure(_told(problem)) from problem


def _spark_errors() -> tuple[type[Exception], ...]:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    return (PySparkException, Py4JError)


def _told(problem: Exception) -> str:
    """The first line of an error of Spark, or what DuckDB said inside it."""
    inner = _EMBEDDED_ERROR.findall(str(problem))
    return inner[-1] if inner else str(problem).strip().splitlines()[0]


@contextmanager
def failures_told(what: str) -> Iterator[None]:
    """Spark's errors as TablemendError."""
    try:
        with _quiet():
            yield
    except _spark_errors() as problem:
        if interrupts.broke(problem):
            raise KeyboardInterrupt from problem
        raise TablemendError(f"{what}: {_told(problem):.300}", hint="Look at the log of Spark.") from problem


def _fetched(frame: Any) -> pa.Table:
    """The whole result of a frame."""
    with _quiet():
        return frame.toArrow()
