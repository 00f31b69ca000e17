"""preflight.size - whether a mail comes out of Gmail's scissors whole, and what that took.

Faults: as findings; what is too large for any look is not sent. Never: makes a mail smaller.
See: model.MOST_MAIL (why there), render.mail (which takes a leaner look, or leaves items out).
"""

from __future__ import annotations

from typing import Final

from publisher.model import LARGE_MAIL, MOST_MAIL, Edition, Finding, Level, Newsletter

_SHORTER = "Shorten the items' texts, or split the digest into two issues."

_NO_PAGE: Final = Finding(
    Level.WARN,
    "preflight/no-page",
    "The look compact leads to the page for most of what an issue says, and there is no page: "
    "site_url is not set.",
    "Set site_url, or another look: [newsletter.look] name.",
)


def judge(mail: Edition, newsletter: Newsletter) -> list[Finding]:
    """Look at the size of a mail's HTML, else at what was given up to keep it there."""
    size = mail.size_bytes or len(mail.body.encode())
    if size > MOST_MAIL:
        return [_too_large(size, newsletter)]
    if mail.left_out:
        return [_left_out(mail)]
    if mail.look not in {"", newsletter.look.name}:
        return [_leaner(mail, newsletter)]
    if mail.look == "compact" and not newsletter.site_url:
        return [_NO_PAGE]
    return [_near(size)] if size > LARGE_MAIL else []


def _too_large(size: int, newsletter: Newsletter) -> Finding:
    # with a page a mail is cut to fit, to end with the way there
    page = "" if newsletter.site_url else " Or set site_url: then the rest is told by the page."
    return Finding(
        Level.STOP,
        "preflight/size",
        f"The mail is {_kb(size)}, larger than what Gmail shows; it would cut the end off, the "
        "unsubscribe link included.",
        f"{_SHORTER}{page}",
    )


def _near(size: int) -> Finding:
    return Finding(
        Level.WARN,
        "preflight/size",
        f"The mail is {_kb(size)}, near the {_kb(MOST_MAIL)} at which Gmail cuts the end off.",
        _SHORTER,
    )


def _leaner(mail: Edition, newsletter: Newsletter) -> Finding:
    return Finding(
        Level.WARN,
        "preflight/leaner-look",
        f"The mail is in the look {mail.look}: in {newsletter.look.name} it would be over "
        f"{_kb(MOST_MAIL)}, and Gmail would cut its end off.",
        f"{_SHORTER} Or leave it so.",
    )


def _left_out(mail: Edition) -> Finding:
    words = "1 item is" if mail.left_out == 1 else f"{mail.left_out} items are"
    return Finding(
        Level.WARN,
        "preflight/left-out",
        f"{words} on the page only, where the mail's last line leads: with all of them it would be "
        f"over {_kb(MOST_MAIL)} in any look, and Gmail would cut its end off.",
        "Split the digest into two issues, or leave it so.",
    )


def _kb(size: int) -> str:
    return f"{size / 1000:.0f} KB"
