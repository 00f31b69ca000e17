"""The store may fail: it is asked again, and nothing is lost."""

import psycopg
import pytest

from publisher.errors import StoreError
from publisher.model import SendState
from publisher.send import Pace


def test_a_failing_store_is_asked_again(desk, inbox) -> None:
    """While the store is locked nothing more leaves; when it answers the send goes on."""
    desk.subscribe("ann", "bob")
    desk.schedule()
    failures = iter([True, True, False, True, False, False, True])
    patient = desk.store.begin

    def begin():
        if next(failures, False):
            raise StoreError("locked")
        return patient()

    desk.store.begin = begin
    desk.run()
    del desk.store.begin
    assert inbox.recipients == {"ann@example.com": 1, "bob@example.com": 1}


def test_a_store_that_never_comes_back_leaves_the_map(desk, inbox) -> None:
    """Told to stop while the store fails, the map keeps the outcomes and they are not lost."""
    desk.subscribe("ann", "bob")
    desk.schedule()
    patient = desk.store.begin

    def begin():
        raise StoreError("gone")

    def fail(recipient: str) -> None:
        if recipient == "bob@example.com":
            desk.store.begin = begin
            desk.stop.set()

    inbox.on_mail = fail
    with pytest.raises(StoreError):
        desk.run()
    desk.store.begin = patient
    desk.stop.clear()
    inbox.on_mail = lambda _: None
    assert set(desk.states().values()) == {"sending"}
    desk.run()
    assert inbox.recipients == {"ann@example.com": 1, "bob@example.com": 1}
    assert set(desk.states().values()) == {"accepted"}


@pytest.mark.service
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_database_that_throws_us_out_in_mid_send(desk, inbox, database: str) -> None:
    """Connections cut by the server again and again cost nobody their mail, nor mail twice."""
    names = [f"reader{number}" for number in range(40)]

    def cut(recipient: str) -> None:
        if recipient.startswith("reader1"):
            with psycopg.connect(database, autocommit=True) as conn:
                conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )

    inbox.on_mail = cut
    desk.subscribe(*names)
    number = desk.schedule()
    desk.run(pace=Pace(idle=0.01, group=7, store_rests=(0.05,)))
    assert inbox.recipients == {f"{name}@example.com": 1 for name in names}
    assert desk.send(number).state is SendState.DONE
