"""Add the order in which each person has their saved views.

Revision ID: 0013
Revises: 0012
Create Date: 2026-11-27 18:05:00
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")


def upgrade() -> None:
    with op.batch_alter_table("list_settings") as batch:
        batch.add_column(sa.Column("view_order", LONG_TEXT, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("list_settings") as batch:
        batch.drop_column("view_order")
