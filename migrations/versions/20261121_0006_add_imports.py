"""Add imports.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-21 09:55:00
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
BLOB = sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")
OPTIONS = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_nopad_bin", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("encoding", sa.String(length=40), nullable=False),
        sa.Column("delimiter", sa.String(length=4), nullable=False),
        sa.Column("sheet", sa.String(length=200), nullable=False),
        sa.Column("sheets", LONG_TEXT, nullable=False),
        sa.Column("columns", LONG_TEXT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_uploads_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sqlite_autoincrement=True,
        **OPTIONS,
    )
    op.create_index("ix_uploads_at", "uploads", ["at"])
    for name, column in (
        ("parts", sa.Column("data", BLOB, nullable=False)),
        ("lots", sa.Column("rows", LONG_TEXT, nullable=False)),
    ):
        op.create_table(
            f"upload_{name}",
            sa.Column("upload_id", ID, autoincrement=False, nullable=False),
            sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
            column,
            sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f(f"fk_upload_{name}_upload_id")),
            sa.PrimaryKeyConstraint("upload_id", "place", name=op.f(f"pk_upload_{name}")),
            **OPTIONS,
        )
    op.create_table(
        "import_mappings",
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("settings", LONG_TEXT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_import_mappings_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_mappings")),
        sa.UniqueConstraint("user_id", "section", "name", name=op.f("uq_import_mappings_user_id_section_name")),
        sqlite_autoincrement=True,
        **OPTIONS,
    )


def downgrade() -> None:
    op.drop_table("import_mappings")
    op.drop_table("upload_lots")
    op.drop_table("upload_parts")
    op.drop_table("uploads")
