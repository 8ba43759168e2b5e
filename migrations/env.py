"""How Alembic runs our revisions: one transaction each, on every database that can roll DDL back."""

from contextlib import contextmanager

import sqlalchemy as sa
from alembic import context
from alembic.operations import ops
from flask import current_app

from admin_site.core.modes import writing
from admin_site.core.types import JsonText, Key, UtcDateTime

extension = current_app.extensions["migrate"]
db = extension.db

# Made by hand in revision 0002: SQLAlchemy has no words for them that all three databases share.
SEARCH_INDEX = {"vector", "ix_search_documents_vector", "ix_search_documents_words"}


def include_object(obj, name, kind, reflected, compare_to):
    """What a database makes for itself, and its own kind of search index, are no drift."""
    if kind == "table":
        return not (reflected and name.startswith(("sqlite_", "search_index")))
    return name not in SEARCH_INDEX


def render_item(kind, obj, autogen_context):
    """Write our column types as what they are today: a revision must not change when they do."""
    if kind == "type" and isinstance(obj, UtcDateTime | JsonText):
        autogen_context.imports.add("from sqlalchemy.dialects import mysql")
        return "MOMENT" if isinstance(obj, UtcDateTime) else "LONG_TEXT"
    if kind == "type" and isinstance(obj, sa.BigInteger):
        return "ID"
    if kind == "type" and isinstance(obj, sa.Text):
        return "LONG_TEXT"
    if kind == "type" and obj is Key:
        return "KEY"
    return False


def drop_whole_tables(context, revision, directives):
    """A table goes with its indexes; MariaDB keeps those that a foreign key needs from being dropped before."""
    for script in directives:
        operations = script.downgrade_ops.ops
        dropped = {op.table_name for op in operations if isinstance(op, ops.DropTableOp)}
        script.downgrade_ops.ops = [
            op for op in operations if not (isinstance(op, ops.ModifyTableOps) and op.table_name in dropped)
        ]


def keep_numbering(table, connection, **_more):
    """A table that SQLite copies goes on giving no number twice: that it does so is not read off the old one."""
    former = table.name.removeprefix("_alembic_tmp_")
    if connection.dialect.name == "sqlite" and former != table.name:
        made = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
        if "AUTOINCREMENT" in connection.execute(made, {"name": former}).scalar():
            table.dialect_options["sqlite"]["autoincrement"] = True


sa.event.listen(sa.Table, "before_create", keep_numbering)


def given_numbers(raw):
    """The last number that each table of SQLite has given to a row, also to one that is gone."""
    is_there = raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone()
    return dict(raw.execute("SELECT name, seq FROM sqlite_sequence").fetchall()) if is_there else {}


@contextmanager
def unguarded(connection):
    """SQLite changes a table by copying it, and would refuse to drop the old one that others point to."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw = connection.connection.dbapi_connection
    raw.execute("PRAGMA foreign_keys=OFF")  # does nothing once a transaction has begun
    given = given_numbers(raw)
    try:
        yield
        broken = raw.execute("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"rows point to rows that are gone: {broken[:5]}")
        for name, number in given_numbers(raw).items():
            if number < given.get(name, 0):
                raw.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (given[name], name))
    finally:
        raw.execute("PRAGMA foreign_keys=ON")


def run() -> None:
    """Upgrade, downgrade or compare, over the application's own connection settings."""
    with writing(), db.engine.connect() as connection, unguarded(connection):
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            include_object=include_object,
            render_item=render_item,
            process_revision_directives=drop_whole_tables,
            transactional_ddl=connection.dialect.name != "mysql",
            transaction_per_migration=True,
            **extension.configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


def run_offline() -> None:
    """Print the SQL instead (``db upgrade --sql``)."""
    context.configure(
        url=db.engine.url.render_as_string(hide_password=False),
        target_metadata=db.metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
        **extension.configure_args,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run()
