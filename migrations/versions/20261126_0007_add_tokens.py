"""Add tokens, and what was answered to calls that may be repeated.

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-26 20:30:00
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
OPTIONS = {
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_nopad_bin",
    "mysql_engine": "InnoDB",
    "sqlite_autoincrement": True,
}


def upgrade() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", ID, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("hint", sa.String(length=20), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("scopes", LONG_TEXT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_tokens_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
        **OPTIONS,
    )
    op.create_index("ix_api_tokens_user_id", "api_tokens", ["user_id"])
    op.create_table(
        "kept_answers",
        sa.Column("key", sa.String(length=280), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("call", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", LONG_TEXT, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_kept_answers")),
        **{name: value for name, value in OPTIONS.items() if name != "sqlite_autoincrement"},
    )
    op.create_index("ix_kept_answers_at", "kept_answers", ["at"])
    op.add_column("jobs", sa.Column("token_id", ID, nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "token_id")
    op.drop_table("kept_answers")
    op.drop_table("api_tokens")
