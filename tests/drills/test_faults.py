"""The fault matrix: a relay that misbehaves in every way we know of, and what becomes of whom.

Through the whole hall, over a real socket: `relay.py` plays the relay. What a relay does wrong as
such charges nobody; what it says of one recipient is about him alone; what was given away and not
answered is in doubt, and nothing else is.
"""

import os
import random
import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from drills.home import Home
from drills.relay import ANSWERS, DROP, HANG, OFFERS, RESET, TAKE, Relay, drip, wait

from publisher.delivery import pacing
from publisher.model import DeliveryState, SendState, SubscriberState
from publisher.store import ledger, sends, subscribers

pytestmark = pytest.mark.drill

EVERYONE = [f"reader{number}@example.com" for number in range(8)]
ODD = "reader3@example.com"
OTHERS = set(EVERYONE) - {ODD}
MODES = ("data", "bdat", "lockstep")
BRIEF = 0.004
"""So patient: 0.24 s for a command, 2.4 s after the content."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rests of seconds and minutes become short ones."""
    monkeypatch.setattr(pacing, "RESTS", (0.0, 0.05, 0.1))


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose send to everyone has begun: what takes long is done once."""
    folder = tmp_path_factory.mktemp("rendered")
    made = Home(folder, f"sqlite:///{folder}/publisher.db")
    made.write()
    made.subscribe(EVERYONE)
    made.schedule()
    made.sender().begin_due()
    made.close()
    return made


@pytest.fixture
def home(rendered: Home, tmp_path: Path) -> Iterator[Home]:
    """A home with a send to everyone, begun."""
    shutil.copyfile(rendered.folder / "publisher.db", tmp_path / "publisher.db")
    made = Home(tmp_path, f"sqlite:///{tmp_path}/publisher.db", now=rendered.now)
    yield made
    made.close()


@pytest.fixture
def begun(home: Home) -> Callable[..., int]:
    """Lead the send to everyone through a relay."""

    def begin(relay: Relay | int, **smtp: object) -> int:
        port = relay if isinstance(relay, int) else relay.port
        home.pace["relay_rests"] = (0.05,)
        home.smtp = {"port": port, "timeout": 0.05, **smtp}
        with home.open().read() as conn:
            (send,) = sends.sends(conn)
        return send.id

    return begin


def once(relay: Relay, *, to: list[str] | None = None) -> bool:
    """Whether each of these was accepted, and once."""
    return relay.copies == dict.fromkeys(EVERYONE if to is None else to, 1)


def states(home: Home) -> set[str]:
    """In which states deliveries are."""
    return set(home.states().values())


def try_for(home: Home, seconds: float = 0.3) -> str:
    """Send until the relay has been out of order for so long; give its trouble."""
    return home.sender().until_idle(timedelta(seconds=seconds))


# --- the relay as such: nobody is charged ---

LONG_LINE = "250 " + "x" * 1_000_000
ENDLESS = b"250-and more\r\n" * 100_000


@pytest.mark.parametrize(
    ("answers", "smtp"),
    [
        pytest.param({"connect": "421 4.3.2 busy"}, {}, id="greeting-421"),
        pytest.param({"connect": "554 5.3.2 not here"}, {}, id="greeting-554"),
        pytest.param({"connect": DROP}, {}, id="greeting-drop"),
        pytest.param({"connect": RESET}, {}, id="greeting-reset"),
        pytest.param({"connect": HANG}, {"timeout": BRIEF}, id="greeting-never"),
        pytest.param({"connect": "hello there"}, {}, id="greeting-nonsense"),
        pytest.param({"connect": b"\xff\xfe\x00\r\n"}, {}, id="greeting-bytes"),
        pytest.param({"connect": "220 " + "x" * 1_000_000}, {}, id="greeting-long"),
        pytest.param({"connect": ENDLESS}, {}, id="greeting-endless"),
        pytest.param({"connect": drip(b"220 relay ready for mail\r\n", 0.1)}, {"timeout": 0.003},
                     id="greeting-drips"),
        pytest.param({"EHLO": "421 4.3.2 later"}, {}, id="ehlo-421"),
        pytest.param({"EHLO": DROP}, {}, id="ehlo-drop"),
        pytest.param({"EHLO": HANG}, {"timeout": BRIEF}, id="ehlo-never"),
        pytest.param({"EHLO": LONG_LINE}, {}, id="ehlo-long"),
        pytest.param({"EHLO": ENDLESS}, {}, id="ehlo-endless"),
        pytest.param({"EHLO": "502 5.5.1 what", "HELO": "502 5.5.1 what"}, {}, id="helo-502"),
        pytest.param({"STARTTLS": "454 4.7.0 not now"}, {"tls": "starttls"}, id="starttls-454"),
        pytest.param({"STARTTLS": ("220 go", DROP)}, {"tls": "starttls"}, id="starttls-drop"),
        pytest.param({"STARTTLS": ("220 go", b"what?\r\n" * 99, DROP)}, {"tls": "starttls"},
                     id="starttls-nonsense"),
        pytest.param({"AUTH": "454 4.7.0 not now"}, {"user": "u", "password": "p"}, id="auth-454"),
        pytest.param({"MAIL": "451 4.3.0 no disk"}, {}, id="mail-451"),
        pytest.param({"MAIL": "421 4.3.2 closing"}, {}, id="mail-421"),
        pytest.param({"MAIL": DROP}, {}, id="mail-drop"),
        pytest.param({"MAIL": RESET}, {}, id="mail-reset"),
        pytest.param({"MAIL": HANG}, {"timeout": BRIEF}, id="mail-never"),
        pytest.param({"MAIL": LONG_LINE}, {}, id="mail-long"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("mode", ["data"])
def test_a_relay_out_of_order_charges_nobody(
    home: Home, serve, begun, answers: dict, smtp: dict, mode: str
) -> None:
    """It rests and says so; nobody is mailed, refused or charged; when it is well all get it once."""
    offers = (*OFFERS, "STARTTLS", "AUTH PLAIN LOGIN")
    relay = serve(offers=offers, **answers)
    number = begun(relay, mode=mode, **smtp)
    assert try_for(home)
    assert relay.total == 0
    assert set(home.states().values()) == {"queued"}
    assert {home.who(one).attempts for one in EVERYONE} == {0}
    send = home.send(number)
    assert send.state is SendState.RUNNING
    assert send.note.startswith("the relay rests")
    relay.answers = {**ANSWERS}
    home.smtp |= {"tls": "none", "user": "", "password": "", "timeout": 0.05}
    home.run()
    assert once(relay)
    assert home.send(number).state is SendState.DONE
    assert home.send(number).note == ""


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"RCPT": "421 4.7.0 closing"}, id="rcpt-421"),
        pytest.param({"RCPT": DROP}, id="rcpt-drop"),
        pytest.param({"RCPT": RESET}, id="rcpt-reset"),
        pytest.param({"RCPT": LONG_LINE}, id="rcpt-long"),
        pytest.param({"RCPT": ENDLESS}, id="rcpt-endless"),
        pytest.param({"DATA": DROP}, id="data-drop"),
        pytest.param({"DATA": RESET}, id="data-reset"),
        pytest.param({"DATA": "421 4.3.2 closing"}, id="data-421"),
        pytest.param({"DATA": "250 whatever"}, id="data-250"),
    ],
)
def test_a_relay_that_leaves_before_the_content_leaves_no_doubt(
    home: Home, serve, begun, answers: dict
) -> None:
    """Nothing was given away: nobody is in doubt or refused, and later all get it, once."""
    relay = serve(**answers)
    begun(relay)
    try_for(home)
    assert relay.total == 0
    assert set(home.states().values()) <= {"queued", "deferred"}
    relay.answers = {**ANSWERS}
    home.now += timedelta(hours=1)
    home.run()
    assert once(relay)
    assert set(home.states().values()) == {"accepted"}


def test_nobody_listens(home: Home, begun, serve) -> None:
    """A refused connection charges nobody; who comes back gets all, once."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    number = begun(port)
    assert "connect" in try_for(home)
    assert set(home.states().values()) == {"queued"}
    relay = serve(port=port)
    home.run()
    assert once(relay)
    assert home.send(number).state is SendState.DONE


@contextmanager
def full() -> Iterator[int]:
    """A port whose queue is full: who connects gets no answer at all."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
            waiting.append(one)
        yield listener.getsockname()[1]
        for one in waiting:
            one.close()


def test_nobody_answers_at_all(home: Home, begun) -> None:
    """A connection that is neither taken nor refused ends in time and charges nobody."""
    with full() as port:
        begun(port, timeout=BRIEF)
        assert "connect" in try_for(home)
    assert set(home.states().values()) == {"queued"}


def test_a_greeting_may_take_its_time(home: Home, serve, begun) -> None:
    """A relay that greets late, but in time, is waited for."""
    relay = serve(connect=(wait(0.5), "220 at last"))
    begun(relay)
    home.run()
    assert once(relay)


# --- a connection now and then: nobody notices ---


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "answers",
    [
        {"connect": ["421 4.3.2 busy", ANSWERS["connect"]]},
        {"connect": [DROP, ANSWERS["connect"]]},
        {"MAIL": [DROP, ANSWERS["MAIL"]]},
        {"MAIL": ["250 2.1.0 ok", "421 4.3.2 enough", ANSWERS["MAIL"]]},
        {"RCPT": [RESET, ANSWERS["RCPT"]]},
        {"RCPT": ["250 2.1.5 ok", "421 4.7.0 closing", ANSWERS["RCPT"]]},
    ],
    ids=["greeting-421", "greeting-drop", "mail-drop", "mail-421", "rcpt-reset", "rcpt-421"],
)
def test_a_lost_connection_is_replaced(home: Home, serve, begun, answers: dict, mode: str) -> None:
    """A connection that ends before the content of a message costs nobody an attempt."""
    relay = serve(**answers)
    begun(relay, mode=mode, connections=2)
    home.run()
    if mode == "bdat":  # who is in doubt may be left for later while the relay rests
        home.now += timedelta(hours=1)
        home.run()
    assert once(relay)
    # a chunked content is given together with its envelope: what followed MAIL is in doubt
    assert {home.who(one).attempts for one in EVERYONE} <= ({1, 2} if mode == "bdat" else {1})


@pytest.mark.parametrize("mode", MODES)
def test_a_relay_that_serves_few_at_once(home: Home, serve, begun, mode: str) -> None:
    """Connections above what the relay bears get 421: the others carry all, and nobody is charged."""
    relay = serve(most=2)
    begun(relay, mode=mode)
    home.run()
    assert once(relay)
    assert {home.who(one).attempts for one in EVERYONE} == {1}


@pytest.mark.parametrize("fault", [{"connect": "421 4.3.2 busy"}, {"MAIL": "451 4.3.0 no disk"},
                                    {"MAIL": "550 5.7.1 who are you"}, {"RCPT": DROP}],
                         ids=["greeting-421", "mail-451", "mail-550", "rcpt-drop"])  # fmt: skip
def test_another_relay_takes_over(home: Home, serve, begun, fault: dict) -> None:
    """What one of two relays does not take goes by the other; nobody is charged."""
    broken, sound = serve(**fault), serve()
    number = begun(broken)
    home.spare = [{"name": "other", "port": sound.port, "timeout": 0.05}]
    home.run()
    assert broken.total == 0
    assert once(sound)
    assert {home.who(one).attempts for one in EVERYONE} == {1}
    assert home.send(number).state is SendState.DONE


def test_slow_connections_hold_up_nobody_else(home: Home, serve, begun) -> None:
    """While one recipient's server dawdles, the others are served on other connections."""
    relay = serve()
    relay.people[ODD] = {"RCPT": (wait(1.0), "250 2.1.5 ok")}
    begun(relay, connections=3)
    home.run()
    assert once(relay)
    arrived = sorted(relay.moments)
    assert arrived[-1] - arrived[-2] > 0.5, "the odd one came last, alone"


# --- one recipient: it is about him alone ---


SAID_OF_ONE = [
    ("RCPT", "450 4.2.0 greylisted", "deferred"),
    ("RCPT", "451 4.7.1 try later", "deferred"),
    ("RCPT", "452 4.5.3 too many recipients", "deferred"),
    ("RCPT", "552 5.2.2 mailbox full", "deferred"),
    ("RCPT", "550 5.1.1 no such user", "refused"),
    ("RCPT", "556 5.1.10 null MX", "refused"),
    ("RCPT", "550-5.1.1 no\n550-5.1.1 such\n550 5.1.1 user", "refused"),
    ("RCPT", "550 5.7.1 not from you", "refused"),
    ("RCPT", "550 \xe4\xf6\xfc \xff", "refused"),
    ("RCPT", "550 Domain frequency limited", "deferred"),
    ("DATA", "451 4.7.1 try later", "deferred"),
    ("dot", "451 4.7.1 try later", "deferred"),
    ("dot", "552 5.3.4 too big", "refused"),
    ("dot", "554 5.7.1 spam", "refused"),
]


@pytest.mark.parametrize(
    ("mode", "step", "answer", "state"),
    # BDAT asks no leave for the content
    [
        (mode, *said)
        for mode in MODES
        for said in SAID_OF_ONE
        if (mode, said[0]) != ("bdat", "DATA")
    ],
)
def test_what_is_said_of_one_is_about_one(
    home: Home, serve, begun, mode: str, step: str, answer: str, state: str
) -> None:
    """The others get it, once; he is deferred and gets it later, or is refused, with the words."""
    relay = serve()
    relay.people[ODD] = {step: [answer, ANSWERS[step]]}
    number = begun(relay, mode=mode, connections=2)
    home.run()
    assert once(relay, to=sorted(OTHERS))
    one = home.who(ODD)
    assert (one.state.value, one.code, one.attempts) == (state, int(answer[:3]), 1)
    assert one.words.isprintable()
    assert relay.faults == []
    home.now += timedelta(hours=1)
    home.run()
    assert home.states()[ODD] == ("accepted" if state == "deferred" else "refused")
    assert once(relay, to=EVERYONE if state == "deferred" else sorted(OTHERS))
    assert home.send(number).state is SendState.DONE


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("step", "answer"), [("DATA", "451 4.3.0 no disk"),
                                              ("dot", "452 4.3.1 no space")])  # fmt: skip
def test_a_relay_without_room_is_tried_again(
    home: Home, serve, begun, mode: str, step: str, answer: str
) -> None:
    """Its own trouble, told at a message, is charged to nobody for ever: all get it, once."""
    relay = serve()
    relay.answers[step] = [answer, ANSWERS[step]]
    begun(relay, mode=mode, connections=2)
    home.run()
    home.now += timedelta(hours=1)
    home.run()
    assert once(relay)


def test_greylisting(home: Home, serve, begun) -> None:
    """All are turned away at first, come again after five minutes or so, and get it once."""
    relay = serve()
    for one in EVERYONE:
        relay.people[one] = {"RCPT": ["451 4.7.1 greylisted", ANSWERS["RCPT"]]}
    begun(relay)
    home.run()
    assert set(home.states().values()) == {"deferred"}
    home.now += timedelta(minutes=4)
    home.run()
    assert relay.total == 0
    home.now += timedelta(minutes=11)
    home.run()
    assert once(relay)


@pytest.mark.parametrize("mode", MODES)
def test_many_refusals_do_not_anger_the_relay(home: Home, serve, begun, mode: str) -> None:
    """A connection is changed before its errors are so many that servers slow down or leave."""
    relay = serve(RCPT="550 5.1.1 no such user")
    relay.people = {ODD: {"RCPT": ANSWERS["RCPT"]}}
    begun(relay, mode=mode, connections=1)
    home.run()
    assert once(relay, to=[ODD])
    assert {home.states()[one] for one in OTHERS} == {"refused"}
    # Postfix slows down from the tenth error on, and leaves at the twentieth; a window cannot be
    # called back
    assert relay.most_errors < (20 if mode == "bdat" else 10)
    assert relay.faults == []


def test_354_for_nobody_gets_a_lone_dot(home: Home, serve, begun) -> None:
    """A relay that asks for the content though it took no recipient gets none: RFC 2920 §3.1."""
    relay = serve(DATA="354 go on then")
    relay.people[ODD] = {"RCPT": "550 5.1.1 no such user"}
    begun(relay, connections=1)
    home.run()
    assert once(relay, to=sorted(OTHERS))
    assert home.states()[ODD] == "refused"
    assert relay.faults == []


@pytest.mark.parametrize("mode", MODES)
def test_who_pipelines_nothing_is_not_pipelined_to(home: Home, serve, begun, mode: str) -> None:
    """Without PIPELINING every command waits for the answer to the one before."""
    relay = serve(offers=("SIZE 1000000", "8BITMIME"))
    begun(relay, mode=mode, connections=2)
    home.run()
    assert once(relay)
    assert relay.faults == []


def test_ehlo_is_not_known(home: Home, serve, begun) -> None:
    """An old relay is greeted with HELO."""
    relay = serve(EHLO="502 5.5.1 what")
    begun(relay)
    home.run()
    assert once(relay)
    assert relay.faults == []


# --- no answer after the content: in doubt ---


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("taken", [True, False], ids=["taken", "not-taken"])
@pytest.mark.parametrize(
    "then",
    [DROP, RESET, "\x00 nonsense", "x" * 1_000_000, HANG],
    ids=["drop", "reset", "nonsense", "long", "never"],
)
def test_no_answer_after_the_content_is_a_doubt(
    home: Home, serve, begun, mode: str, taken: bool, then: object
) -> None:
    """Who may have it is sent it again, the same to the byte; nobody else is harmed."""
    relay = serve()
    said = (TAKE, then) if taken else (then,)
    relay.people[ODD] = {"dot": [said, ANSWERS["dot"]]}
    patience = {"timeout": 0.001} if then == HANG else {}
    begun(relay, mode=mode, connections=2, window=2, **patience)
    home.run()
    home.now += timedelta(hours=1)
    home.run()
    copies = relay.accepted[ODD]
    assert len(copies) == 1 + taken
    assert len({one.whole for one in copies}) == 1
    # with a window others may be on the wire of the same connection
    others = {one: len(relay.accepted[one]) for one in OTHERS}
    assert min(others.values()) == 1
    assert sum(others.values()) <= len(OTHERS) + (1 if mode == "bdat" else 0)
    assert set(home.states().values()) == {"accepted"}
    with home.open().read() as conn:
        history = ledger.attempts(conn, home.who(ODD).id)
    assert [one.state for one in history] == [DeliveryState.IN_DOUBT]


@pytest.mark.parametrize("mode", MODES)
def test_a_doubt_is_held(home: Home, serve, begun, mode: str) -> None:
    """With `hold` nobody is mailed twice; he waits for a person, by name."""
    relay = serve()
    relay.people[ODD] = {"dot": (TAKE, RESET)}
    home.in_doubt = "hold"
    number = begun(relay, mode=mode, connections=1, window=1)
    home.run()
    home.now += timedelta(days=3)
    home.run()
    assert once(relay)
    with home.open().read() as conn:
        doubtful = {one.address for one in ledger.in_doubt(conn, number)}
    assert doubtful == {ODD}


def test_content_cut_short_is_at_most_a_doubt(home: Home, serve, begun) -> None:
    """A reset in the middle of the content is never an acceptance, and all get it in the end."""
    relay = serve()
    relay.people[ODD] = {"content": [RESET, ""]}
    begun(relay)
    home.run()
    home.now += timedelta(hours=1)
    home.run()
    assert once(relay)


def test_a_relay_that_never_answers_stops_the_send(home: Home, serve, begun) -> None:
    """When message after message gets no answer, a person is asked before all get it twice."""
    relay = serve(dot=(TAKE, RESET))
    number = begun(relay, connections=1)
    home.run()
    send = home.send(number)
    assert send.state is SendState.PAUSED
    assert "no answer" in send.note
    assert relay.total < len(EVERYONE)


# --- only a person can mend it: the send is paused ---


@pytest.mark.parametrize(
    ("options", "smtp", "words"),
    [
        pytest.param({"MAIL": "550 5.1.8 bad sender"}, {}, "bad sender", id="mail-550"),
        pytest.param({}, {"tls": "starttls"}, "STARTTLS", id="starttls-missing"),
        pytest.param({}, {"user": "ann", "password": "secret"}, "AUTH", id="auth-missing"),
        pytest.param({"offers": (*OFFERS, "AUTH PLAIN"), "AUTH": "535 5.7.8 wrong"},
                     {"user": "ann", "password": "secret"}, "535", id="auth-535"),
        pytest.param({"RCPT": "554 5.7.1 Relay access denied"}, {}, "denied", id="relay-denied"),
    ],
)  # fmt: skip
def test_what_a_person_must_mend_pauses_the_send(
    home: Home, serve, begun, options: dict, smtp: dict, words: str
) -> None:
    """Nobody is mailed or refused, the note says why; resumed, all get it once."""
    relay = serve(**options)
    number = begun(relay, **smtp)
    home.run()
    send = home.send(number)
    assert send.state is SendState.PAUSED
    assert words in send.note
    assert "secret" not in send.note
    assert set(home.states().values()) == {"queued"}
    assert relay.total == 0
    relay.answers = {**ANSWERS}
    home.smtp |= {"tls": "none", "user": "", "password": ""}
    home.resume(number)
    home.run()
    assert once(relay)


def test_a_false_certificate_pauses_the_send(
    home: Home, serve, begun, server_context: ssl.SSLContext
) -> None:
    """A certificate nobody vouches for ends it before a word about mail."""
    relay = serve(offers=(*OFFERS, "STARTTLS"), context=server_context)
    number = begun(relay, tls="starttls")
    home.run()
    assert home.send(number).state is SendState.PAUSED
    assert "certificate" in home.send(number).note
    assert relay.said("MAIL") == 0


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("mode", MODES)
def test_encrypted_all_get_it(
    home: Home, serve, begun, server_context: ssl.SSLContext, authority, tls: str, mode: str
) -> None:
    """Over TLS, with a login, each mode delivers each message once."""
    offers = (*OFFERS, "STARTTLS", "AUTH PLAIN")
    relay = serve(offers=offers, context=server_context, implicit=tls == "implicit")
    begun(relay, tls=tls, mode=mode, user="u", password="p", ca_file=str(authority / "ca.pem"))
    home.run()
    assert once(relay)
    assert relay.faults == []


# --- people, and the store ---


def test_who_leaves_after_the_audience_was_frozen_is_not_mailed(home: Home, serve, begun) -> None:
    """Consent is asked again in the moment of sending."""
    relay = serve()
    number = begun(relay)
    with home.open().begin() as conn:
        leaves = (SubscriberState.UNSUBSCRIBED, home.now, "by the link")
        subscribers.set_state(conn, home.who(ODD).subscriber, *leaves)
    home.run()
    assert once(relay, to=sorted(OTHERS))
    assert home.states()[ODD] == "skipped"
    assert home.send(number).state is SendState.DONE


def test_a_locked_database_is_waited_for(home: Home, serve, begun) -> None:
    """While another process holds the database nothing leaves; afterwards all get it once."""
    relay = serve()
    begun(relay)
    store = home.open()
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        with store.begin():
            held.set()
            go.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(10)
    threading.Timer(6.0, go.set).start()  # longer than a connection waits for the lock
    home.run()
    holder.join()
    assert once(relay)


def test_every_body_is_the_same(home: Home, serve, begun) -> None:
    """What all readers have in common is one text, whichever connection brought it."""
    relay = serve()
    begun(relay, connections=4)
    home.run()
    assert len({taken.body for copies in relay.accepted.values() for taken in copies}) == 1
    names = [taken.message_id for copies in relay.accepted.values() for taken in copies]
    assert len(set(names)) == len(EVERYONE)


@pytest.mark.parametrize("seed", range(6 if os.environ.get("PUBLISHER_DRILL") == "long" else 2))
def test_all_at_once(home: Home, serve, begun, scaled, seed: int) -> None:
    """A relay that does a little of everything loses nobody, and nobody gets it without a doubt twice."""
    chance = random.Random(seed)
    relay = serve(most=chance.choice([2, 5, 100]))
    ends = {"connect": 0.1, "MAIL": 0.05, "RCPT": 0.1, "DATA": 0.05, "dot": 0.1}
    for step, likely in ends.items():
        faults = [DROP, RESET, "421 4.3.2 closing"]
        answers = [
            chance.choice(faults) if chance.random() < likely else ANSWERS[step] for _ in range(150)
        ]
        relay.answers[step] = [*answers, ANSWERS[step]]
    people = [f"many{number}@example.com" for number in range(scaled(100, 1_000))]
    home.halt(begun(relay, mode=chance.choice(MODES)), SendState.CANCELLED)
    home.subscribe(people)
    number = home.schedule()
    people += EVERYONE
    for _ in range(100):
        home.run()
        send = home.send(number)
        if send.state is SendState.DONE:
            break
        if send.state is SendState.PAUSED:
            home.resume(number)
        home.now += timedelta(minutes=30)
    assert home.send(number).state is SendState.DONE, home.send(number)
    assert set(relay.accepted) == set(people)
    assert home.named(DeliveryState.ACCEPTED) == set(people)
    doubts = 0
    with home.open().read() as conn:
        for one in people:
            history = ledger.attempts(conn, home.who(one).id)
            doubts += sum(was.state is DeliveryState.IN_DOUBT for was in history)
    assert relay.total - len(people) <= doubts
    assert relay.faults == []
