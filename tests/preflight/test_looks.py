"""Our own looks pass preflight: by day and night, and with what mail programs know.

`pytest -s tests/preflight/test_looks.py` prints how much of each look they know.
"""

from datetime import UTC, datetime
from pathlib import Path
from statistics import mean

import pytest

from publisher import digest, identity, templates
from publisher.model import Edition, Look, Newsletter, Published
from publisher.preflight import check, features
from publisher.preflight.styles import tree
from publisher.preflight.support import SUPPORT
from publisher.publish import editions

ROOT = Path(__file__).parent.parent.parent
SAMPLE = next((ROOT / "digests").glob("*.md"))
LOOKS = ("digest", "compact", "letter")
TAGS = """# An item
<p><abbr>RNA</abbr>, <bdi>قهوة</bdi>, <mark>marked</mark>, long<wbr>word and
<ruby>河<rp>(</rp><rt>he</rt><rp>)</rp></ruby>.</p>
"""


def mailed(text: bytes, look: str, site: str | None) -> tuple[Newsletter, Published, Edition]:
    """Make the mail of a digest in one look."""
    newsletter = Newsletter("n", "Rivers", language="zh", site_url=site, look=Look(name=look))
    (issue,) = digest.read(text, name="a.md", newsletter=newsletter).issues
    record = identity.provisional(issue, newsletter, datetime(2024, 4, 12, tzinfo=UTC))
    published = Published(issue, record)
    return newsletter, published, editions(published, newsletter, templates.load())["mail"]


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_is_known_to_mail_programs_and_can_be_read(look: str) -> None:
    """No feature under 80 % that is not excused, no colour under 4.5; the shares are printed."""
    site = "https://rivers.test/"
    newsletter, published, mail = mailed(SAMPLE.read_bytes(), look, site)
    assert mail.look in {"", look}
    found = check(published, newsletter, {"mail": mail})
    assert [one.message for one in found] == []
    known = [SUPPORT[slug] for slug in features.used(tree(mail.body), SUPPORT)]
    excused = [one.name for one in known if one.share < features.LEAST]
    full = mean(one.yes / one.tested for one in known)
    print(  # noqa: T201
        f"\n{look}: {len(known)} features; mail programs know {mean(o.share for o in known):.1%}"
        f" of them, {full:.1%} in full; excused: {', '.join(excused)}"
    )


def test_every_excuse_is_used() -> None:
    """Each feature that is excused stands in one of our looks, or is what a digest may bring."""
    used: set[str] = set()
    for look in LOOKS:
        for text in (SAMPLE.read_bytes(), TAGS.encode()):
            mail = mailed(text, look, None)[2]
            used |= features.used(tree(mail.body), SUPPORT).keys()
    assert features.PROGRESSIVE.keys() - used == set()
