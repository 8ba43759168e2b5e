"""Add the indexes of lists.

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-21 07:50:00
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# What every list walks or filters by, as ``doctor`` named it.
INDEXES = {
    "posts": [("published_at",)],
    "categories": [("created_at",), ("updated_at",)],
    "tags": [("created_at",), ("updated_at",)],
    "comments": [("author_name_key",)],
    "questions": [("asked_by_key",)],
    "answers": [("is_accepted", "created_at")],
    "books": [("published_year",)],
    "authors": [("created_at",), ("updated_at",)],
    "students": [("first_name_key",), ("subject_key",)],
    "users": [("is_active", "name_key")],
}


def upgrade() -> None:
    for table, lists in INDEXES.items():
        for columns in lists:
            op.create_index(name_of(table, columns), table, ["live", *columns, "id"])


def downgrade() -> None:
    for table, lists in INDEXES.items():
        for columns in lists:
            op.drop_index(name_of(table, columns), table_name=table)


def name_of(table: str, columns: tuple[str, ...]) -> str:
    return f"ix_{table}_live_{'_'.join(columns)}_id"
