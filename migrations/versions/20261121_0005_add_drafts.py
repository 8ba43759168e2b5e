"""Add drafts.

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-21 09:45:00
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
OPTIONS = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_nopad_bin", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("user_id", ID, autoincrement=False, nullable=False),
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("row_id", ID, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("typed", LONG_TEXT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_drafts_user_id")),
        sa.PrimaryKeyConstraint("user_id", "section", "row_id", name=op.f("pk_drafts")),
        **OPTIONS,
    )
    op.create_index("ix_drafts_at", "drafts", ["at"])
    op.create_table(
        "submissions",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("row_id", ID, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_submissions")),
        **OPTIONS,
    )
    op.create_index("ix_submissions_at", "submissions", ["at"])


def downgrade() -> None:
    op.drop_table("submissions")
    op.drop_table("drafts")
