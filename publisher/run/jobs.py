"""jobs - what is done at each scan and heartbeat: publish, and let the rules schedule sends.

All of it may be done again: what was done stands in the store.
Faults: one newsletter's is logged, the others go on. Never: sends. See: schedule (the rules).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

import structlog
from sqlalchemy import Connection

from publisher import schedule, templates
from publisher.clock import utc_now
from publisher.errors import PublisherError
from publisher.model import Kind, Level, Newsletter
from publisher.publish import Outcome, place_of, publish
from publisher.schedule import Ask, Due, Waiting
from publisher.settings import Settings
from publisher.store import Store, issues, sends, subscribers
from publisher.store.issues import DigestRow

log = structlog.get_logger("run")
Say = Callable[[str], None]
AsNow = Callable[[Newsletter], Newsletter | None]
"""Gives a newsletter as its settings are in this moment, None while they cannot be used."""
WAITS = frozenset({Level.STOP, Level.HOLD})
"""What no rule sends by itself; over a stop a person cannot either."""
Said = dict[str, frozenset[tuple[str, str, str]]]
"""What the scan before told, by newsletter: digests by path, hash, state; issues that ask."""


def scan(
    settings: Settings,
    store: Store,
    *,
    say: Say,
    rebuild: bool = True,
    said: Said | None = None,
    as_now: AsNow = lambda newsletter: newsletter,
) -> Outcome:
    """Publish what is new and let each newsletter's rule schedule what it asks for.

    `said` remembers what was told, so that a fault or a question is told once, not every minute.
    `as_now` is asked when an issue is to be scheduled, because publishing may have taken its time.
    """
    total = Outcome()
    said = {} if said is None else said
    for newsletter in settings.newsletters:
        try:
            outcome = publish(
                settings,
                store,
                templates.load(settings.home),
                now=utc_now(),
                newsletters=[newsletter],
                rebuild=rebuild,
            )
            current = as_now(newsletter)
            answers = apply_rule(store, current, utc_now(), say=say) if current else ()
        except PublisherError as error:
            log.error("scan failed", newsletter=newsletter.slug, error=str(error), hint=error.hint)
            continue
        for word, records in (("published", outcome.new), ("revised", outcome.revised)):
            for record in records:
                say(f"{word} {record.slug} from {place_of(record)}")
        _tell_once(newsletter, outcome.digests, answers, said, say)
        total += outcome
    return total


def _tell_once(
    newsletter: Newsletter,
    rows: Sequence[DigestRow],
    answers: Sequence[Due | Ask],
    said: Said,
    say: Say,
) -> None:
    """Tell what was not told by the scan before: faults of digests, and what waits for a person."""
    asks = [answer for answer in answers if isinstance(answer, Ask)]
    told = said.get(newsletter.slug, frozenset())
    said[newsletter.slug] = frozenset(
        {(row.place, row.digest_hash, row.state) for row in rows}
        | {(ask.slug, "", "ask") for ask in asks}
    )
    for row in rows:
        if (row.place, row.digest_hash, row.state) not in told:
            _complain(row, newsletter, say)
    for ask in asks:
        if (ask.slug, "", "ask") not in told:
            say(f"waits for you: issue {ask.slug}: {ask.reason}")
            say(f"    hint: publisher send {ask.slug}")


def _complain(row: DigestRow, newsletter: Newsletter, say: Say) -> None:
    """Say why a digest is not published, or not sent by itself: place, cause, remedy."""
    words = {"held": "held", "aside": "set aside", "copy": "not published"}
    for finding in row.findings:
        if row.state not in words and finding.level not in WAITS:
            continue
        file = f"{newsletter.digests}/{row.path if finding.line else row.place}"
        place = ":".join(str(part) for part in (file, finding.line, finding.column) if part)
        say(f"{words.get(row.state, 'not sent by itself')}: {place}: {finding.message}")
        if finding.hint:
            say(f"    hint: {finding.hint}")


def apply_rule(
    store: Store, newsletter: Newsletter, now: datetime, *, say: Say
) -> tuple[Due | Ask, ...]:
    """Schedule the sends a newsletter's rule asks for now; give all its answers."""
    answers = rule_answers(store, newsletter, now)
    for answer in answers:
        if not isinstance(answer, Due):
            continue
        with store.begin() as conn, suppress(sends.AlreadyThere):
            number = sends.create_send(
                conn,
                newsletter.slug,
                answer.slug,
                Kind.ISSUE,
                at=answer.at,
                now=now,
                occurrence=answer.occurrence,
                wall=answer.wall,
            )
            say(f"send {number}: issue {answer.slug}, by the rule {newsletter.send!r}")
    return answers


def rule_answers(store: Store, newsletter: Newsletter, now: datetime) -> tuple[Due | Ask, ...]:
    """Ask the rule about every issue that has no send yet."""
    with store.read() as conn:
        sent = sends.with_a_send(conn, newsletter.slug)
        records = issues.records(conn, newsletter.slug)
        held = {
            row.source
            for row in issues.digests(conn, newsletter.slug)
            if row.state != "published" or any(f.level in WAITS for f in row.findings)
        }
        waiting = [
            record
            for record in records
            if record.slug not in sent and record.mailed is None and not record.back_catalogue
        ]
        rules = issues.rules(conn, newsletter.slug)
        # withdrawn ones still tell what came together and what was decided about
        directives: dict[str, str | None] = {
            one.slug: "no" for one in waiting if one.withdrawn is not None
        }
        directives |= {
            one.record.slug: one.issue.send
            for one in issues.published(conn, newsletter.slug, [one.slug for one in waiting])
        }
        zones = _zones(conn, newsletter) if waiting else None
    return schedule.decide_sends(
        schedule.parse(newsletter.send),
        newsletter.timezone,
        candidates=[
            Waiting(
                slug=record.slug,
                published=record.published,
                stated_date=record.date,
                send_directive=directives.get(record.slug),
                findings_hold=not held.isdisjoint(
                    {(record.path, ""), (record.path, record.part or "")}
                ),
                left_to_a_person=rules.get(record.slug) in {None, schedule.When.MANUAL},
            )
            for record in waiting
        ],
        now=now,
        sent_up_to=max(
            (one.published for one in records if one.slug in sent or one.mailed), default=None
        ),
        zones=zones,
    )


def _zones(conn: Connection, newsletter: Newsletter) -> list[str] | None:
    """List the readers' time zones, where a timed rule means each reader's own clock."""
    return subscribers.timezones(conn, newsletter.slug) if newsletter.local_time else None
