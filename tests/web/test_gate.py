"""Who may enter the desk: each sign of a stranger is refused, one by one."""

import pytest

from publisher.web.gate import refusal


def test_people_here_enter(desk) -> None:
    """Every name of this machine is let in, with any port."""
    for host in ("127.0.0.1", "127.0.0.1:8001", "[::1]:8001", "localhost:1"):
        assert desk.ask("/", host=host).status == 200, host


def test_other_names_are_refused(desk) -> None:
    """A stranger's domain that resolves here finds nothing."""
    for host in (
        "desk.example.org",
        "127.0.0.1.example.org",
        "localhost.example.org:80",
        "127.0.0.1@example.org",
        "127.0.0.2",
        "0.0.0.0",
        "127.0.0.1:port",
        "",
    ):
        answer = desk.ask("/", host=host)
        assert answer.status == 403, host
        assert answer.text == "The desk answers only to 127.0.0.1, [::1] and localhost.\n"


def test_two_hosts_are_refused(desk) -> None:
    """A request with two Host lines is nobody's."""
    lines = (("Host", "127.0.0.1"), ("Host", "example.org"))
    assert desk.ask("/", lines=lines).status in {400, 403}


def test_proxies_are_refused(desk) -> None:
    """Each header by which proxies say they were there is one too many."""
    for name in (
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Real-IP",
        "Via",
        "X-Client-IP",
        "True-Client-IP",
        "CF-Connecting-IP",
        "X-Original-URL",
    ):
        answer = desk.ask("/", lines=((name, "192.0.2.1"),))
        assert answer.status == 403, name
        assert "proxy" in answer.text


@pytest.mark.parametrize("relation", ["cross-site", "same-site"])
def test_pages_of_others_are_refused(desk, relation: str) -> None:
    """A browser that another site's page sent here is turned away."""
    assert desk.ask("/", sec_fetch_site=relation).status == 403
    assert desk.ask("/", sec_fetch_site="none").status == 200
    assert desk.ask("/", sec_fetch_site="same-origin").status == 200


def test_foreign_origins_are_refused(desk) -> None:
    """Only the desk's own origin counts, to the port; `null` is foreign too."""
    for origin in ("https://example.org", "null", "http://127.0.0.1:1", "http://localhost"):
        assert desk.ask("/", origin=origin).status == 403
    assert desk.ask("/", origin=f"http://127.0.0.1:{desk.port}").status == 200


def test_foreign_referers_are_refused(desk) -> None:
    """An old browser, that tells less, tells at least whose link was followed."""
    own = f"http://127.0.0.1:{desk.port}"
    for page in ("https://example.org/", "http://127.0.0.1:1/", f"https://x.example/?{own}", "x"):
        assert desk.ask("/", referer=page).status == 403, page
    for page in (own, f"{own}/", f"{own}/sends/1?unchanged"):
        assert desk.ask("/", referer=page).status == 200, page


def test_a_post_without_origin_is_refused(desk) -> None:
    """What changes something must come from a page of the desk."""
    answer = desk.ask("/sends/1/pause", "POST", body=b"")
    assert answer.status == 403
    assert answer.text == "Only a page of the desk may change something.\n"


@pytest.mark.parametrize(
    ("peer", "may"), [("127.0.0.1", True), ("::1", True), ("192.0.2.7", False), ("fe80::1", False)]
)
def test_other_machines_are_refused(peer: str, *, may: bool) -> None:
    """Even a desk bound to every address by mistake answers only this machine."""
    assert (refusal("GET", [("host", "localhost")], peer=peer) is None) is may


@pytest.mark.service
@pytest.mark.parametrize(
    "directives",
    [
        "",
        "proxy_http_version 1.1; proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_set_header Host 127.0.0.1; proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_http_version 1.1; proxy_set_header Host $host:$server_port;"
        " proxy_set_header X-Real-IP $remote_addr;",
        "proxy_http_version 1.1; proxy_set_header Host $http_host;",
    ],
)
def test_nginx_is_refused(desk, nginx, directives: str) -> None:
    """The desk behind a real nginx, set up as people set it up, answers nobody."""
    front = nginx(
        "server { listen 127.0.0.1:PORT; location / {"
        f" proxy_pass http://127.0.0.1:{desk.port}; {directives} }} }}"
    )
    answer = front.ask("/", host=f"desk.example.org:{front.port}")
    assert answer.status == 403
