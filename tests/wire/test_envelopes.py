"""What is said of an envelope under the terms a relay offers."""

import pytest

from publisher.model import Envelope, Parcel, Phase, Reply
from publisher.wire.envelopes import Terms

PLAIN = Envelope("b+1@list.example.net", "Reader@Example.com")
ASCII = (b"Subject: x\r\n\r\n", b"hello\r\n")
CHINESE = (b"Subject: x\r\n\r\n", "河流\r\n".encode())
ALL = {"SIZE": "1000", "8BITMIME": "", "SMTPUTF8": "", "PIPELINING": "", "CHUNKING": ""}


def said(offers, envelope=PLAIN, content=ASCII) -> str | Reply:
    """Write the commands under some offers."""
    is_eight_bit = not b"".join(content).isascii()
    parcel = Parcel(1, envelope, content, is_eight_bit=is_eight_bit)
    return Terms(offers).commands(parcel, sum(map(len, content)))


@pytest.mark.parametrize(
    ("offers", "envelope", "content", "mail", "rcpt"),
    [
        ({}, PLAIN, ASCII, "b+1@list.example.net>", "Reader@Example.com"),
        (ALL, PLAIN, ASCII, "b+1@list.example.net> SIZE=21", "Reader@Example.com"),
        ({"8BITMIME": ""}, PLAIN, ASCII, "b+1@list.example.net>", "Reader@Example.com"),
        ({"8BITMIME": ""}, PLAIN, CHINESE, "b+1@list.example.net> BODY=8BITMIME",
         "Reader@Example.com"),
        ({"SIZE": ""}, PLAIN, ASCII, "b+1@list.example.net> SIZE=21", "Reader@Example.com"),
        ({"SIZE": "0"}, PLAIN, ASCII, "b+1@list.example.net> SIZE=21", "Reader@Example.com"),
        ({"SIZE": "lots"}, PLAIN, ASCII, "b+1@list.example.net> SIZE=21", "Reader@Example.com"),
        ({}, Envelope("a@b.example", "r@例子.example"), ASCII, "a@b.example>",
         "r@xn--fsqu00a.example"),
        (ALL, Envelope("a@b.example", "r@例子.example"), ASCII, "a@b.example> SIZE=21",
         "r@xn--fsqu00a.example"),
        (ALL, Envelope("a@b.example", "读者@例子.example"), ASCII, "a@b.example> SIZE=21 SMTPUTF8",
         "读者@xn--fsqu00a.example"),
        (ALL, Envelope("回信@b.example", "r@b.example"), CHINESE,
         "回信@b.example> SIZE=22 SMTPUTF8 BODY=8BITMIME", "r@b.example"),
    ],
)  # fmt: skip
def test_parameters_stand_where_they_are_offered_and_needed(
    offers, envelope, content, mail: str, rcpt: str
) -> None:
    """SIZE where offered, BODY and SMTPUTF8 only where the content or an address needs them."""
    assert said(offers, envelope, content) == f"MAIL FROM:<{mail}\r\nRCPT TO:<{rcpt}>\r\n"


@pytest.mark.parametrize(
    ("offers", "envelope", "content", "phase", "code", "enhanced"),
    [
        ({}, Envelope("a@b.example", "读者@b.example"), ASCII, Phase.RCPT, 553, "5.6.7"),
        ({}, Envelope("回信@b.example", "a@b.example"), ASCII, Phase.MAIL, 553, "5.6.7"),
        ({"SIZE": "20"}, PLAIN, ASCII, Phase.DATA, 552, "5.3.4"),
        ({"SMTPUTF8": ""}, PLAIN, CHINESE, Phase.DATA, 554, "5.6.3"),
    ],
)
def test_what_the_relay_cannot_take_is_refused_here(
    offers, envelope, content, phase: Phase, code: int, enhanced: str
) -> None:
    """What the relay would have to refuse does not trouble it."""
    reply = said(offers, envelope, content)
    assert (reply.phase, reply.code, reply.enhanced) == (phase, code, enhanced)


@pytest.mark.parametrize("offers", [{}, ALL])
@pytest.mark.parametrize(
    "address",
    ["a@b\r\nRCPT TO:<c@d>", "a b@c", "a@b>", "<a@b", "nobody", "", "a@b\0", "@b", "a@", "读 者@b.c",
     "读\u2028者@b.c", "读者>@b.c", "读者", "a@😀.example"],
)  # fmt: skip
def test_address_that_would_break_out_is_refused_here(offers, address: str) -> None:
    """An address that cannot be written in SMTP never reaches the relay."""
    recipient = said(offers, Envelope("a@b.example", address))
    assert (recipient.phase, recipient.code, recipient.enhanced) == (Phase.RCPT, 553, "5.1.3")
    sender = said(offers, Envelope(address, "a@b.example"))
    assert (sender.phase, sender.code, sender.enhanced) == (Phase.MAIL, 553, "5.1.7")
