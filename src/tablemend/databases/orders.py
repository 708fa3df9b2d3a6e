"""How each database compares the values of a key, so that ranges of it neither overlap nor leave gaps."""

from __future__ import annotations

from tablemend.records import Record


class Order(Record, frozen=True, kw_only=True):
    """Templates of one kind of column: {0} is the column, or the parameter, and {type} the type of the catalogue."""

    image: str = "{0}"  # what is compared; one total order over all values that are not NULL
    bound: str = "{0}"  # a parameter as it is compared with the image
    shown: str = "{0}"  # a value as it is read, and handed back as a parameter, without loss
    utf8: bool = False  # texts are ordered by the bytes of their UTF-8


class Orders(Record, frozen=True, kw_only=True):
    """The orders of one kind of database, and how it takes some rows of a table at random."""

    text: Order
    other: Order
    chosen: str  # condition that holds for the share {share} of the rows
    seed: str = ""  # makes the choice the same each time, where the database can


_CAST = Order(bound="CAST({0} AS {type})", shown="CAST({0} AS VARCHAR)")

ORDERS: dict[str, Orders] = {
    "postgresql": Orders(
        text=Order(image='CAST({0} AS text) COLLATE "C"', bound="CAST({0} AS text)", shown="CAST({0} AS text)"),
        other=Order(bound="CAST({0} AS {type})", shown="CAST({0} AS text)"),
        chosen="random() < {share}",
        seed="SELECT setseed(0.5)",
    ),
    "mysql": Orders(
        text=Order(
            image="CAST(CONVERT({0} USING utf8mb4) AS BINARY)",
            bound="CAST(CONVERT({0} USING utf8mb4) AS BINARY)",
            shown="CONVERT({0} USING utf8mb4)",
            utf8=True,
        ),
        other=Order(),
        chosen="rand(5) < {share}",
    ),
    "sqlite": Orders(  # a column may hold values of several types: the order of SQLite ranks the types
        text=Order(image="{0} COLLATE BINARY"),
        other=Order(image="{0} COLLATE BINARY"),
        chosen="(random() & 1048575) < {share} * 1048576",
    ),
    "duckdb": Orders(
        text=Order(
            image="encode(CAST({0} AS VARCHAR))",
            bound="encode(CAST({0} AS VARCHAR))",
            shown="CAST({0} AS VARCHAR)",
            utf8=True,
        ),
        other=_CAST,
        chosen="random() < {share}",
    ),
    "mssql": Orders(
        text=Order(image="{0} COLLATE Latin1_General_100_BIN2"),
        other=Order(bound="CAST({0} AS {type})", shown="CONVERT(nvarchar(100), {0}, 121)"),
        chosen="abs(checksum(newid())) % 1048576 < {share} * 1048576",
    ),
    "snowflake": Orders(
        text=Order(image="collate({0}, 'utf8')", utf8=True),
        other=_CAST,
        chosen="uniform(0::float, 1::float, random(5)) < {share}",
    ),
}
"""Kind of database → its orders. Those of SQL Server and Snowflake have not run on a server."""
