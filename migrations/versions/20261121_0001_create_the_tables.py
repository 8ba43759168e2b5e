"""Create the tables.

Revision ID: 0001
Revises:
Create Date: 2026-11-21 03:04:43.652837
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
KEY = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "change_sets",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor_id", ID, nullable=True),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_sets")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("change_sets", schema=None) as batch_op:
        batch_op.create_index("ix_change_sets_actor_id_id", ["actor_id", "id"], unique=False)

    op.create_table(
        "throttles",
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("minute", ID, autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "minute", name=op.f("pk_throttles")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "history_entries",
        sa.Column("id", ID, nullable=False),
        sa.Column("change_set_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor_id", ID, nullable=True),
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("row_id", ID, nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changes", LONG_TEXT, nullable=False),
        sa.ForeignKeyConstraint(["change_set_id"], ["change_sets.id"], name=op.f("fk_history_entries_change_set_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history_entries")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("history_entries", schema=None) as batch_op:
        batch_op.create_index("ix_history_entries_change_set_id", ["change_set_id"], unique=False)
        batch_op.create_index("ix_history_entries_section_row_id_id", ["section", "row_id", "id"], unique=False)

    op.create_table(
        "users",
        sa.Column("id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("live", sa.SmallInteger(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.Column("deleted_in", ID, nullable=True),
        sa.Column("username", sa.String(length=80), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("age", sa.Integer(), nullable=True),
        sa.Column("address", sa.String(length=200), nullable=True),
        sa.Column("city", sa.String(length=200), nullable=True),
        sa.Column("state", sa.String(length=200), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.String(length=100), nullable=True),
        sa.Column("username_key", KEY, nullable=False),
        sa.Column("email_key", KEY, nullable=False),
        sa.Column("name_key", KEY, nullable=False),
        sa.Column("city_key", KEY, nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_users_created_by")),
        sa.ForeignKeyConstraint(["deleted_in"], ["change_sets.id"], name=op.f("fk_users_deleted_in")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email_key", "live", name="uq_users_email_key_live"),
        sa.UniqueConstraint("username_key", "live", name="uq_users_username_key_live"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.create_index("ix_users_live_created_at_id", ["live", "created_at", "id"], unique=False)
        batch_op.create_index("ix_users_live_name_key_id", ["live", "name_key", "id"], unique=False)
        batch_op.create_index("ix_users_live_updated_at_id", ["live", "updated_at", "id"], unique=False)

    op.create_table(
        "authors",
        sa.Column("id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("live", sa.SmallInteger(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.Column("deleted_in", ID, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("biography", LONG_TEXT, nullable=True),
        sa.Column("name_key", KEY, nullable=False),
        sa.Column("biography_key", LONG_TEXT, nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_authors_created_by")),
        sa.ForeignKeyConstraint(["deleted_in"], ["change_sets.id"], name=op.f("fk_authors_deleted_in")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authors")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("authors", schema=None) as batch_op:
        batch_op.create_index("ix_authors_live_name_key_id", ["live", "name_key", "id"], unique=False)

    op.create_table(
        "categories",
        sa.Column("id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("live", sa.SmallInteger(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.Column("deleted_in", ID, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("slug", sa.String(length=160), nullable=False),
        sa.Column("name_key", KEY, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_categories_created_by")),
        sa.ForeignKeyConstraint(["deleted_in"], ["change_sets.id"], name=op.f("fk_categories_deleted_in")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_categories")),
        sa.UniqueConstraint("name_key", "live", name="uq_categories_name_key_live"),
        sa.UniqueConstraint("slug", "live", name="uq_categories_slug_live"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "login_sessions",
        sa.Column("id", ID, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("keep", sa.Boolean(), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_login_sessions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_login_sessions_token_hash")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("login_sessions", schema=None) as batch_op:
        batch_op.create_index("ix_login_sessions_user_id", ["user_id"], unique=False)

    op.create_table(
        "notes",
        sa.Column("id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("live", sa.SmallInteger(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.Column("deleted_in", ID, nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("author_id", ID, nullable=True),
        sa.Column("content", LONG_TEXT, nullable=False),
        sa.Column("title_key", KEY, nullable=False),
        sa.Column("content_key", LONG_TEXT, nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_notes_author_id")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_notes_created_by")),
        sa.ForeignKeyConstraint(["deleted_in"], ["change_sets.id"], name=op.f("fk_notes_deleted_in")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("notes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notes_author_id"), ["author_id"], unique=False)
        batch_op.create_index("ix_notes_live_created_at_id", ["live", "created_at", "id"], unique=False)
        batch_op.create_index("ix_notes_live_title_key_id", ["live", "title_key", "id"], unique=False)
        batch_op.create_index("ix_notes_live_updated_at_id", ["live", "updated_at", "id"], unique=False)

    op.create_table(
        "pins",
        sa.Column("id", ID, nullable=False),
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("row_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("until", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_pins_created_by")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_pins_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pins")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("pins", schema=None) as batch_op:
        batch_op.create_index("ix_pins_section_row_id", ["section", "row_id"], unique=False)
        batch_op.create_index("ix_pins_section_user_id_position", ["section", "user_id", "position"], unique=False)

    op.create_table(
        "questions",
        sa.Column("id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("live", sa.SmallInteger(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.Column("deleted_in", ID, nullable=True),
        sa.Column("asked_by", sa.String(length=100), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("content", LONG_TEXT, nullable=False),
        sa.Column("asked_by_key", KEY, nullable=True),
        sa.Column("content_key", LONG_TEXT, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_questions_created_by")),
        sa.ForeignKeyConstraint(["deleted_in"], ["change_sets.id"], name=op.f("fk_questions_deleted_in")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("questions", schema=None) as batch_op:
        batch_op.create_index("ix_questions_live_created_at_id", ["live", "created_at", "id"], unique=False)
        batch_op.create_index(
            "ix_questions_live_status_updated_at_id", ["live", "status", "updated_at", "id"], unique=False
        )
        batch_op.create_index("ix_questions_live_updated_at_id", ["live", "updated_at", "id"], unique=False)

    op.create_table(
        "roles",
        sa.Column("id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("live", sa.SmallInteger(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.Column("deleted_in", ID, nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("name_key", KEY, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_roles_created_by")),
        sa.ForeignKeyConstraint(["deleted_in"], ["change_sets.id"], name=op.f("fk_roles_deleted_in")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("name_key", "live", name="uq_roles_name_key_live"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "students",
        sa.Column("id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("live", sa.SmallInteger(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.Column("deleted_in", ID, nullable=True),
        sa.Column("first_name", sa.String(length=200), nullable=False),
        sa.Column("last_name", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("first_name_key", KEY, nullable=False),
        sa.Column("last_name_key", KEY, nullable=False),
        sa.Column("subject_key", KEY, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_students_created_by")),
        sa.ForeignKeyConstraint(["deleted_in"], ["change_sets.id"], name=op.f("fk_students_deleted_in")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_students")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("students", schema=None) as batch_op:
        batch_op.create_index("ix_students_live_created_at_id", ["live", "created_at", "id"], unique=False)
        batch_op.create_index("ix_students_live_last_name_key_id", ["live", "last_name_key", "id"], unique=False)
        batch_op.create_index("ix_students_live_updated_at_id", ["live", "updated_at", "id"], unique=False)

    op.create_table(
        "tags",
        sa.Column("id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("live", sa.SmallInteger(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.Column("deleted_in", ID, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("slug", sa.String(length=160), nullable=False),
        sa.Column("name_key", KEY, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_tags_created_by")),
        sa.ForeignKeyConstraint(["deleted_in"], ["change_sets.id"], name=op.f("fk_tags_deleted_in")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("name_key", "live", name="uq_tags_name_key_live"),
        sa.UniqueConstraint("slug", "live", name="uq_tags_slug_live"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "user_settings",
        sa.Column("user_id", ID, autoincrement=False, nullable=False),
        sa.Column("theme", sa.String(length=10), nullable=False),
        sa.Column("density", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_settings_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_settings")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "answers",
        sa.Column("id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("live", sa.SmallInteger(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.Column("deleted_in", ID, nullable=True),
        sa.Column("question_id", ID, nullable=False),
        sa.Column("author_id", ID, nullable=True),
        sa.Column("is_accepted", sa.Boolean(), nullable=False),
        sa.Column("content", LONG_TEXT, nullable=False),
        sa.Column("content_key", LONG_TEXT, nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_answers_author_id")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_answers_created_by")),
        sa.ForeignKeyConstraint(["deleted_in"], ["change_sets.id"], name=op.f("fk_answers_deleted_in")),
        sa.ForeignKeyConstraint(["question_id"], ["questions.id"], name=op.f("fk_answers_question_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_answers_author_id"), ["author_id"], unique=False)
        batch_op.create_index("ix_answers_deleted_in", ["deleted_in"], unique=False)
        batch_op.create_index("ix_answers_live_created_at_id", ["live", "created_at", "id"], unique=False)
        batch_op.create_index("ix_answers_live_updated_at_id", ["live", "updated_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_answers_question_id"), ["question_id"], unique=False)

    op.create_table(
        "books",
        sa.Column("id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("live", sa.SmallInteger(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.Column("deleted_in", ID, nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("author_id", ID, nullable=False),
        sa.Column("isbn", sa.String(length=13), nullable=True),
        sa.Column("published_year", sa.Integer(), nullable=True),
        sa.Column("summary", LONG_TEXT, nullable=True),
        sa.Column("title_key", KEY, nullable=False),
        sa.Column("summary_key", LONG_TEXT, nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["authors.id"], name=op.f("fk_books_author_id")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_books_created_by")),
        sa.ForeignKeyConstraint(["deleted_in"], ["change_sets.id"], name=op.f("fk_books_deleted_in")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_books")),
        sa.UniqueConstraint("isbn", "live", name="uq_books_isbn_live"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("books", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_books_author_id"), ["author_id"], unique=False)
        batch_op.create_index("ix_books_deleted_in", ["deleted_in"], unique=False)
        batch_op.create_index("ix_books_live_created_at_id", ["live", "created_at", "id"], unique=False)
        batch_op.create_index("ix_books_live_title_key_id", ["live", "title_key", "id"], unique=False)
        batch_op.create_index("ix_books_live_updated_at_id", ["live", "updated_at", "id"], unique=False)

    op.create_table(
        "posts",
        sa.Column("id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("live", sa.SmallInteger(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.Column("deleted_in", ID, nullable=True),
        sa.Column("title", sa.String(length=150), nullable=False),
        sa.Column("slug", sa.String(length=160), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("published_at", MOMENT, nullable=True),
        sa.Column("category_id", ID, nullable=True),
        sa.Column("author_id", ID, nullable=True),
        sa.Column("content", LONG_TEXT, nullable=False),
        sa.Column("title_key", KEY, nullable=False),
        sa.Column("content_key", LONG_TEXT, nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_posts_author_id")),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name=op.f("fk_posts_category_id")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_posts_created_by")),
        sa.ForeignKeyConstraint(["deleted_in"], ["change_sets.id"], name=op.f("fk_posts_deleted_in")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posts")),
        sa.UniqueConstraint("slug", "live", name="uq_posts_slug_live"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("posts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_posts_author_id"), ["author_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_posts_category_id"), ["category_id"], unique=False)
        batch_op.create_index("ix_posts_live_created_at_id", ["live", "created_at", "id"], unique=False)
        batch_op.create_index(
            "ix_posts_live_status_updated_at_id", ["live", "status", "updated_at", "id"], unique=False
        )
        batch_op.create_index("ix_posts_live_title_key_id", ["live", "title_key", "id"], unique=False)
        batch_op.create_index("ix_posts_live_updated_at_id", ["live", "updated_at", "id"], unique=False)

    op.create_table(
        "user_roles",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("role_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name=op.f("fk_user_roles_role_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_roles_user_id")),
        sa.PrimaryKeyConstraint("user_id", "role_id", name=op.f("pk_user_roles")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("user_roles", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_roles_role_id"), ["role_id"], unique=False)

    op.create_table(
        "comments",
        sa.Column("id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("live", sa.SmallInteger(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.Column("deleted_in", ID, nullable=True),
        sa.Column("post_id", ID, nullable=False),
        sa.Column("author_name", sa.String(length=100), nullable=False),
        sa.Column("author_email", sa.String(length=254), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("content", LONG_TEXT, nullable=False),
        sa.Column("author_name_key", KEY, nullable=False),
        sa.Column("author_email_key", KEY, nullable=True),
        sa.Column("content_key", LONG_TEXT, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_comments_created_by")),
        sa.ForeignKeyConstraint(["deleted_in"], ["change_sets.id"], name=op.f("fk_comments_deleted_in")),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_comments_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("comments", schema=None) as batch_op:
        batch_op.create_index("ix_comments_deleted_in", ["deleted_in"], unique=False)
        batch_op.create_index("ix_comments_live_created_at_id", ["live", "created_at", "id"], unique=False)
        batch_op.create_index(
            "ix_comments_live_status_updated_at_id", ["live", "status", "updated_at", "id"], unique=False
        )
        batch_op.create_index("ix_comments_live_updated_at_id", ["live", "updated_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_comments_post_id"), ["post_id"], unique=False)

    op.create_table(
        "post_tags",
        sa.Column("post_id", ID, nullable=False),
        sa.Column("tag_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_post_tags_post_id")),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_post_tags_tag_id")),
        sa.PrimaryKeyConstraint("post_id", "tag_id", name=op.f("pk_post_tags")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("post_tags", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_post_tags_tag_id"), ["tag_id"], unique=False)

    now = datetime.now(UTC).replace(tzinfo=None)
    op.bulk_insert(
        sa.table(
            "roles",
            sa.column("name", sa.String),
            sa.column("name_key", sa.String),
            sa.column("version", sa.Integer),
            sa.column("live", sa.SmallInteger),
            sa.column("created_at", MOMENT),
            sa.column("updated_at", MOMENT),
        ),
        [
            {"name": name, "name_key": name, "version": 1, "live": 1, "created_at": now, "updated_at": now}
            for name in ("viewer", "author", "editor", "admin")
        ],
    )


def downgrade() -> None:
    op.drop_table("post_tags")
    op.drop_table("comments")
    op.drop_table("user_roles")
    op.drop_table("posts")
    op.drop_table("books")
    op.drop_table("answers")
    op.drop_table("user_settings")
    op.drop_table("tags")
    op.drop_table("students")
    op.drop_table("roles")
    op.drop_table("questions")
    op.drop_table("pins")
    op.drop_table("notes")
    op.drop_table("login_sessions")
    op.drop_table("categories")
    op.drop_table("authors")
    op.drop_table("users")
    op.drop_table("history_entries")
    op.drop_table("throttles")
    op.drop_table("change_sets")
