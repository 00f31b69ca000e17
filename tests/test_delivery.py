"""The law of one delivery: every line of its tables, and what holds for all replies."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.delivery import (
    EVENTS,
    GIVE_UP,
    RESENDS,
    TRANSITIONS,
    VERDICTS,
    WAITS,
    Event,
    back_off,
    judge,
    next_state,
    resend_after,
    state_after,
)
from publisher.model import DeliveryState, Outcome, Phase, Reply

FINAL = {DeliveryState.ACCEPTED, DeliveryState.REFUSED, DeliveryState.SKIPPED}
REPLIES = st.builds(
    Reply,
    phase=st.sampled_from(Phase),
    code=st.none() | st.integers(100, 699),
    enhanced=st.none() | st.from_regex(r"[245]\.\d{1,2}\.\d{1,2}", fullmatch=True),
    words=st.text(max_size=60),
)


def test_every_state_is_reachable() -> None:
    """From queued, every state can be reached by the law."""
    reached = {DeliveryState.QUEUED}
    while new := {to for (state, _), to in TRANSITIONS.items() if state in reached} - reached:
        reached |= new
    assert reached == set(DeliveryState)


def test_final_states_are_final() -> None:
    """Nothing leads out of accepted, refused or skipped, and something out of all others."""
    assert {state for state, _ in TRANSITIONS} == set(DeliveryState) - FINAL


@given(st.sampled_from(DeliveryState), st.sampled_from(Event))
def test_a_step_is_lawful_or_a_defect(state: DeliveryState, event: Event) -> None:
    """A step is in the table or raises; nothing is passed over in silence."""
    if (state, event) in TRANSITIONS:
        assert next_state(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(ValueError, match="cannot"):
            next_state(state, event)


def test_every_outcome_leaves_a_state() -> None:
    """Each outcome moves a delivery that is being sent, a relay's fault back to queued."""
    assert set(EVENTS) == set(Outcome)
    assert state_after(Outcome.RELAY) is DeliveryState.QUEUED
    for outcome in set(Outcome) - {Outcome.RELAY}:
        assert state_after(outcome).value == outcome.value


@pytest.mark.parametrize(
    ("reply", "outcome", "reason"),
    [
        (Reply(Phase.DOT, 250, "2.0.0", "queued as 4F1"), "accepted", "accepted"),
        (Reply(Phase.DOT), "in_doubt", "no answer after the content"),
        (Reply(Phase.DATA), "relay", "the connection was lost"),
        (Reply(Phase.CONNECT), "relay", "the connection was lost"),
        (Reply(Phase.CONNECT, 554, None, "no SMTP here"), "relay", "does not take mail from us"),
        (Reply(Phase.HELLO, 550), "relay", "does not take mail from us"),
        (Reply(Phase.TLS, 454), "relay", "does not take mail from us"),
        (Reply(Phase.AUTH, 454), "relay", "does not take mail from us"),
        (Reply(Phase.MAIL, 550, "5.1.8"), "relay", "does not take mail from us"),
        (Reply(Phase.MAIL, 451), "relay", "does not take mail from us"),
        (Reply(Phase.RCPT, 421), "relay", "does not take mail now"),
        (Reply(Phase.DOT, 421, "4.3.2"), "relay", "does not take mail now"),
        (Reply(Phase.RCPT, 530, "5.7.0"), "relay", "asks for a login"),
        (Reply(Phase.RCPT, 503), "relay", "lost the thread"),
        (Reply(Phase.RCPT, 554, "5.7.1", "<a@b>: Relay access denied"), "relay", "not relay"),
        (Reply(Phase.RCPT, 550, None, "relay not permitted"), "relay", "not relay for us"),
        (Reply(Phase.DOT, 454, None, "Throttling failure: Daily message quota exceeded"),
         "relay", "allowance"),
        (Reply(Phase.RCPT, 450, "4.2.0", "Greylisted"), "deferred", "not now"),
        (Reply(Phase.RCPT, 451), "deferred", "not now"),
        (Reply(Phase.RCPT, 452), "deferred", "no more recipients"),
        (Reply(Phase.RCPT, 552, None, "over quota"), "deferred", "mailbox full"),
        (Reply(Phase.RCPT, 550, "5.2.2"), "deferred", "mailbox full"),
        (Reply(Phase.RCPT, 550, None, "Domain frequency limited"), "deferred", "how often"),
        (Reply(Phase.DOT, 550, None, "Sender frequency limited"), "deferred", "how often"),
        (Reply(Phase.RCPT, 550, "5.1.1", "who?"), "refused", "no such mailbox"),
        (Reply(Phase.RCPT, 556, "5.1.10"), "refused", "no such mailbox"),
        (Reply(Phase.RCPT, 550, None, "User unknown in table"), "refused", "no such mailbox"),
        (Reply(Phase.RCPT, 550, None, "No such user here"), "refused", "no such mailbox"),
        (Reply(Phase.RCPT, 550, "5.7.1", "blocked"), "refused", "refused by policy"),
        (Reply(Phase.RCPT, 501, "5.1.3"), "refused", "no such mailbox"),
        (Reply(Phase.RCPT, 501), "refused", "the address was refused"),
        (Reply(Phase.DATA, 451), "deferred", "not now"),
        (Reply(Phase.DATA, 554), "refused", "the message was refused"),
        (Reply(Phase.DOT, 452), "deferred", "not now"),
        (Reply(Phase.DOT, 552, "5.3.4"), "refused", "message too large"),
        (Reply(Phase.DOT, 552), "refused", "message too large"),
        (Reply(Phase.DOT, 550, "5.7.515"), "refused", "refused by policy"),
        (Reply(Phase.DOT, 554), "refused", "the message was refused"),
        (Reply(Phase.DOT, 354), "in_doubt", "means nothing"),
        (Reply(Phase.RCPT, 354), "relay", "means nothing"),
    ],
    ids=str,
)  # fmt: skip
def test_replies_are_judged(reply: Reply, outcome: str, reason: str) -> None:
    """A reply means what the RFCs and the big receivers mean by it."""
    verdict = judge(reply)
    assert verdict.outcome == outcome
    assert reason in verdict.reason


@given(REPLIES)
def test_every_reply_has_a_verdict(reply: Reply) -> None:
    """Whatever a server says is judged, and what is not about the recipient charges nobody."""
    verdict = judge(reply)
    if reply.phase in {Phase.CONNECT, Phase.HELLO, Phase.TLS, Phase.AUTH, Phase.MAIL}:
        assert verdict.outcome is Outcome.RELAY
    if verdict.outcome is Outcome.ACCEPTED:
        assert reply.phase is Phase.DOT
        assert reply.code is not None
        assert 200 <= reply.code <= 299
    if verdict.outcome in {Outcome.DEFERRED, Outcome.REFUSED}:
        assert reply.code is not None
        assert reply.code >= 400


def test_every_line_has_a_source() -> None:
    """Each line of the table names who says so."""
    assert all(line.source and line.reason for line in VERDICTS)


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
