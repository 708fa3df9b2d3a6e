"""Bulk reading and writing over Arrow, for every database."""

from tablemend.databases.bulk.change import delete, update, upsert
from tablemend.databases.bulk.create import create
from tablemend.databases.bulk.insert import insert
from tablemend.databases.bulk.outcome import Outcome
from tablemend.databases.bulk.read import read, read_table, schema_of

__all__ = ["Outcome", "create", "delete", "insert", "read", "read_table", "schema_of", "update", "upsert"]
