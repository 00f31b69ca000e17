"""The law of one delivery: every step of its table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.delivery import EVENTS, TRANSITIONS, Event, next_state, state_after
from publisher.model import DeliveryState, Outcome

FINAL = {DeliveryState.ACCEPTED, DeliveryState.REFUSED, DeliveryState.SKIPPED}


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
