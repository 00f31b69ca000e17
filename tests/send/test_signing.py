"""Mail is signed as it leaves, by relay and by outbox; without its keys it does not leave."""

from dataclasses import replace
from pathlib import Path

import dkim as judge
import pytest

from publisher.errors import RefusedError
from publisher.model import Level, SendState
from publisher.send import signing
from publisher.settings import Dkim, Settings, Smtp
from publisher.wire import keys


@pytest.fixture
def home(desk, tmp_path: Path) -> Settings:
    """A home that signs, with both kinds of key."""
    settings = Settings(
        home=tmp_path,
        database="",
        transport="smtp",
        smtp=Smtp(),
        host="127.0.0.1",
        port=0,
        desk_port=0,
        newsletters=(desk.newsletter,),
        dkim=Dkim(ed25519=True),
    )
    for place in signing.places_of(settings, desk.newsletter):
        keys.make(place)
    return settings


def verified(home: Settings, desk, raw: bytes) -> list[bool]:
    """Ask dkimpy about each signature of a message."""
    signers = signing.signers_of(home)(desk.newsletter)
    records = {f"{one.host}.".encode(): one.record.encode() for one in signers}
    count = raw.partition(b"\r\n\r\n")[0].count(b"DKIM-Signature: ")
    return [
        judge.DKIM(raw).verify(idx=number, dnsfunc=lambda name, timeout=5: records.get(name))
        for number in range(count)
    ]


def test_a_relay_receives_what_verifies(desk, inbox, home) -> None:
    """What comes out of an SMTP connection, dots and all, has two good signatures."""
    desk.subscribe("ann", "bob")
    desk.schedule()
    desk.run(signers=signing.signers_of(home))
    assert len(inbox.raw) == 2
    for raw in inbox.raw:
        assert verified(home, desk, raw) == [True, True]


def test_the_outbox_signs_too(desk, home, tmp_path) -> None:
    """The file the desk shows has the signatures the relay would get."""
    desk.subscribe("ann")
    desk.schedule()
    desk.run(signers=signing.signers_of(home), outlets=desk.outbox())
    (file,) = (desk.folder / "outbox").glob("*.eml")
    assert verified(home, desk, file.read_bytes()) == [True, True]


def test_a_repeat_is_the_same_to_the_byte(desk, inbox, home) -> None:
    """After a doubt the same bytes go out again, however much later."""
    inbox.answers["ann@example.com"] = ["drop"]
    desk.subscribe("ann")
    desk.schedule()
    desk.run(signers=signing.signers_of(home))
    desk.later(hours=3)
    desk.run(signers=signing.signers_of(home))
    first, second = inbox.raw
    assert first == second


def test_without_keys_a_real_transport_is_refused(desk, home) -> None:
    """Each missing key is a stop that names the command which makes it; the outbox needs none."""
    bare = replace(home, home=home.home / "elsewhere")
    found = [one for one in signing.refusals(bare, desk.newsletter) if "dkim" in one.code]
    assert [one.level for one in found] == [Level.STOP, Level.STOP]
    assert all("publisher doctor" in one.hint for one in found)
    assert signing.refusals(replace(bare, transport="outbox"), desk.newsletter) == ()
    assert signing.key_faults(replace(bare, dkim=None), desk.newsletter) == []
    assert signing.key_faults(home, desk.newsletter) == []


def test_a_key_that_is_no_good_pauses_the_send(desk, inbox, home) -> None:
    """A key others can read signs nothing: the send waits, and says why."""
    place = signing.places_of(home, desk.newsletter)[0]
    place.path.chmod(0o644)
    assert "read by others" in signing.key_faults(home, desk.newsletter)[0].message
    desk.subscribe("ann")
    number = desk.schedule()
    desk.run(signers=signing.signers_of(home))
    assert desk.send(number).state is SendState.PAUSED
    assert "chmod 600" in desk.send(number).note
    assert not inbox.kept


def test_the_domain_is_the_sender_s(desk, home) -> None:
    """The signature speaks for the domain readers see, as DNS writes it."""
    sender = replace(desk.newsletter, sender_address="post@Bücher.Example")
    assert signing.domain_of(sender) == "xn--bcher-kva.example"
    assert signing.domain_of(replace(sender, sender_address=None)) == ""
    with pytest.raises(RefusedError):
        signing.domain_of(replace(sender, sender_address="a(b)@example.net"))
    odd = replace(sender, sender_address="a(b)@example.net")
    assert signing.key_faults(home, odd)[0].level is Level.STOP
