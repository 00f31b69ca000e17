"""What a send says, rendered once, and what is each reader's own."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header

import dkim as judge
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import update

from publisher import tokens
from publisher.errors import RefusedError
from publisher.model import (
    Edition,
    Finding,
    Issue,
    Kind,
    Level,
    Look,
    Newsletter,
    Parcel,
    Recipient,
    Send,
    SendState,
    Slot,
)
from publisher.render import headers
from publisher.render.message import prepare
from publisher.send.letter import Letter
from publisher.store import issues, schema, sends, subscribers
from publisher.wire.dkim import Signer, signed

KEY = b"0123456789abcdef0123456789abcdef"


def test_message_is_ones_own(desk, inbox, token_in) -> None:
    """Each message carries its reader's address, a stable Message-ID and a genuine way out."""
    desk.subscribe("ann", "bob")
    desk.schedule()
    desk.run()
    for sender, recipient, message in inbox.kept:
        with desk.store.read() as conn:
            reader = subscribers.find(conn, "weekly", recipient)
        assert sender == "weekly@news.example.net"
        assert recipient in message["To"]
        issue_id = "tag:news.example.net,2026-03-06:7"
        assert message["Message-ID"] == tokens.message_id(
            KEY, issue_id, reader.id, "news.example.net"
        )
        token = token_in(message["List-Unsubscribe"])
        assert tokens.is_genuine(KEY, token, "weekly", reader.id, recipient)
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_bounces_come_back_to_the_delivery(desk, inbox) -> None:
    """With a bounce domain the envelope names the delivery."""
    desk.newsletter = replace(desk.newsletter, bounce_domain="bounces.example.net")
    desk.subscribe("ann")
    desk.schedule()
    desk.run()
    ((sender, _, _),) = inbox.kept
    assert tokens.delivery_of(KEY, sender) == desk.who("ann").id


def test_a_bad_address_is_refused_alone(desk, inbox) -> None:
    """An address no mail can go to is refused with words; the others get theirs."""
    desk.subscribe("ann", "bob", "cem")
    with desk.store.begin() as conn:
        conn.execute(
            update(schema.subscriber)
            .where(schema.subscriber.c.address == "bob@example.com")
            .values(address="bob@@example.com")
        )
    desk.schedule()
    desk.run()
    assert set(inbox.recipients) == {"ann@example.com", "cem@example.com"}
    assert desk.states()["bob"] == "refused"


def test_a_broken_template_pauses_one_send_only(desk, inbox) -> None:
    """A template that does not render pauses its send; once mended it goes on, complete."""
    desk.subscribe("ann")
    good = dict(desk.templates)
    desk.templates = dict.fromkeys(good, "{{ nothing.there.at.all }}")
    number = desk.schedule()
    desk.run()
    assert desk.send(number).state is SendState.PAUSED
    assert desk.send(number).note
    desk.templates = good
    with desk.store.begin() as conn:
        sends.set_state(conn, number, SendState.RUNNING, frm={SendState.PAUSED}, now=desk.now)
    desk.run()
    assert inbox.recipients == {"ann@example.com": 1}


def test_a_stop_finding_pauses_the_send(desk, inbox) -> None:
    """What preflight refuses is not sent; all reasons stand in the note."""
    desk.refusals = (
        Finding(Level.STOP, "sender", "No sender.", "Set sender_address."),
        Finding(Level.STOP, "postal", "No postal address."),
        Finding(Level.WARN, "other", "Something else."),
    )
    desk.subscribe("ann")
    number = desk.schedule()
    desk.run()
    assert desk.send(number).note == "No sender. Set sender_address. No postal address."
    assert not inbox.kept


def test_editions_are_rendered_once(desk, inbox) -> None:
    """A template changed in mid-send changes nothing: the editions are kept with the send."""
    inbox.answers["bob@example.com"] = ["rcpt 450 4.2.0 later"]
    desk.subscribe("ann", "bob")
    desk.schedule()
    desk.run()
    desk.templates = {}
    desk.later(minutes=10)
    desk.run()
    bodies = {
        part.get_payload(decode=True)
        for _, _, message in inbox.kept
        for part in message.walk()
        if part.get_content_type() == "text/plain"
    }
    assert len(inbox.kept) == 2
    assert all(b"Body" in body for body in bodies)


def said(inbox) -> dict[str, tuple[str, str]]:
    """Subject, and the footer's first line of the text half, by recipient."""
    found = {}
    for _, recipient, message in inbox.kept:
        subject = str(make_header(decode_header(message["Subject"])))
        text = next(part for part in message.walk() if part.get_content_type() == "text/plain")
        body = text.get_payload(decode=True).decode().replace("\r\n", "\n")
        found[recipient.partition("@")[0]] = (subject, body.partition("\n-- \n")[2].split("\n")[0])
    return found


def untitle(desk) -> None:
    """Take the issue's title away, so that its subject is ours."""
    with desk.store.begin() as conn:
        record, content = issues.get(conn, "weekly", "7")
        issues.save(conn, record, replace(content, title=None))


@pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgres", marks=pytest.mark.service)], indirect=True
)
def test_each_reader_is_spoken_to_in_their_language(desk, inbox) -> None:
    """Our sentences and the date in the subject are in the reader's language, where we speak it."""
    untitle(desk)
    desk.subscribe("ann", "new")
    desk.subscribe("wei", language="zh-CN")
    desk.subscribe("mei", language="zh_TW")
    desk.subscribe("eve", language="en-US")
    desk.subscribe("tlh", language="tlh")
    number = desk.schedule()
    desk.run()
    told = said(inbox)
    english = ("Weekly · 6 March 2026", "You receive this because you subscribed to Weekly.")
    chinese = ("Weekly · 2026年3月6日", "您收到这封邮件，是因为您订阅了《Weekly》。")
    taiwanese = ("Weekly · 2026年3月6日", "您收到這封電子郵件，是因為您訂閱了《Weekly》。")
    assert told == {
        "ann": english, "new": english, "wei": chinese, "mei": taiwanese, "eve": english,
        "tlh": english,
    }  # fmt: skip
    with desk.store.read() as conn:
        assert set(sends.editions(conn, number)) == {"en/digest/", "zh/digest/", "zh-Hant/digest/"}


def test_a_test_speaks_the_subscribers_language(desk, inbox) -> None:
    """A test to a subscriber's address is what they would get; to any other the newsletter's."""
    desk.subscribe("wei", language="zh-CN")
    desk.schedule(Kind.TEST, addresses=["wei@example.com", "me@example.com"])
    desk.run()
    assert {name: footer[0] for name, (_, footer) in said(inbox).items()} == {
        "wei": "您",
        "me": "Y",
    }


def test_a_letter_greets_each_reader_by_name(desk, inbox) -> None:
    """In the look `letter` a reader is greeted by name, in their language, also when sent again."""
    desk.newsletter = replace(desk.newsletter, look=Look(name="letter"))
    inbox.answers["bob@example.com"] = ["rcpt 450 4.2.0 later"]
    desk.subscribe("ann", "bob")
    desk.subscribe("wei", language="zh")
    desk.schedule()
    desk.run()
    desk.templates = {}
    desk.later(minutes=10)
    desk.run()
    told = {
        recipient.partition("@")[0]: message.get_payload(1).get_payload(decode=True).decode()
        for _, recipient, message in inbox.kept
    }
    assert "Hello ann," in told["ann"]
    assert "Hello bob," in told["bob"]
    assert "wei，您好：" in told["wei"]
    plain = {
        recipient.partition("@")[0]: message.get_payload(0).get_payload(decode=True).decode()
        for _, recipient, message in inbox.kept
    }
    assert "\r\n\r\nHello ann,\r\n\r\n" in plain["ann"]
    assert "\r\n\r\nwei，您好：\r\n\r\n" in plain["wei"]


def test_languages_outlive_a_pause(desk, inbox) -> None:
    """A send that could not begin speaks every reader's language once it goes on."""
    desk.subscribe("ann")
    desk.subscribe("wei", language="zh")
    broken = {**desk.templates, "words/zh.po": "broken"}
    desk.templates, good = broken, desk.templates
    number = desk.schedule()
    desk.run()
    assert desk.send(number).state is SendState.PAUSED
    assert "words/zh.po:1" in desk.send(number).note
    desk.templates = good
    with desk.store.begin() as conn:
        sends.set_state(conn, number, SendState.RUNNING, frm={SendState.PAUSED}, now=desk.now)
    desk.run()
    assert {name: footer[0] for name, (_, footer) in said(inbox).items()} == {
        "wei": "您",
        "ann": "Y",
    }


def test_a_newsletter_that_is_gone_pauses_its_send(desk, inbox) -> None:
    """A send of a newsletter the settings no longer describe waits for a person."""
    desk.subscribe("ann")
    number = desk.schedule()
    desk.run(newsletters={})
    assert desk.send(number).state is SendState.PAUSED
    assert "publisher.toml" in desk.send(number).note


def test_tests_are_new_messages_each_time(desk, inbox) -> None:
    """A test is marked, has a Message-ID of its own and never counts."""
    desk.subscribe("ann")
    for _ in range(2):
        desk.schedule(Kind.TEST, addresses=["ann@example.com"])
    desk.run()
    desk.schedule()
    desk.run()
    messages = [message for _, _, message in inbox.kept]
    assert len({message["Message-ID"] for message in messages}) == 3
    assert ["Test" in message["Subject"] for message in messages] == [True, True, False]
    assert messages[0]["List-Unsubscribe"] is None


def test_an_empty_issue_is_not_sent(desk, inbox) -> None:
    """What preflight stops in the issue itself pauses the send as well."""
    with desk.store.begin() as conn:
        record, _ = issues.get(conn, "weekly", "7")
        issues.save(conn, replace(record, items=()), Issue())
    desk.subscribe("ann")
    number = desk.schedule()
    desk.run()
    assert desk.send(number).state is SendState.PAUSED
    assert "neither items nor text" in desk.send(number).note
    assert not inbox.kept


def test_an_issue_without_its_text_is_not_sent(desk, inbox) -> None:
    """An issue only the register knows waits for its digest."""
    with desk.store.begin() as conn:
        record, _ = issues.get(conn, "weekly", "7")
        issues.save(conn, replace(record, slug="8", id=record.id + "8"), None)
    desk.subscribe("ann")
    with desk.store.begin() as conn:
        number = sends.create_send(conn, "weekly", "8", Kind.ISSUE, at=desk.now, now=desk.now)
    desk.run()
    assert desk.send(number).state is SendState.PAUSED
    assert "digest" in desk.send(number).note


# --- what is wrong with all of them ---


def paused_and_resumed(desk, mend) -> int:
    """Begin a send that pauses, mend what is wrong, resume it, and send."""
    desk.subscribe("ann", "bob")
    number = desk.schedule()
    desk.run()
    assert desk.send(number).state is SendState.PAUSED
    assert set(desk.states().values()) == {"queued"}
    mend()
    with desk.store.begin() as conn:
        sends.set_state(conn, number, SendState.RUNNING, frm={SendState.PAUSED}, now=desk.now)
    desk.run()
    return number


def test_a_language_changed_while_paused_refuses_nobody(desk, inbox) -> None:
    """Who was frozen under the settings of before gets the edition made under those of today."""
    desk.refusals = (Finding(Level.STOP, "preflight/sender", "no sender", "name one"),)

    def mend() -> None:
        desk.refusals = ()
        desk.newsletter = replace(desk.newsletter, language="zh-CN")

    paused_and_resumed(desk, mend)
    assert desk.states() == {"ann": "accepted", "bob": "accepted"}


def test_a_sender_nobody_can_have_refuses_nobody(desk, inbox) -> None:
    """What would fail on every recipient pauses the send before the first."""
    right = desk.newsletter
    desk.newsletter = replace(right, sender_address="weekly@bad_domain!")

    def mend() -> None:
        desk.newsletter = right

    paused_and_resumed(desk, mend)
    assert desk.states() == {"ann": "accepted", "bob": "accepted"}


def test_a_defect_in_one_send_holds_up_no_other(desk, inbox) -> None:
    """An issue that cannot even be read pauses its send, and the sender goes on."""
    with desk.store.begin() as conn:
        record, content = issues.get(conn, "weekly", "7")
        issues.save(conn, replace(record, slug="8", id="tag:news.example.net,2026:8"), content)
        conn.execute(update(schema.issue).where(schema.issue.c.slug == "7").values(content="{"))
    desk.subscribe("ann", "bob")
    number = desk.schedule()
    with desk.store.begin() as conn:
        other = sends.create_send(conn, "weekly", "8", Kind.ISSUE, at=desk.now, now=desk.now)
    desk.run()
    assert desk.send(number).state is SendState.PAUSED
    assert "JSONDecodeError" in desk.send(number).note
    assert desk.send(other).state is SendState.DONE


def test_what_is_withdrawn_is_not_sent(desk, inbox) -> None:
    """A send of an issue withdrawn since pauses, should nobody have cancelled it."""
    number = desk.schedule()
    with desk.store.begin() as conn:
        record, content = issues.get(conn, "weekly", "7")
        issues.save(conn, replace(record, withdrawn=desk.now), content)
    desk.subscribe("ann")
    desk.run()
    assert desk.send(number).state is SendState.PAUSED
    assert "withdrawn" in desk.send(number).note
    assert not inbox.recipients


# --- one message ---

NOW = datetime(2026, 3, 6, 9, tzinfo=UTC)
ISSUE = "tag:news.example.net,2026-03-06:7"
OURS = Newsletter(
    slug="weekly",
    title="风与茶 & co.",
    site_url="https://news.example.net/",
    app_url=f"https://app.example.net/{'long-' * 12}path/",
    sender_address="weekly@news.example.net",
)
SIGNERS = (
    Signer("news.example.net", "one", generate_private_key(65537, 2048)),
    Signer("news.example.net", "two", Ed25519PrivateKey.generate()),
)
ANN = Recipient(4, 7, "ann@example.com", "", "")


def written(
    long: str = "风筝" * 99,
    signers: tuple[Signer, ...] = (),
    newsletter: Newsletter = OURS,
    kind: Kind = Kind.ISSUE,
) -> Letter:
    """A letter in base64 or, with a long English text, in quoted-printable."""
    body = f"{Slot.GREETING}{long}  two\tx\n{Slot.UNSUBSCRIBE}{Slot.UNSUBSCRIBE}\n"
    prepared = prepare(
        Edition("mail", "text/html", body, "风、茶与绳子" * 9, greeting="Hi <{name}>,"),
        Edition("text", "text/plain", body),
        newsletter,
        kind=kind,
        issue_id=ISSUE,
        slug="7",
        date=NOW,
    )
    of = Send(1, "weekly", "7", kind, SendState.RUNNING, at=NOW, created=NOW, started=NOW)
    return Letter(of, newsletter, ISSUE, {"": prepared}, KEY, signers)


@pytest.mark.parametrize(
    "name", ["", "Ann", "李雷", 'A. "B" C', "=?utf-8?q?x?=\r\nBcc: e@e", "é" * 99]
)
@pytest.mark.parametrize("long", ["风筝" * 99, "a kite is held " * 99])
def test_a_signed_letter_is_good(name: str, long: str) -> None:
    """Both signatures are good, and what would be made of the whole message by itself."""
    plain, letters = written(long), written(long, SIGNERS)
    records = {f"{one.host}.".encode(): one.record.encode() for one in SIGNERS}
    for number, subscriber in ((1, 7), (2, 2**62), (3, None)):
        one = Recipient(number, subscriber, f"ann{number}@example.com", name, "")
        unsigned = b"".join(alone(plain, one).content)
        sent = b"".join(alone(letters, one).content)
        assert sent == signed(unsigned, SIGNERS, NOW)
        assert sent == b"".join(alone(letters, one).content)
        for which in (0, 1):
            assert judge.DKIM(sent).verify(
                idx=which, dnsfunc=lambda host, timeout=5: records.get(host)
            )


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("long", ["风筝" * 99, "a kite is held " * 99])
@pytest.mark.parametrize("subscriber", [7, 2**62, None])
def test_a_letter_says_what_its_message_does(kind: Kind, long: str, subscriber: int | None) -> None:
    """Written for one of many, it reads as the message filled for this one alone."""
    letters = written(long, kind=kind)
    link = number = None
    if subscriber is not None:
        token = tokens.unsubscribe_token(KEY, "weekly", subscriber, "Ann@example.com")
        link = f"{OURS.app_url}unsubscribe/{token}"
    name = f"{ISSUE}#{kind}"
    if kind is Kind.ISSUE and subscriber is not None:
        name, number = ISSUE, subscriber
    parcel = alone(letters, Recipient(4, subscriber, "Ann@example.com", "Ann B", ""))
    theirs = message_from_bytes(b"".join(parcel.content))
    filled = message_from_bytes(
        letters.prepared[""].fill(
            address="Ann@example.com",
            name="Ann B",
            message_id=tokens.message_id(KEY, name, number or 4, "news.example.net"),
            unsubscribe=link,
        )
    )
    assert parcel.envelope == ("weekly@news.example.net", "Ann@example.com")
    assert theirs.items() == filled.items()
    for mine, other in zip(theirs.walk(), filled.walk(), strict=True):
        assert mine.get_payload(decode=True) == other.get_payload(decode=True)


NEARLY = st.text(st.sampled_from("aZ09.-+_@m\n é!"), max_size=75)


@given(NEARLY | st.tuples(NEARLY, NEARLY).map("@".join) | st.from_regex(headers._USUAL))
@example("a" * 58 + "@b.com")
@example("a" * 59 + "@b.com")
@example("a@b.com\n")
@example("a@b.c")
@example("a@b..com")
@example("a@b-.com")
@example("A.b+c@D.com")
def test_a_usual_address_needs_no_closer_look(address: str) -> None:
    """What is let through at a glance is what a closer look lets through, and as it stands."""
    if headers.is_usual(address):
        assert subscribers.valid(address) is None
        assert headers.valid_address(address) == address


@pytest.mark.parametrize("address", ["ann@example.com", "A.b-c+d_e@mail-1.example.co.uk", "1@2.aa"])
def test_nearly_all_addresses_are_usual(address: str) -> None:
    """The glance is not in vain."""
    assert headers.is_usual(address)


def test_an_unusual_address_is_looked_at_closely() -> None:
    """What not all mail servers would take is refused; what is only rare is written as DNS has it."""
    letters = written()
    for address in ("ann", "ann@@example.com", "ann@localhost.1", "ann@example.com\r\nBcc: b@c.de"):
        with pytest.raises(RefusedError):
            alone(letters, ANN._replace(address=address))
    parcel = alone(letters, ANN._replace(address="ann@Straße.example"))
    assert parcel.content[0].startswith(b"To: ann@xn--strae-oqa.example\r\n")
    assert parcel.envelope.recipient == "ann@Straße.example"


def test_nobody_is_offered_what_is_not_there() -> None:
    """Without an address of ours, and to who is no subscriber, there is no List-Unsubscribe."""
    homeless = replace(OURS, app_url=None, site_url=None)
    for letters, one in (
        (written(newsletter=homeless), ANN),
        (written(), ANN._replace(subscriber=None)),
    ):
        assert b"List-Unsubscribe" not in alone(letters, one).content[0]
    assert b"List-Unsubscribe-Post" in alone(written(), ANN).content[0]


def test_the_secret_is_not_shown() -> None:
    """What is printed of a letter tells nothing of the key."""
    assert "0123" not in repr(written())


def test_many_threads_write_the_same() -> None:
    """Letters written by several threads at once are those one would write."""
    letters = written(signers=SIGNERS[1:])
    some = [ANN._replace(id=n, subscriber=n, address=f"r{n}@example.com") for n in range(1, 200)]
    one_by_one = [seen(alone(letters, one)) for one in some]
    fresh = written(signers=SIGNERS[1:])
    with ThreadPoolExecutor(8) as pool:
        groups = [some[start : start + 3] for start in range(0, len(some), 3)]
        together = [seen(one) for group in pool.map(fresh.write, groups, groups) for one in group]
    assert together == one_by_one


def test_whoever_is_written_together_gets_his_own() -> None:
    """Readers of two languages, with and without a number, each get what they would get alone."""
    letters = written()
    letters = Letter(
        letters.send, OURS, ISSUE, {"": letters.prepared[""], "zh": letters.prepared[""]}, KEY
    )
    some = [
        ANN._replace(id=n, subscriber=n if n % 3 else None, variant="zh" if n % 2 else "")
        for n in range(1, 20)
    ]
    places = [object() for _ in some]
    together = {parcel.delivery: parcel for parcel in letters.write(some, places)}
    for one, place in zip(some, places, strict=True):
        assert seen(together[one.id]) == seen(alone(letters, one))
        assert together[one.id].place is place


def alone(letters: Letter, one: Recipient) -> Parcel:
    """The message of one recipient, written by itself."""
    (parcel,) = letters.write([one], [None])
    return parcel


def seen(parcel: Parcel) -> tuple[object, ...]:
    """What a relay sees of a parcel."""
    return parcel.envelope, list(parcel.content)
