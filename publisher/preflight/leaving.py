"""preflight.leaving - whether a reader can leave by the mail they get.

Faults: as findings. Never: looks at where the link leads, which is each reader's own, filled in
later. See: transport (whether its address can be reached), render.mail (where the link comes from).
"""

from __future__ import annotations

from lxml.html import HtmlElement

from publisher.model import Edition, Finding, Level, Newsletter, Slot

_SLOT = Slot.UNSUBSCRIBE.value


def judge(root: HtmlElement | None, text: Edition | None, newsletter: Newsletter) -> list[Finding]:
    """Stop a mail one half of which has no way out; warn of a newsletter that has none to offer."""
    if not (newsletter.app_url or newsletter.site_url):
        return [
            Finding(
                Level.WARN,
                "preflight/no-unsubscribe",
                "Neither app_url nor site_url is set, so the mail has no unsubscribe link.",
                'Set app_url = "http://127.0.0.1:8000/" to try it out, your https address for real.',
            )
        ]
    lacking = []
    if root is not None and not any(map(_is_way_out, root.iter("a"))):
        lacking.append("HTML")
    if text is not None and _SLOT not in text.body:
        lacking.append("text")
    return [
        Finding(
            Level.STOP,
            "preflight/no-way-out",
            f"The mail's {half} part has no unsubscribe link, so nobody could leave by it.",
            'Put <a href="{{ slot_unsubscribe }}">Unsubscribe</a> into your own '
            "templates/mail/footer.mjml or templates/mail/ways.mjml, or delete your copies to have "
            "ours back.",
        )
        for half in lacking
    ]


def _is_way_out(link: HtmlElement) -> bool:
    """Whether a link leads out, and has words or a picture to be followed by."""
    is_seen = link.text_content().strip() != "" or link.find(".//img") is not None
    return is_seen and (link.get("href") or "").strip() == _SLOT
