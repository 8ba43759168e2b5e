"""Add search and saved views.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-21 06:05:00
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
WORDS = sa.Text().with_variant(mysql.LONGTEXT(charset="ascii", collation="ascii_bin"), "mysql", "mariadb")
WORD = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
OPTIONS = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_nopad_bin", "mysql_engine": "InnoDB"}

# One index of words for each database. The rows of search_documents are the truth; triggers keep SQLite's.
INDEXES = {
    "sqlite": (
        """CREATE VIRTUAL TABLE search_index USING fts5(
            words, content='search_documents', content_rowid='id', detail='none', prefix='1 2 3 4 5 6 7 8 9 10',
            tokenize="ascii tokenchars '_'")""",
        """CREATE TRIGGER search_documents_insert AFTER INSERT ON search_documents BEGIN
            INSERT INTO search_index (rowid, words) VALUES (new.id, new.words); END""",
        """CREATE TRIGGER search_documents_delete AFTER DELETE ON search_documents BEGIN
            INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', old.id, old.words); END""",
        """CREATE TRIGGER search_documents_update AFTER UPDATE ON search_documents BEGIN
            INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', old.id, old.words);
            INSERT INTO search_index (rowid, words) VALUES (new.id, new.words); END""",
    ),
    "postgresql": (
        """ALTER TABLE search_documents ADD COLUMN vector tsvector
            GENERATED ALWAYS AS (array_to_tsvector(string_to_array(btrim(words), ' '))) STORED""",
        "CREATE INDEX ix_search_documents_vector ON search_documents USING gin (vector)",
    ),
    "mysql": ("CREATE FULLTEXT INDEX ix_search_documents_words ON search_documents (words)",),
}


def upgrade() -> None:
    op.create_table(
        "search_documents",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("words", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_documents")),
        **OPTIONS,
    )
    for statement in INDEXES[op.get_bind().dialect.name]:
        op.execute(sa.text(statement.replace(":", r"\:")))
    op.create_table(
        "search_words",
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("word", WORD, nullable=False),
        sa.PrimaryKeyConstraint("section", "word", name=op.f("pk_search_words")),
        **OPTIONS,
    )
    op.create_table(
        "search_rebuilds",
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("row_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("section", name=op.f("pk_search_rebuilds")),
        **OPTIONS,
    )
    op.create_table(
        "saved_views",
        sa.Column("id", ID, nullable=False),
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("shared_with", sa.String(length=80), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("query", LONG_TEXT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_saved_views_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sqlite_autoincrement=True,
        **OPTIONS,
    )
    op.create_index("ix_saved_views_section_user_id", "saved_views", ["section", "user_id"])
    op.create_table(
        "list_settings",
        sa.Column("user_id", ID, autoincrement=False, nullable=False),
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("columns", sa.String(length=1000), nullable=False),
        sa.Column("view_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_list_settings_user_id")),
        sa.ForeignKeyConstraint(["view_id"], ["saved_views.id"], name=op.f("fk_list_settings_view_id")),
        sa.PrimaryKeyConstraint("user_id", "section", name=op.f("pk_list_settings")),
        **OPTIONS,
    )
    with op.batch_alter_table("user_settings") as batch_op:
        batch_op.add_column(sa.Column("shortcuts", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    with op.batch_alter_table("user_settings") as batch_op:
        batch_op.drop_column("shortcuts")
    for name in ("list_settings", "saved_views", "search_rebuilds", "search_words"):
        op.drop_table(name)
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_index")
    op.drop_table("search_documents")
