"""How long a delivery waits: at least the table's, spread, and not for ever."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from publisher.delivery import GIVE_UP, RESENDS, WAITS, Patience, back_off, resend_after


@given(st.integers(1, 40), st.integers(0, 2**40))
def test_waits_never_shrink_below_the_table(attempts: int, seed: int) -> None:
    """A wait is the table's plus at most a quarter, the same each time it is asked."""
    wait = back_off(attempts, seed)
    if wait is not None:
        least = WAITS[min(attempts, len(WAITS)) - 1]
        assert least <= wait <= least * 1.26
        assert wait == back_off(attempts, seed)


@given(st.integers(0, 2**40))
def test_waiting_ends(seed: int) -> None:
    """All waits together stay within 48 hours, and then it gives up for good."""
    attempts = 1
    total = timedelta(0)
    while (wait := back_off(attempts, seed)) is not None:
        total += wait
        attempts += 1
    assert GIVE_UP - WAITS[-1] * 1.25 <= total <= GIVE_UP
    assert back_off(attempts + 1, seed) is None


def test_waits_are_spread() -> None:
    """Deliveries deferred in one moment do not come back in one moment."""
    assert len({back_off(1, seed) for seed in range(100)}) > 30


def test_doubt_is_repeated_a_few_times_only() -> None:
    """A delivery in doubt is repeated at once, then later, then left to a person."""
    assert [resend_after(attempts) for attempts in range(1, 6)] == [*RESENDS, None, None]


@given(st.integers(0, 2**40), st.integers(1, 90), st.integers(1, 600))
def test_patience_is_the_newsletters(seed: int, minutes: int, hours: int) -> None:
    """A newsletter's own waits and its own end are kept."""
    own = Patience((timedelta(minutes=minutes),), timedelta(hours=hours))
    attempts = 1
    total = timedelta(0)
    while (wait := back_off(attempts, seed, own)) is not None:
        assert timedelta(minutes=minutes) <= wait <= timedelta(minutes=minutes) * 1.26
        total += wait
        attempts += 1
        if attempts > 100:
            return
    assert own.give_up - timedelta(minutes=minutes) * 1.26 <= total <= own.give_up


@given(st.integers(1, 12), st.integers(0, 2**40), st.integers(0, 300))
def test_a_verdict_may_ask_for_a_longer_wait(attempts: int, seed: int, minutes: int) -> None:
    """What the verdict asks for is the least, and never makes a wait shorter."""
    least = timedelta(minutes=minutes)
    wait, plain = back_off(attempts, seed, least=least), back_off(attempts, seed)
    if plain is None:
        assert wait is None
    else:
        assert wait is not None
        assert wait >= max(plain, least)
