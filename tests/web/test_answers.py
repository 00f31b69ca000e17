"""The headers of every public answer."""

from publisher.web.answers import site_headers


def test_only_logos_come_from_elsewhere() -> None:
    """A page may show pictures of its own site, and the logos that the settings name."""
    logos = [
        "https://cdn.example.net/a/logo.png",
        None,
        "",
        "https://evil.example; script-src *",
        "x",
    ]
    policy = site_headers(logos)["Content-Security-Policy"]
    assert "; img-src 'self' data: https://cdn.example.net; " in policy
    assert "evil" not in policy
