"""A transaction that may write begins where reading ends: on the same connection, with what stands now."""

import threading
import time

import pytest
from psycopg.pq import TransactionStatus
from sqlalchemy import event
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from admin_site.core import clock, postgresql, registry, transactions
from admin_site.core.database import connection, db
from admin_site.core.errors import Busy
from admin_site.core.modes import is_writing, writing
from admin_site.core.transactions import atomic
from admin_site.records import reads
from admin_site.records.drafts import Submission
from tests.factories import make


def count():
    return connection().execute(sql("SELECT count(*) FROM throttles")).scalar()


def add(subject):
    connection().execute(
        sql("INSERT INTO throttles (subject, minute, count) VALUES (:subject, 1, 1)"), {"subject": subject}
    )


def elsewhere(app, work):
    """Somebody else, to the end."""

    def act():
        with app.app_context():
            work()

    other = threading.Thread(target=act)
    other.start()
    other.join(30)
    assert not other.is_alive()


def add_elsewhere():
    with atomic():
        add("theirs")


def test_who_writes_sees_what_others_wrote_since_it_was_read(app):
    assert count() == 0
    elsewhere(app, add_elsewhere)
    with atomic():
        assert count() == 1
        add("ours")
    assert count() == 2


@pytest.mark.databases("postgresql", "mariadb")
def test_the_connection_is_kept_and_reads_only_again(app):
    count()
    taken = []
    event.listen(db.engine, "checkout", lambda *_of: taken.append(1))
    with atomic():
        add("ours")
    assert taken == []
    with pytest.raises(DBAPIError):
        add("after")
    db.session.rollback()
    assert count() == 1


def test_rows_that_were_loaded_are_loaded_again(app):
    with atomic():
        db.session.add(Submission(key="k", at=clock.now(), row_id=1))
    held = db.session.get(Submission, "k")
    assert (held.row_id, count()) == (1, 0)
    elsewhere(app, change)
    with atomic():
        assert held.row_id == 2


def change():
    with atomic():
        db.session.get(Submission, "k").row_id = 2


@pytest.mark.databases("postgresql", "mariadb")
def test_a_connection_that_was_lost_meanwhile_is_replaced(app):
    is_postgresql = db.engine.dialect.name == "postgresql"
    number = (
        connection().execute(sql("SELECT " + ("pg_backend_pid()" if is_postgresql else "connection_id()"))).scalar()
    )
    end = f"SELECT pg_terminate_backend({number}, 10000)" if is_postgresql else f"KILL {number}"
    with db.engine.connect() as other:
        other.execute(sql(end))
    with atomic():
        add("ours")
    assert count() == 1


@pytest.mark.databases("sqlite")
def test_others_write_until_the_first_statement(app):
    """What is done before it, such as hashing a password, keeps nobody waiting."""
    count()
    with atomic():
        elsewhere(app, add_elsewhere)
        assert count() == 1
        add("ours")
    assert count() == 2


@pytest.mark.databases("sqlite")
def test_who_waits_too_long_can_go_on(app, monkeypatch):
    monkeypatch.setattr(transactions, "WAIT_SECONDS", 0.05)
    with db.engine.connect() as other:
        with writing():
            held = other.begin()
        assert count() == 0
        with pytest.raises(Busy), atomic():
            add("ours")
        held.rollback()
    assert not is_writing()
    assert count() == 0
    with atomic():
        add("ours")
    assert count() == 1


def test_a_row_that_was_looked_at_can_be_changed(app, cast):
    number = make("notes")
    assert reads.find(cast.system, registry.get("notes"), number).id == number
    with atomic():
        connection().execute(sql(f"UPDATE notes SET version = 7 WHERE id = {number:d}"))
    assert reads.find(cast.system, registry.get("notes"), number).version == 7


@pytest.mark.databases("postgresql")
def test_what_is_asked_all_the_time_stays_prepared(app, cast, sign_in):
    make("notes", title="One")
    admin = sign_in(cast.admin)
    for _time in range(8):
        admin.get("/admin/notes/?title=One")
        admin.get("/admin/notes/")
    prepared = connection().execute(sql("SELECT statement FROM pg_prepared_statements")).scalars().all()
    assert any("FROM login_sessions" in said for said in prepared)
    assert any("AS pin_id" in said for said in prepared)
    # What somebody filters by may need another plan the next time.
    assert not any("notes.title = " in said for said in prepared)


@pytest.mark.databases("postgresql")
def test_a_transaction_that_failed_is_rolled_back(app):
    with pytest.raises(DBAPIError):
        connection().execute(sql("SELECT 1 / 0"))
    db.session.rollback()
    with pytest.raises(ZeroDivisionError), atomic():
        add("ours")
        raise ZeroDivisionError
    assert count() == 0


@pytest.mark.databases("postgresql", "mariadb")
def test_a_loss_that_was_noticed_while_reading_is_got_over(app):
    is_postgresql = db.engine.dialect.name == "postgresql"
    number = (
        connection().execute(sql("SELECT " + ("pg_backend_pid()" if is_postgresql else "connection_id()"))).scalar()
    )
    with db.engine.connect() as other:
        other.execute(sql(f"SELECT pg_terminate_backend({number}, 10000)" if is_postgresql else f"KILL {number}"))
    with pytest.raises(DBAPIError):
        count()
    with atomic():
        add("ours")
    assert count() == 1


@pytest.mark.databases("postgresql")
def test_rows_can_be_streamed(app):
    with atomic():
        rows = connection().execute(sql("SELECT generate_series(1, 3)").execution_options(stream_results=True))
        assert rows.scalars().all() == [1, 2, 3]


@pytest.mark.databases("postgresql")
def test_reading_takes_no_round_trips_of_its_own(app):
    """Nor may it write, whoever takes the connection."""
    count()
    raw = connection().connection.dbapi_connection
    assert raw.info.transaction_status == TransactionStatus.IDLE
    assert connection().execute(sql("SHOW default_transaction_read_only")).scalar() == "on"
    with atomic():
        add("ours")
        assert connection().connection.dbapi_connection is raw
        assert raw.info.transaction_status == TransactionStatus.INTRANS
    with pytest.raises(DBAPIError, match="read-only"):
        add("after")
    db.session.rollback()
    with pytest.raises(DBAPIError, match="read-only"), db.engine.connect() as other:
        other.execute(sql("DELETE FROM throttles"))
    assert count() == 1


@pytest.mark.databases("postgresql", "mariadb")
@pytest.mark.parametrize("idle", [0, 60])
def test_a_connection_that_was_lost_in_the_pool_is_replaced(app, monkeypatch, idle):
    is_postgresql = db.engine.dialect.name == "postgresql"
    lost, other = db.engine.connect(), db.engine.connect()
    number = lost.execute(sql("SELECT " + ("pg_backend_pid()" if is_postgresql else "connection_id()"))).scalar()
    lost.close()
    other.execute(sql(f"SELECT pg_terminate_backend({number}, 10000)" if is_postgresql else f"KILL {number}"))
    other.close()
    now = time.monotonic() + idle
    monkeypatch.setattr(postgresql.time, "monotonic", lambda: now)
    with db.engine.connect() as one, db.engine.connect() as two:
        assert [each.execute(sql("SELECT 1")).scalar() for each in (one, two)] == [1, 1]


@pytest.mark.databases("sqlite")
def test_reading_and_writing_keep_to_their_connections(app):
    """To be told what it may do makes a connection prepare all its statements anew."""
    for engine in db.engines.values():
        engine.dispose()  # the pools give out the same ones again
    with atomic():
        add("first")
    assert count() == 1
    db.session.rollback()
    told = []
    for trace in (told.append, None):
        for engine in db.engines.values():
            with engine.connect() as one:
                one.connection.driver_connection.set_trace_callback(trace)
        if trace:
            for subject in ("second", "third"):
                with atomic():
                    add(subject)
                assert count() > 1
            db.session.rollback()
    assert any(statement.startswith("INSERT") for statement in told)
    assert any(statement.startswith("SELECT") for statement in told)
    assert not [statement for statement in told if "query_only" in statement]


@pytest.mark.databases("postgresql")
def test_a_migration_can_do_what_no_transaction_may(app):
    """And leaves a connection on which reading may write nothing."""
    db.engine.dispose()  # the pool gives out the same one again
    with writing(), db.engine.connect() as one:
        one = one.execution_options(isolation_level="AUTOCOMMIT")
        one.execute(sql("CREATE INDEX CONCURRENTLY ix_no_transaction ON tags (id)"))
        one.execute(sql("DROP INDEX ix_no_transaction"))
        number = one.execute(sql("SELECT pg_backend_pid()")).scalar()
    with db.engine.connect() as one:
        assert one.execute(sql("SELECT pg_backend_pid()")).scalar() == number
        with pytest.raises(DBAPIError, match="read-only"):
            one.execute(sql("DELETE FROM throttles"))
    with db.engine.connect() as one, pytest.raises(DBAPIError, match="read-only"):
        one.execution_options(isolation_level="AUTOCOMMIT").execute(sql("DELETE FROM throttles"))
