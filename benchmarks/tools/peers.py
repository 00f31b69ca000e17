"""peers - what a Python program would do today to send one issue to N readers.

    python benchmarks/tools/peers.py smtplib|aiosmtplib|django PORT N [--prepared] [--connections C]
        [--dkim]

Each reader has an address, a Message-ID and links of their own. Without `--prepared` the message is
built by the `email` package (Django: by Django, in lots of 100 on one connection); with it, by
bytes.replace on a finished one. `--dkim` signs with dkimpy, RSA-2048. Says in JSON what it took.
Faults: whatever the peer raises. Never: records an outcome. See: seed.py (the message).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import smtplib
import sys
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.seed import SENDER, SUBJECT, parts, reader, whole

ENVELOPE_SENDER = "bounce@list.example.net"
SIGNED = b"from to subject date message-id list-id list-unsubscribe list-unsubscribe-post".split()
TEXT, HTML = parts()


def headers(token: str) -> dict[str, str]:
    """Give the headers that mass mail needs beyond the usual."""
    return {
        "Message-ID": f"<42.{token}@news.example.net>",
        "List-Id": "<weekly.news.example.net>",
        "List-Unsubscribe": f"<https://news.example.net/u/{token}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def built(address: str, token: str) -> bytes:
    """Build a message as the manual of the `email` package does."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = SENDER, address, SUBJECT
    message["Date"] = "Fri, 20 Nov 2026 08:00:00 +0000"
    for name, value in headers(token).items():
        message[name] = value
    message.set_content(TEXT.replace("%TOKEN%", token), cte="8bit")
    message.add_alternative(HTML.replace("%TOKEN%", token), subtype="html", cte="8bit")
    return message.as_bytes()


def replaced() -> Callable[[str, str], bytes]:
    """Fill in a finished message."""
    finished = whole(TEXT, HTML)
    return lambda address, token: finished.replace(b"%RCPT%", address.encode()).replace(
        b"%TOKEN%", token.encode()
    )


def signed(make: Callable[[str, str], bytes]) -> Callable[[str, str], bytes]:
    """Sign what is made, with a key of the moment."""
    import dkim
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())

    def make_and_sign(address: str, token: str) -> bytes:
        message = make(address, token)
        line: bytes = dkim.sign(
            message,
            b"s1",
            b"news.example.net",
            pem,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=SIGNED,
        )
        return line + message

    return make_and_sign


def by_smtplib(port: int, readers: Iterator[int], make: Callable[[str, str], bytes]) -> None:
    """Send one message after the other on one connection."""
    with smtplib.SMTP("127.0.0.1", port) as relay:
        relay.ehlo()
        for number in readers:
            address, token = reader(number)
            content = make(address, token)
            relay.sendmail(ENVELOPE_SENDER, [address], content, mail_options=["BODY=8BITMIME"])


async def by_aiosmtplib(
    port: int, readers: Iterator[int], make: Callable[[str, str], bytes], connections: int
) -> None:
    """Send on several connections of one event loop."""
    import aiosmtplib

    async def send_some() -> None:
        relay = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, use_tls=False, start_tls=False)
        await relay.connect()
        for number in readers:
            address, token = reader(number)
            content = make(address, token)
            options = ["BODY=8BITMIME"]
            await relay.sendmail(ENVELOPE_SENDER, [address], content, mail_options=options)
        await relay.quit()

    await asyncio.gather(*(send_some() for _ in range(connections)))


def by_django(port: int, readers: Iterator[int]) -> None:
    """Send as Django does when each message is somebody's own and has two halves."""
    from django.conf import settings
    from django.core.mail import EmailMultiAlternatives, get_connection

    settings.configure(EMAIL_HOST="127.0.0.1", EMAIL_PORT=port, DEFAULT_CHARSET="utf-8")
    relay = get_connection()
    relay.open()
    lot = []
    for number in readers:
        address, token = reader(number)
        text, html = (half.replace("%TOKEN%", token) for half in (TEXT, HTML))
        one = EmailMultiAlternatives(SUBJECT, text, SENDER, [address], headers=headers(token))
        one.attach_alternative(html, "text/html")
        lot.append(one)
        if len(lot) == 100:
            relay.send_messages(lot)
            lot = []
    relay.send_messages(lot)
    relay.close()


def main() -> None:
    """Send as asked and say what it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("peer", choices=("smtplib", "aiosmtplib", "django"))
    parser.add_argument("port", type=int)
    parser.add_argument("n", type=int)
    parser.add_argument("--prepared", action="store_true", help="from finished bytes")
    parser.add_argument("--connections", type=int, default=8, help="of aiosmtplib (8)")
    parser.add_argument("--dkim", action="store_true", help="sign with dkimpy")
    asked = parser.parse_args()
    make = replaced() if asked.prepared else built
    make = signed(make) if asked.dkim else make
    readers = iter(range(asked.n))
    before, begun = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    if asked.peer == "smtplib":
        by_smtplib(asked.port, readers, make)
    elif asked.peer == "aiosmtplib":
        asyncio.run(by_aiosmtplib(asked.port, readers, make, asked.connections))
    else:
        by_django(asked.port, readers)
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF)
    processor = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    print(json.dumps({"seconds": seconds, "cpu_us": 1e6 * processor / asked.n}))


if __name__ == "__main__":
    main()
