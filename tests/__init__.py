"""The suite: every test on SQLite, PostgreSQL and MariaDB, the browser on SQLite."""
