"""How people come into an audience and leave it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from publisher import signup
from publisher.model import Consent, Newsletter, SubscriberState
from publisher.store import Store, subscribers
from publisher.store.subscribers import Added

NOW = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)
KEY = b"0123456789abcdef0123456789abcdef"
WEEKLY = Newsletter("weekly", "Weekly")
ACTIVE, PENDING, LEFT = (
    SubscriberState.ACTIVE,
    SubscriberState.PENDING,
    SubscriberState.UNSUBSCRIBED,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store.open(f"sqlite:///{tmp_path}/publisher.db") as opened:
        yield opened


def join(store: Store, state: SubscriberState) -> int:
    """Put ann into a state, and give her number."""
    consent = Consent("form", "asked for it", NOW)
    with store.begin() as conn:
        subscribers.add(conn, "weekly", "ann@example.com", consent=consent, state=state, now=NOW)
        return subscribers.find(conn, "weekly", "ann@example.com").id


def state(store: Store) -> SubscriberState:
    """Look at ann."""
    with store.read() as conn:
        return subscribers.find(conn, "weekly", "ann@example.com").state


@pytest.mark.parametrize("before", [ACTIVE, PENDING])
def test_leaving_holds_for_whoever_is_not_gone(store: Store, before: SubscriberState) -> None:
    """Who has not confirmed yet leaves like any other, and no later confirmation by us undoes it."""
    number = join(store, before)
    assert signup.unsubscribe(store, WEEKLY, number, now=NOW, how="one click")
    assert state(store) is LEFT
    assert not signup.unsubscribe(store, WEEKLY, number, now=NOW, how="one click")


def test_taking_it_back(store: Store) -> None:
    """Who left comes back by the own word; who never confirmed does not become active by it."""
    number = join(store, ACTIVE)
    signup.unsubscribe(store, WEEKLY, number, now=NOW, how="page")
    assert signup.restore(store, WEEKLY, number, now=NOW)
    assert state(store) is ACTIVE
    with store.begin() as conn:
        subscribers.set_state(conn, number, PENDING, NOW, "asked again")
    assert not signup.restore(store, WEEKLY, number, now=NOW)
    assert state(store) is PENDING


def test_nobody_leaves_another_newsletter(store: Store) -> None:
    """A number of one newsletter moves nobody in another, and one of nobody moves nobody."""
    number = join(store, ACTIVE)
    assert not signup.unsubscribe(store, Newsletter("daily", "D"), number, now=NOW, how="page")
    assert not signup.unsubscribe(store, WEEKLY, number + 1, now=NOW, how="page")
    assert state(store) is ACTIVE


def test_adding_knows_the_erased(store: Store) -> None:
    """An erased address is not added again."""
    join(store, ACTIVE)
    with store.begin() as conn:
        subscribers.erase(conn, "weekly", "ann@example.com", KEY, NOW)
    consent = Consent("cli", "an editor", NOW)
    added = signup.add(store, WEEKLY, "Ann@example.com", consent=consent, key=KEY, now=NOW)
    assert added is Added.SUPPRESSED
