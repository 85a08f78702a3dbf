"""The SQLite file of what people said: opened the same way for every table in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, Column, Connection, Engine, Table, create_engine, event, inspect
from sqlalchemy.exc import DatabaseError
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from mmemo.errors import StorageError


def open_database(path: Path, *tables: Table) -> Engine:
    """Open the file and make the tables in it that are not there yet; safe for several threads and processes.

    A table that an older version made gets the columns that came since, empty in the rows that it holds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    engine: Engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": 30})
    event.listen(engine, "connect", _use_write_ahead_log)
    with database_errors(f"the label database {path} cannot be opened"), engine.begin() as connection:
        for table in tables:
            # IF NOT EXISTS, because two processes may open a new workspace at the same moment.
            connection.execute(CreateTable(table, if_not_exists=True))
            _add_columns(connection, table)
            for index in table.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))
    return engine


def _add_columns(connection: Connection, table: Table) -> None:
    if not _missing(connection, table):
        return
    # One of several processes upgrades; the others wait for its lock and find nothing left to do.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    name = connection.dialect.identifier_preparer.format_table(table)
    for column in _missing(connection, table):
        assert column.nullable, "rows that are there know nothing of it"
        words = CreateColumn(column).compile(dialect=connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {name} ADD COLUMN {words}")


def _missing(connection: Connection, table: Table) -> list[Column[object]]:
    there = {column["name"] for column in inspect(connection).get_columns(table.name)}
    return [column for column in table.columns if column.name not in there]


@contextmanager
def database_errors(message: str) -> Iterator[None]:
    """Turn what the database says of a damaged, full or locked file into one clear StorageError."""
    try:
        yield
    except DatabaseError as error:
        raise StorageError(message, hint="is the disk full or read-only?") from error


def _use_write_ahead_log(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    # The mode belongs to the file: while another process switches it, the lock is its, and nothing is left to do here.
    with suppress(sqlite3.OperationalError):
        cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
