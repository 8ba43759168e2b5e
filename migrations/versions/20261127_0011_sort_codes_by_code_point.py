"""Sort addresses, states and ISBNs by code point on PostgreSQL, as the other databases do.

Revision ID: 0011
Revises: 0010
Create Date: 2026-11-27 11:40:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

CODES = (
    ("posts", "slug", 160),
    ("categories", "slug", 160),
    ("tags", "slug", 160),
    ("posts", "status", 20),
    ("comments", "status", 20),
    ("questions", "status", 20),
    ("books", "isbn", 13),
)


def upgrade() -> None:
    _collate("C")


def downgrade() -> None:
    _collate("default")


def _collate(collation: str) -> None:
    """The rows stay as they are; the indexes of these columns are made anew."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, name, length in CODES:
        op.alter_column(table, name, type_=sa.String(length, collation=collation))
