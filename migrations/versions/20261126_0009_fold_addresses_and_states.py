"""Fold the addresses and states of users, so that they are sorted and found without case.

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-26 21:45:00
"""

import hashlib
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KEY = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
LENGTH = 255
LOT = 1_000
USERS = sa.table(
    "users",
    sa.column("id", sa.BigInteger),
    sa.column("address", sa.String),
    sa.column("address_key", KEY),
    sa.column("state", sa.String),
    sa.column("state_key", KEY),
)


def upgrade() -> None:
    op.add_column("users", sa.Column("address_key", KEY, nullable=True))
    op.add_column("users", sa.Column("state_key", KEY, nullable=True))
    connection, last = op.get_bind(), 0
    while True:
        query = sa.select(USERS.c.id, USERS.c.address, USERS.c.state).where(USERS.c.id > last)
        rows = connection.execute(query.order_by(USERS.c.id).limit(LOT)).all()
        if not rows:
            return
        last = rows[-1].id
        statement = (
            sa.update(USERS)
            .where(USERS.c.id == sa.bindparam("number"))
            .values(address_key=sa.bindparam("address_folded"), state_key=sa.bindparam("state_folded"))
        )
        folded = [
            {"number": row.id, "address_folded": _key(row.address), "state_folded": _key(row.state)} for row in rows
        ]
        connection.execute(statement, folded)


def _key(text: str | None) -> str | None:
    """As the program folds text on this day; a revision must not change when that does."""
    if text is None:
        return None
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    if len(folded) <= LENGTH:
        return folded
    digest = hashlib.sha256(folded.encode()).hexdigest()
    return folded[: LENGTH - len(digest)] + digest


def downgrade() -> None:
    with op.batch_alter_table("users") as batch:
        batch.drop_column("state_key")
        batch.drop_column("address_key")
