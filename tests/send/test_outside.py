"""The store may fail: it is asked again, and nothing is lost."""

import pytest

from publisher.errors import StoreError


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
