"""preflight.transport: every reason at once, before a real relay is used."""

from dataclasses import replace

import pytest

from publisher import preflight
from publisher.model import Finding, Level, Newsletter

GOOD = Newsletter(
    "weekly",
    "Weekly",
    app_url="https://news.papers.test/",
    sender_address="editor@papers.test",
    postal_address="1 Paper Street, Springfield",
)


def transport(newsletter: Newsletter, relay: str = "smtp.relay.test") -> tuple[Finding, ...]:
    """Ask for a relay that is not on this machine."""
    return preflight.transport(newsletter, relay)


def codes(findings: tuple[Finding, ...]) -> list[tuple[Level, str]]:
    """Name findings by level and code."""
    return [(finding.level, finding.code) for finding in findings]


def test_good_newsletter_may_be_mailed() -> None:
    """A newsletter with all three values of its own has no reason against mail."""
    assert transport(GOOD) == ()


@pytest.mark.parametrize(
    "app_url",
    [
        "http://localhost:8000/",
        "http://127.0.0.1:8000/",
        "http://[::1]:8000/",
        "https://localhost/",
    ],
)
def test_loopback_needs_no_https(app_url: str) -> None:
    """To a relay on this machine loopback addresses may be http; that none can reach them is said."""
    found = transport(replace(GOOD, app_url=app_url), "127.0.0.1")
    assert codes(found) == [(Level.WARN, "preflight/loopback")]
    found = transport(replace(GOOD, app_url=app_url))
    assert codes(found) == [(Level.STOP, "preflight/loopback")]


@pytest.mark.parametrize("site_url", ["http://localhost:8000/", "https://[::1]/"])
@pytest.mark.parametrize(
    ("relay", "level"), [("smtp.relay.test", Level.STOP), ("localhost", Level.WARN)]
)
def test_site_url_can_be_reached(site_url: str, relay: str, level: Level) -> None:
    """A site no reader can reach stops mail to a real relay, and is said of ours."""
    found = transport(replace(GOOD, site_url=site_url), relay)
    assert codes(found) == [(level, "preflight/site-url")]
    assert site_url in found[0].message


def test_a_site_without_https_is_warned_of() -> None:
    """Its links work and its pictures may not be shown: no reason to keep mail back."""
    found = transport(replace(GOOD, site_url="http://a.test/"), "smtp.relay.test")
    assert codes(found) == [(Level.WARN, "preflight/site-url")]


@pytest.mark.parametrize(
    "app_url",
    ["http://a.test/", "http://127.0.0.1.a.test/", "ftp://localhost/", "localhost", "http://["],
)
def test_app_url_must_be_https(app_url: str) -> None:
    """Anything else is refused."""
    assert codes(transport(replace(GOOD, app_url=app_url))) == [(Level.STOP, "preflight/app-url")]


def test_app_url_defaults_to_site_url() -> None:
    """Without an app_url the site_url counts."""
    assert transport(replace(GOOD, app_url=None, site_url="https://a.test/")) == ()


def test_all_reasons_at_once() -> None:
    """A bare newsletter is told everything that is missing."""
    assert [found.code for found in transport(Newsletter("weekly", "Weekly"))] == [
        "preflight/app-url",
        "preflight/sender",
        "preflight/postal-address",
    ]


@pytest.mark.parametrize("domain", ["example.org", "example.com", "EXAMPLE.NET"])
def test_placeholders_are_refused(domain: str) -> None:
    """Each value still ending in an example domain is named."""
    newsletter = replace(
        GOOD,
        app_url=f"https://news.{domain}/weekly/",
        sender_address=f"me@{domain}",
        postal_address=f"1 Street, {domain}.",
    )
    found = transport(newsletter)
    assert codes(found) == [(Level.STOP, "preflight/example")] * 3
    assert all(finding.hint for finding in found)


def test_own_domain_is_no_placeholder() -> None:
    """A domain that merely ends in the same letters is somebody's own."""
    assert transport(replace(GOOD, sender_address="me@goodexample.org")) == ()
