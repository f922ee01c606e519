"""The store of the workbench, read: SQLite or PostgreSQL, at the address of the setting `workbench`.

What is read is named by table and column, so that the lake knows nothing of the module that writes it. A store that was
never made has no rows, and is not made by being read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlalchemy as sa


class StoreUnread(Exception):
    """The store can't be read; the message says why, without its password."""


def rows(address: str, table: str) -> list[dict[str, Any]]:
    """All rows of a table of the store, by its first column; none where there is no store or no such table.

    Raises `StoreUnread` where there is one that can't be read.
    """
    import sqlalchemy as sa

    with _opened(address) as connection:
        if connection is None or not sa.inspect(connection).has_table(table):
            return []
        held = sa.Table(table, sa.MetaData(), autoload_with=connection)
        return [dict(row) for row in connection.execute(sa.select(held).order_by(next(iter(held.c)))).mappings()]


def state(address: str, *columns: str) -> str:
    """A text that changes with the rows: of each `table.column` the number of values and the greatest."""
    import sqlalchemy as sa

    told = []
    with _opened(address) as connection:
        for name in columns:
            table, column = name.split(".")
            if connection is None or not sa.inspect(connection).has_table(table):
                told.append("none")
                continue
            values: list[Any] = [sa.func.count(sa.column(column)), sa.func.max(sa.column(column))]
            row = connection.execute(sa.select(*values).select_from(sa.table(table))).one()
            told.append(" ".join(map(str, row)))
    return "; ".join(told)


@contextmanager
def _opened(address: str) -> Iterator[sa.Connection | None]:
    import sqlalchemy as sa

    url = sa.make_url(address)
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "")
        if not url.database or not file.is_file():
            yield None
            return
        url = sa.URL.create(url.drivername, database=f"file:{file.resolve()}", query={"mode": "ro", "uri": "true"})
    try:
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            yield connection
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        said = sa.make_url(address).render_as_string()
        raise StoreUnread(f"the store {said} (setting `workbench`) can't be read: {type(error).__name__}") from None
