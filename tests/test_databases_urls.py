"""Addresses of databases."""

from __future__ import annotations

from urllib.parse import quote

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tablemend.databases import urls
from tablemend.errors import SettingsError

PASSWORDS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=["Cc"]), min_size=8)


@pytest.mark.parametrize(
    ("text", "kind", "schema", "table"),
    [
        ("postgresql://ann@host/shop#sales.orders", "postgresql", "sales", "orders"),
        ("postgres://ann@host/shop#orders", "postgresql", None, "orders"),
        ("postgresql+psycopg://ann@host/shop", "postgresql", None, None),
        ("mysql://ann@host/shop#orders", "mysql", None, "orders"),
        ("mariadb://ann@host/shop", "mysql", None, None),
        ("sqlite:///shop.db#orders", "sqlite", None, "orders"),
        ('duckdb:////data/shop.duckdb#"a.b"."c""#d"', "duckdb", "a.b", 'c"#d'),
        ("mssql://ann@host/shop#dbo.orders", "mssql", "dbo", "orders"),
        ("snowflake://ann@account/shop#orders", "snowflake", None, "orders"),
    ],
)
def test_a_url_names_kind_schema_and_table(text: str, kind: str, schema: str | None, table: str | None) -> None:
    url, address = urls.parse(text)
    assert (address.kind, address.schema, address.table) == (kind, schema, table)
    assert url.drivername == urls.DRIVERS[kind]
    assert address.url.startswith(f"{kind}://")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("orders.csv", "is not a URL"),
        ("oracle://ann@host/shop", "no kind of database 'oracle'"),
        ("postgresql+asyncpg://ann@host/shop", "the driver 'asyncpg'"),
        ("postgresql://ann@host:port/shop", "is not understood"),
        ("sqlite:///shop.db#a.b.c", "is not a table"),
    ],
)
def test_a_url_that_is_not_understood_says_what_there_is(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        urls.parse(text)
    assert caught.value.hint


@given(PASSWORDS)
def test_a_password_is_never_shown(password: str) -> None:
    url, address = urls.parse(f"postgresql://ann:{quote(password, safe='')}@host/shop?sslpassword={quote(password)}#t")
    assert url.password == password
    assert address.url == "postgresql://ann:***@host/shop?sslpassword=***"


@given(PASSWORDS)
def test_a_password_that_breaks_the_url_is_not_shown_either(password: str) -> None:
    with pytest.raises(SettingsError) as caught:
        urls.parse(f"postgresql://ann:{password}#{password}@host:{password}/shop")
    assert caught.value.message in (
        "the URL of the database is not understood",
        "what stands after # in the URL is not a table",
    )


def test_the_url_of_an_engine_is_taken_as_it_is() -> None:
    url = sa.URL.create("postgres", "ann", "a#b", "host", database="shop#1")
    assert urls.with_driver(url).password == "a#b"
    assert urls.shown(url) == "postgresql://ann:***@host/shop%231"
