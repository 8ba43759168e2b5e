"""Add jobs.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-21 09:10:00
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
OPTIONS = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_nopad_bin", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("actor_id", ID, nullable=True),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("same", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.Column("change_set_id", ID, nullable=True),
        sa.Column("undoes", ID, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("leased_until", MOMENT, nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("stop_requested", sa.Boolean(), nullable=False),
        sa.Column("params", LONG_TEXT, nullable=False),
        sa.Column("cursor", LONG_TEXT, nullable=True),
        sa.ForeignKeyConstraint(["change_set_id"], ["change_sets.id"], name=op.f("fk_jobs_change_set_id")),
        sa.ForeignKeyConstraint(["undoes"], ["change_sets.id"], name=op.f("fk_jobs_undoes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("key", name=op.f("uq_jobs_key")),
        sqlite_autoincrement=True,
        **OPTIONS,
    )
    op.create_index("ix_jobs_state_leased_until", "jobs", ["state", "leased_until"])
    op.create_index("ix_jobs_actor_id_id", "jobs", ["actor_id", "id"])
    op.create_index("ix_jobs_change_set_id", "jobs", ["change_set_id"])
    op.create_index("ix_jobs_undoes", "jobs", ["undoes"])
    op.create_table(
        "job_notes",
        sa.Column("id", ID, nullable=False),
        sa.Column("job_id", ID, nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("row_id", ID, nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("detail", LONG_TEXT, nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_notes_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_notes")),
        sqlite_autoincrement=True,
        **OPTIONS,
    )
    op.create_index("ix_job_notes_job_id_outcome_id", "job_notes", ["job_id", "outcome", "id"])
    op.create_table(
        "workers",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
        **OPTIONS,
    )
    # MariaDB needs an index under the foreign key at every moment, so the new one comes first.
    op.create_index("ix_history_entries_change_set_id_id", "history_entries", ["change_set_id", "id"])
    op.drop_index("ix_history_entries_change_set_id", table_name="history_entries")


def downgrade() -> None:
    op.create_index("ix_history_entries_change_set_id", "history_entries", ["change_set_id"])
    op.drop_index("ix_history_entries_change_set_id_id", table_name="history_entries")
    op.drop_table("workers")
    op.drop_table("job_notes")
    op.drop_table("jobs")
