"""The desk, asked over real connections."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from publisher.model import (
    Consent,
    DeliveryState,
    Envelope,
    Finding,
    Kind,
    Level,
    Picture,
    SendState,
)
from publisher.store import issues, ledger, subscribers
from publisher.store.issues import DigestRow
from publisher.store.ledger import Recorded
from publisher.wire.outbox import Outbox

NOW = datetime(2026, 11, 7, 9, 0, tzinfo=UTC)


@pytest.fixture
def send(store, issue) -> Callable[..., int]:
    """Freeze a send of issue 12 to three readers; settle as told."""

    def make(*states: DeliveryState) -> int:
        issue("12")
        with store.begin() as conn:
            for number in range(3):
                consent = Consent("test", "asked for it", NOW)
                address = f"reader{number}@example.org"
                subscribers.add(conn, "daily", address, consent=consent, now=NOW)
            made = ledger.create_send(conn, "daily", "12", Kind.ISSUE, at=NOW, now=NOW)
            ledger.freeze(conn, made, "en/digest/", NOW)
            if states:
                lot = ledger.claim(conn, "test", timedelta(minutes=5), NOW)
                assert lot is not None
                outcomes = [
                    Recorded(row.id, state, None, "no <answer> came", None)
                    for row, state in zip(lot.deliveries, states, strict=False)
                ]
                ledger.record(conn, lot, outcomes, NOW)
        return made

    return make


def act(desk, path: str):
    """Press a button on a page of the desk."""
    return desk.ask(path, "POST", body=b"", origin=f"http://127.0.0.1:{desk.port}")


def test_issues(desk, issue) -> None:
    """Every issue is listed with its facts and the ways to its editions, escaped."""
    issue("12")
    issue("7", "zhoubao", title=None)
    text = desk.ask("/").text
    assert "A quiet &lt;week&gt;" in text
    assert "No. 12" in text
    assert "published 7 Nov 2026, 09:00" in text
    assert "published 7 Nov 2026, 17:00" in text, "each newsletter in its own zone"
    for file in ("mail", "issue.txt", "issue.eml", "rss.xml"):
        assert f'href="/issues/daily/12/{file}"' in text
    assert 'href="http://127.0.0.1:8000/issues/12/"' in text
    assert 'href="http://127.0.0.1:8000/zhoubao/issues/7/"' in text


def test_nothing_yet(desk) -> None:
    """An empty desk says what to do."""
    assert "Drop a digest into <code>digests/daily/</code>" in desk.ask("/").text
    assert "Nothing has been sent yet" in desk.ask("/sends").text
    assert "No digest waits" in desk.ask("/digests").text
    assert "The outbox is empty" in desk.ask("/outbox").text


def test_one_issue(desk, issue) -> None:
    """An issue's page shows its items and the command that mails it; there is no such button."""
    issue("12")
    text = desk.ask("/issues/daily/12").text
    assert "On attention" in text
    assert "publisher send --newsletter daily 12</code>" in text
    assert "<form" not in text


def test_what_preflight_warns_of(desk, issue, send, store) -> None:
    """It stands on the page of an issue not mailed yet and on that of a send that has not begun."""
    issue("12")
    warned = "The link of “On attention” is an example&#39;s"
    text = desk.ask("/issues/daily/12").text
    assert text.index("Before it is sent") < text.index(warned) < text.index("What to type next")
    assert "preflight/no-address" not in text
    number = send()
    assert warned not in desk.ask(f"/sends/{number}").text, "it runs"
    act(desk, f"/sends/{number}/pause")
    assert warned in desk.ask(f"/sends/{number}").text
    with store.begin() as conn:
        record, content = issues.get(conn, "daily", "12") or (None, None)
        issues.save(conn, replace(record, mailed=NOW), content)
    assert warned not in desk.ask("/issues/daily/12").text


def test_withdrawn(desk, issue) -> None:
    """A withdrawn issue says so, and how it comes back."""
    issue("12", withdrawn=NOW)
    text = desk.ask("/issues/daily/12").text
    assert "publisher withdraw --newsletter daily 12 --restore" in text


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("issue.html", "text/html"),
        ("issue.txt", "text/plain"),
        ("issue.eml", "message/rfc822"),
        ("page.html", "text/html"),
        ("rss.xml", "text/plain"),
        ("atom.xml", "text/plain"),
        ("feed.json", "text/plain"),
    ],
)
def test_editions(desk, issue, file: str, kind: str) -> None:
    """Each edition is made when asked for, and sealed: it runs nothing at the desk's address."""
    issue("12")
    answer = desk.ask(f"/issues/daily/12/{file}")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["content-security-policy"].startswith("sandbox ")
    assert "allow-same-origin" not in answer.headers["content-security-policy"]
    assert len(answer.body) > 100


def test_editions_show_pictures(desk, issue, put) -> None:
    """Page and mail lead to the issue's pictures at the desk, and to no other file of the site."""
    name, other = "0123456789abcdef.png", "fedcba9876543210.png"
    shown = (Picture("a.png", name, 40, 30, ""), Picture("b.png", "../../index.html", 9, 9, ""))
    issue("12", html='<p><img src="a.png" alt="a"></p>', pictures=shown)
    put(f"issues/12/{name}", b"png"), put(f"issues/12/{other}", b"png"), put("index.html")
    for file in ("page.html", "issue.html"):
        assert f'<img src="{name}" alt="a"' in desk.ask(f"/issues/daily/12/{file}").text
    answer = desk.ask(f"/issues/daily/12/{name}")
    assert (answer.status, answer.headers["content-type"], answer.body) == (
        200,
        "image/png",
        b"png",
    )
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    for path in (other, "..%2F..%2Findex.html", "issue.json"):
        assert desk.ask(f"/issues/daily/12/{path}").status == 404


@pytest.mark.parametrize("path", ["12", "12/mail", "12/issue.html", "12/page.html"])
def test_no_edition_of_nothing(desk, path: str) -> None:
    """What is not there is 404, in the desk's own clothes."""
    answer = desk.ask(f"/issues/daily/{path}")
    assert answer.status == 404
    assert "There is nothing here" in answer.text
    assert desk.ask(f"/issues/nobody/{path}").status == 404


def test_the_mail_as_seen(desk, issue) -> None:
    """The e-mail stands in a frame that may run nothing and knows no origin."""
    issue("12")
    answer = desk.ask("/issues/daily/12/mail")
    assert answer.status == 200
    frame = re.search(r"<iframe [^>]*>", answer.text)
    assert frame is not None
    assert "srcdoc=" in frame[0]
    assert "allow-scripts" not in frame[0]
    assert "allow-same-origin" not in frame[0]


def test_a_mail_that_cannot_be_made(home, store, sources, serve, issue) -> None:
    """A broken template is told with its remedy, not with a traceback."""
    from publisher.web.desk import desk_app

    issue("12")
    broken = dict(sources)
    broken["mail/digest.mjml"] = "{% if %}"
    answer = serve(desk_app(home, store, broken)).ask("/issues/daily/12/mail")
    assert "This edition cannot be made" in answer.text
    assert "templates/mail/digest.mjml" in answer.text
    assert "Traceback" not in answer.text


def test_a_send_with_counts(desk, send) -> None:
    """A send shows its counts in words, who is in doubt by name, and watches itself."""
    number = send(DeliveryState.ACCEPTED, DeliveryState.IN_DOUBT, DeliveryState.REFUSED)
    text = desk.ask(f"/sends/{number}").text
    counts = dict(re.findall(r'data-count="(\w+)">(\d+)<', text))
    assert counts["accepted"] == counts["refused"] == counts["in_doubt"] == "1"
    assert counts["queued"] == "0"
    assert "reader1@example.org" in text
    assert "reader0@example.org" not in text
    assert "no &lt;answer&gt; came" in text
    assert '<noscript><meta http-equiv="refresh"' in text
    assert f'href="/sends/{number}"' in desk.ask("/sends").text


def test_a_cancelled_send_says_who_got_it(desk, send, store) -> None:
    """Its largest number is of those accepted, not of those done with; the rest has its command."""
    number = send(DeliveryState.ACCEPTED)
    missing = "publisher send --newsletter daily 12 --missing"
    assert missing not in desk.ask(f"/sends/{number}").text
    with store.begin() as conn:
        conn.exec_driver_sql("UPDATE delivery SET state = 'queued' WHERE state = 'sending'")
    act(desk, f"/sends/{number}/cancel")
    text = desk.ask(f"/sends/{number}").text
    assert '<b data-count="accepted">1</b> <span class="soft">of' in text
    assert missing in text
    assert "1 of 3 accepted" in desk.ask("/sends").text


def test_who_was_sent_it_again_is_named(desk, send, store) -> None:
    """Accepted after a doubt, a reader may have it twice, and is named when all is over."""
    number = send(DeliveryState.IN_DOUBT, DeliveryState.ACCEPTED)
    assert "may have it twice" not in desk.ask(f"/sends/{number}").text
    with store.begin() as conn:
        conn.exec_driver_sql("UPDATE delivery SET state = 'accepted' WHERE state = 'in_doubt'")
    text = desk.ask(f"/sends/{number}").text
    assert "1 was sent again after a doubt: they may have it twice." in text
    assert "reader0@example.org" in text


@pytest.mark.parametrize("path", ["/sends/{}", "/sends/{}.json"])
def test_no_send_has_such_a_number(desk, path: str) -> None:
    """A number beyond what a database holds is one more send that is not there."""
    assert desk.ask(path.format("9" * 40)).status == 404


def test_progress(desk, send) -> None:
    """The counts come as data too."""
    number = send(DeliveryState.ACCEPTED)
    told = json.loads(desk.ask(f"/sends/{number}.json").body)
    assert told["total"] == 3
    assert told["counts"]["accepted"] == 1
    assert (told["state"], told["live"]) == ("running", True)
    assert desk.ask("/sends/99.json").status == 404


def test_the_only_script_is_ours(desk, send) -> None:
    """The policy runs a script by nonce, fresh with each answer, and nothing else."""
    number = send()
    nonces = set()
    for _ in range(2):
        answer = desk.ask(f"/sends/{number}")
        policy = answer.headers["content-security-policy"]
        found = re.search(r"script-src 'nonce-([^']+)';", policy)
        assert found is not None
        assert f'<script nonce="{found[1]}">' in answer.text
        nonces.add(found[1])
    assert len(nonces) == 2


def test_pause_resume_cancel(desk, send, store) -> None:
    """The buttons move a send as far as its state allows, and lead back to it."""
    number = send()

    def state() -> SendState:
        with store.read() as conn:
            return ledger.send(conn, number).state

    for deed, expected in (
        ("pause", SendState.PAUSED),
        ("resume", SendState.RUNNING),
        ("cancel", SendState.CANCELLED),
    ):
        assert f'action="/sends/{number}/{deed}"' in desk.ask(f"/sends/{number}").text
        answer = act(desk, f"/sends/{number}/{deed}")
        assert (answer.status, answer.headers["location"]) == (303, f"/sends/{number}")
        assert state() is expected
    late = act(desk, f"/sends/{number}/pause")
    assert late.headers["location"] == f"/sends/{number}?unchanged"
    assert "Nothing was changed" in desk.ask(f"/sends/{number}?unchanged").text
    assert "<form" not in desk.ask(f"/sends/{number}").text


def test_deeds_need_the_desk(desk, send, store) -> None:
    """Neither a link nor another site's form moves a send."""
    number = send()
    assert desk.ask(f"/sends/{number}/pause").status == 405
    path = f"/sends/{number}/pause"
    assert desk.ask(path, "POST", body=b"").status == 403
    assert desk.ask(path, "POST", body=b"", origin="https://example.org").status == 403
    assert act(desk, f"/sends/{number}/explode").status == 404
    assert act(desk, "/sends/99/pause").status == 404
    with store.read() as conn:
        assert ledger.send(conn, number).state is SendState.RUNNING


def test_digests(desk, store) -> None:
    """What waits is shown with place, remedy and the command to type; the rest is left out."""
    findings = (
        Finding(Level.HOLD, "identity/unclear", "two issues <look> alike", "say which", 3, 7),
    )
    rows = [
        DigestRow("daily", "a b.md", "1", "held", findings, NOW),
        DigestRow("daily", "bad.md", "2", "aside", findings, NOW),
        DigestRow("daily", "fine.md", "3", "published", (), NOW),
    ]
    with store.begin() as conn:
        for row in rows:
            issues.save_digest(conn, row)
    text = desk.ask("/digests").text
    assert "digests/daily/a b.md:3:7" in text
    assert "two issues &lt;look&gt; alike" in text
    assert "say which" in text
    quoted = "&#39;digests/daily/a b.md&#39;"
    assert f"publisher publish --newsletter daily --as ISSUE {quoted}" in text
    assert f"publisher publish --newsletter daily --new {quoted}" in text
    assert text.count("digests/daily/a b.md") == 4, "heading, place, and the two commands"
    assert "publisher check digests/daily/bad.md" in text
    assert "fine.md" not in text
    assert "2 digests" in desk.ask("/").text


def test_mailed_by_a_send(desk, issue, send, store) -> None:
    """An issue is said to be mailed when a send of this database did it."""
    send()
    with store.begin() as conn:
        issues.mark_mailed(conn, "daily", "12", NOW + timedelta(minutes=5))
    for path in ("/", "/issues/daily/12"):
        text = desk.ask(path).text
        assert "7 Nov 2026, 09:05" in text
        assert "counts as mailed" not in text


@pytest.mark.parametrize("missing", [False, True])
def test_counts_as_mailed(desk, issue, store, missing: bool) -> None:
    """What was taken over has no moment of mailing, not even when who missed it gets it later."""
    record = issue("12")
    with store.begin() as conn:
        issues.save(conn, replace(record, mailed=NOW), None)
        if missing:
            later = NOW + timedelta(days=1)
            ledger.create_send(conn, "daily", "12", Kind.ISSUE, at=later, now=later, missing=True)
    listed, shown = desk.ask("/").text, desk.ask("/issues/daily/12").text
    assert "counts as mailed" in listed
    assert "published before this database began" in listed
    assert "counts as mailed; published before this database began" in shown
    assert "<span>mailed" not in listed + shown


def test_sends_are_named_by_headline(desk, issue, send) -> None:
    """A send bears its issue's headline, one made up where the issue has no title."""
    number = send()
    for path in ("/", "/sends", f"/sends/{number}"):
        assert "A quiet &lt;week&gt;" in desk.ask(path).text, path
    issue("12", title=None)
    for path in ("/", "/sends", f"/sends/{number}"):
        assert "The Daily Paper · 6 November 2026" in desk.ask(path).text, path


MAIL = (
    b"From: editor@example.org\r\nTo: reader@example.org\r\nSubject: <b>Hi</b>\r\n"
    b"Message-ID: <1@example.org>\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b'<script>top.x=1</script>"><p>body</p>\r\n'
)


def test_outbox(desk, home) -> None:
    """A message is shown as a mail client would, everything of it escaped."""
    Outbox(home.outbox_folder).deliver(
        Envelope("editor@example.org", "reader@example.org"), [MAIL], lambda: True
    )
    listed = desk.ask("/outbox").text
    assert "1 message written" in listed
    assert "&lt;b&gt;Hi&lt;/b&gt;" in listed
    path = re.search(r'href="(/outbox/[^"]+\.eml)"', listed)[1]
    text = desk.ask(path).text
    assert "<script>top" not in text
    assert "<b>Hi" not in text
    assert "X-Envelope-To" in text
    source = desk.ask(f"{path}/source")
    assert source.body.endswith(MAIL)
    assert source.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("name", ["..%2fsecret.key", "none.eml", "secret.key", "%2e%2e"])
def test_only_the_outbox(desk, home, name: str) -> None:
    """No name leads out of the outbox."""
    home.outbox_folder.mkdir()
    assert desk.ask(f"/outbox/{name}").status == 404
    assert desk.ask(f"/outbox/{name}/source").status == 404


@pytest.mark.parametrize(
    "path", ["/", "/sends", "/digests", "/feeds", "/outbox", "/nothing", "/sends/9"]
)
def test_every_answer_is_guarded(desk, path: str) -> None:
    """No page of the desk is kept, framed, or told to others."""
    headers = desk.ask(path).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "server" not in headers


def test_a_send_shows_who_waits_and_by_whom_it_goes(desk, store, send) -> None:
    """Why some are tried again, in the relay's words and escaped; relays where there are several."""
    number = send(DeliveryState.ACCEPTED)
    text = desk.ask(f"/sends/{number}").text
    assert "To be tried again" not in text
    assert "<h2>Relays</h2>" not in text
    with store.begin() as conn:
        conn.exec_driver_sql(
            "UPDATE delivery SET state = 'deferred', code = 450, relay = 'second',"
            " words = 'mailbox full: 4.2.2 <over> quota' WHERE address = 'reader1@example.org'"
        )
        conn.exec_driver_sql("UPDATE delivery SET relay = 'smtp' WHERE state = 'accepted'")
        conn.exec_driver_sql("UPDATE lot SET tally = NULL")
    text = desk.ask(f"/sends/{number}").text
    assert "1 × mailbox full" in text
    assert "450 4.2.2 &lt;over&gt; quota" in text
    assert re.search(r"<dt>second</dt><dd>\s*1 to be tried again\s*</dd>", text)
    assert re.search(r"<dt>smtp</dt><dd>\s*1 accepted\s*</dd>", text)


def test_the_canary_is_shown_while_the_rest_waits(desk, store, send) -> None:
    """How those who got it first fare stands there, until the others follow."""
    number = send(DeliveryState.ACCEPTED)
    with store.begin() as conn:
        conn.exec_driver_sql("UPDATE send SET canary = 1")
    text = desk.ask(f"/sends/{number}").text
    assert "First, the canary" in text
    assert "3 readers get it before the others" in text
    with store.begin() as conn:
        conn.exec_driver_sql("UPDATE send SET canary = 0")
    assert "the canary" not in desk.ask(f"/sends/{number}").text


def test_a_running_send_tells_its_speed(desk, store, send) -> None:
    """Page and data say messages a second and the time left; one that stands still says nothing."""
    number = send(DeliveryState.ACCEPTED)
    with store.begin() as conn:
        at = f"{datetime.now(UTC) - timedelta(seconds=10):%Y-%m-%dT%H:%M:%S.000000Z}"
        conn.exec_driver_sql(f"UPDATE delivery SET updated = '{at}' WHERE state = 'accepted'")
    told = json.loads(desk.ask(f"/sends/{number}.json").body)
    assert re.fullmatch(r"\d+\.\d messages/min, about \d+ s left", told["pace"])
    assert "messages/min, about" in desk.ask(f"/sends/{number}").text
    act(desk, f"/sends/{number}/pause")
    assert json.loads(desk.ask(f"/sends/{number}.json").body)["pace"] == ""
