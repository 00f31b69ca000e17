"""What a relay says one message after another, and when that is for a person."""

from hypothesis import given
from hypothesis import strategies as st

from publisher.delivery import Streaks, judge
from publisher.model import Outcome, Phase, Reply, Verdict

DOUBT = Reply(Phase.DOT)
DISLIKED = Reply(Phase.DOT, 554, "5.7.1", "we do not like it")
NOBODY = Reply(Phase.RCPT, 550, "5.1.1", "who?")
DENIED = Reply(Phase.RCPT, 554, "5.7.1", "Relay access denied")
TROUBLE = Reply(Phase.RCPT, 421, "4.3.2", "not now")


def hear(streaks: Streaks, reply: Reply, times: int, first: int = 1) -> Verdict:
    """Let so many messages have the same answer."""
    verdict = judge(reply)
    for number in range(first, first + times):
        verdict = streaks.heard(number, reply, judge(reply))
    return verdict


def test_what_lasts_pauses_a_relay_that_never_took_anything() -> None:
    """A relay that does not relay for us is for a person at its first answer."""
    streaks = Streaks()
    hear(streaks, DENIED, 1)
    pause = streaks.pause()
    assert pause is not None
    assert pause.words == "the relay does not relay for us: 554 Relay access denied"
    assert pause.where == "the relay, at RCPT"
    assert streaks.pause() is None


def test_one_odd_recipient_does_not_pause() -> None:
    """A relay that has been accepting is for a person when it says so three times in a row."""
    streaks = Streaks()
    streaks.accepted(1)
    hear(streaks, DENIED, 2, first=2)
    assert streaks.pause() is None
    streaks.accepted(4)
    hear(streaks, DENIED, 2, first=5)
    assert streaks.pause() is None
    hear(streaks, DENIED, 1, first=7)
    assert streaks.pause() is not None


def test_other_answers_end_the_row() -> None:
    """A relay that judges a recipient in between is one that works for us."""
    streaks = Streaks()
    streaks.accepted(1)
    hear(streaks, DENIED, 2, first=2)
    hear(streaks, NOBODY, 1, first=4)
    hear(streaks, DENIED, 2, first=5)
    assert streaks.pause() is None


def test_doubts_in_a_row_pause() -> None:
    """Three rounds of all connections without an answer pause; an acceptance between does not."""
    streaks = Streaks()
    hear(streaks, DOUBT, 16)
    assert streaks.pause(16) is None
    streaks.accepted(17)
    hear(streaks, DOUBT, 47, first=20)
    assert streaks.pause(16) is None
    hear(streaks, DOUBT, 1, first=70)
    pause = streaks.pause(16)
    assert pause is not None
    assert pause.words.startswith("48 messages in a row had no answer")


def test_a_refusal_after_the_content_is_an_answer() -> None:
    """What is refused after its content is no doubt, and ends their row."""
    streaks = Streaks()
    hear(streaks, DOUBT, 2)
    hear(streaks, DISLIKED, 1)
    hear(streaks, DOUBT, 2)
    assert streaks.pause() is None


def test_dislike_in_a_row_pauses() -> None:
    """Ten messages in a row refused for what they are pause; ten strangers' addresses do not."""
    streaks = Streaks()
    hear(streaks, NOBODY, 50)
    assert streaks.pause() is None
    hear(streaks, DISLIKED, 9)
    assert streaks.pause() is None
    hear(streaks, DISLIKED, 1, first=10)
    pause = streaks.pause()
    assert pause is not None
    assert "10 messages in a row were refused: 554 we do not like it" in pause.words


def test_a_stubborn_message_is_put_aside() -> None:
    """The relay that always fails on one message defers it, the third time, and no other."""
    streaks = Streaks()
    assert hear(streaks, TROUBLE, 1).outcome is Outcome.RELAY
    assert hear(streaks, TROUBLE, 1).outcome is Outcome.RELAY
    assert hear(streaks, TROUBLE, 1, first=2).outcome is Outcome.RELAY
    put_aside = hear(streaks, TROUBLE, 1)
    assert put_aside.outcome is Outcome.DEFERRED
    assert put_aside.reason == "the relay does not take mail now, 3 times"
    assert hear(streaks, TROUBLE, 1).outcome is Outcome.RELAY


def test_a_message_that_went_well_is_not_blamed() -> None:
    """Faults on a message that was accepted later are forgotten."""
    streaks = Streaks()
    hear(streaks, TROUBLE, 1)
    hear(streaks, TROUBLE, 1)
    streaks.accepted(1)
    assert hear(streaks, TROUBLE, 1).outcome is Outcome.RELAY


ANSWERS = st.sampled_from([DOUBT, DISLIKED, NOBODY, DENIED, TROUBLE])


@given(st.lists(st.tuples(st.integers(1, 5), ANSWERS), max_size=60), st.integers(1, 4))
def test_an_acceptance_ends_every_row(answers: list[tuple[int, Reply]], connections: int) -> None:
    """Whatever was said before: right after an acceptance there is no reason to pause."""
    streaks = Streaks()
    for delivery, reply in answers:
        streaks.heard(delivery, reply, judge(reply))
    streaks.accepted(1)
    assert streaks.pause(connections) is None
