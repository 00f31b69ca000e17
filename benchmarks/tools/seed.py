"""seed - the message the peers send: 23 KB of text and its HTML, 83 KB as 8bit, invented.

`%RCPT%` and `%TOKEN%` stand where each reader's own values go. Faults: none. Never: sends.
See: peers.py (builds it as people do), running.py (writes it down for the programs in C).
"""

from __future__ import annotations

import random
from typing import Final

from invented import SIZE, sentence

TEXT_SIZE: Final = 23_000
STYLE: Final = "margin:0 0 16px;"
SUBJECT: Final = "港口周刊 42"
SENDER: Final = "港口周刊 <weekly@news.example.net>"
BOUNDARY: Final = "=_b42_0f3c"
FOOT: Final = "\n--\n退订 / unsubscribe: https://news.example.net/u/%TOKEN%\n"
HTML_FOOT: Final = (
    '<p style="font-size:12px">退订 / <a href="https://news.example.net/u/%TOKEN%">unsubscribe</a>'
    "</p>\n</body></html>\n"
)
HEAD: Final = (
    "From: =?utf-8?B?5riv5Y+j5ZGo5YiK?= <weekly@news.example.net>\n"
    "To: %RCPT%\n"
    "Subject: =?utf-8?B?5riv5Y+j5ZGo5YiKIDQy?=\n"
    "Date: Fri, 20 Nov 2026 08:00:00 +0000\n"
    "Message-ID: <42.%TOKEN%@news.example.net>\n"
    "List-Id: <weekly.news.example.net>\n"
    "List-Unsubscribe: <https://news.example.net/u/%TOKEN%>\n"
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n"
    "MIME-Version: 1.0\n"
    f'Content-Type: multipart/alternative; boundary="{BOUNDARY}"\n\n'
)


def parts() -> tuple[str, str]:
    """Give the text and the HTML of the issue, personal values open."""
    chance = random.Random(42)
    lines, size = [], 0
    while size < TEXT_SIZE:
        lines.append(sentence(chance))
        size += len(lines[-1].encode()) + 1
    text = "\n".join(lines) + FOOT
    bare = "".join(f"<tr><td>{line}</td></tr>\n" for line in lines)
    head = '<!doctype html>\n<html lang="zh"><body>\n<table role="presentation" width="600">\n'
    # the rest of the size is style, as it is in real mail
    empty = head + bare.replace("<td>", '<td style="">') + "</table>\n" + HTML_FOOT
    each, more = divmod((SIZE - len(whole(text, empty))) // len(STYLE), len(lines))
    rows = (
        f'<tr><td style="{STYLE * (each + (number < more))}">{line}</td></tr>\n'
        for number, line in enumerate(lines)
    )
    return text, head + "".join(rows) + "</table>\n" + HTML_FOOT


def whole(text: str, html: str) -> bytes:
    """Write both halves as one message, 8bit, lines ending in CRLF."""
    written = HEAD
    for kind, body in (("plain", text), ("html", html)):
        written += f"--{BOUNDARY}\nContent-Type: text/{kind}; charset=utf-8\n"
        written += f"Content-Transfer-Encoding: 8bit\n\n{body}\n"
    return (written + f"--{BOUNDARY}--\n").replace("\n", "\r\n").encode()


def reader(number: int) -> tuple[str, str]:
    """Give the address and the token of one reader."""
    return f"reader{number:08d}@list.example.net", f"{number * 2654435761:024x}"
