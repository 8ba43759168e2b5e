"""Make room for usernames of 200 characters, as for every line of text without a length of its own.

Revision ID: 0012
Revises: 0011
Create Date: 2026-11-27 12:20:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("users") as batch:
        batch.alter_column("username", type_=sa.String(200), existing_type=sa.String(80), existing_nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("users") as batch:
        batch.alter_column("username", type_=sa.String(80), existing_type=sa.String(200), existing_nullable=False)
