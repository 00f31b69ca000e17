"""What preflight's tests check: an issue with the mail it is told to have."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from publisher.model import Edition, Finding, Issue, Newsletter, Published, Record, Slot
from publisher.preflight import Earlier, check

NOW = datetime(2024, 4, 12, 8, tzinfo=UTC)
GOOD = Newsletter("weekly", "Weekly", app_url="https://news.papers.test/")

WAY_OUT = f'<a href="{Slot.UNSUBSCRIBE}">Unsubscribe</a>'

Checked = Callable[..., list[Finding]]


@pytest.fixture
def checked() -> Checked:
    """Check an issue with one mail edition; by default nothing is wrong with either."""

    def check_it(
        issue: Issue,
        *,
        body: str = "",
        subject: str = "Weekly 12",
        text: str | None = None,
        newsletter: Newsletter = GOOD,
        earlier: Earlier | None = None,
        way_out: str = WAY_OUT,
    ) -> list[Finding]:
        record = Record("weekly", "tag:a,2024:1", "1", "1.md", NOW, NOW)
        size = len(body.encode())
        mail = Edition("mail", "text/html", f"{body}{way_out}", subject, size_bytes=size)
        made = {"mail": mail}
        if text is not None:
            made["text"] = Edition("text", "text/plain", text, subject)
        return list(check(Published(issue, record), newsletter, made, earlier=earlier))

    return check_it
