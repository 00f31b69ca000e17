"""metrics - what a monitor asks every few seconds, in the text format of Prometheus.

    publisher_subscribers{newsletter, state}     people
    publisher_sends{newsletter, state}           sends
    publisher_deliveries{newsletter, state}      deliveries of all sends; only `accepted`, `refused`
                                                 and `skipped` never fall
    publisher_send_rate{newsletter, send}        messages a second accepted lately, of running sends
    publisher_relay_resting                      1 while a running send waits for a relay
    publisher_pings{newsletter, state}           changed feeds hubs are still to be told of: `waiting`,
                                                 or `given_up` until they change again
    publisher_feed_readers{newsletter, feed}     readers that aggregators tell of, on the last whole day
    publisher_feed_fetches{newsletter, feed}     fetches by others on that day

They count readers, which is nobody else's business: who asks from elsewhere, or through a proxy,
finds nothing here. Faults: StoreError. Never: an address, a title. See: web.gate, docs/delivery.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from publisher.model import Newsletter, SendState
from publisher.store import Store, pings, readers, sends, subscribers

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_Labels = tuple[tuple[str, str], ...]


def exposition(store: Store, newsletters: Iterable[Newsletter], now: datetime) -> str:
    """Write all there is to count, one sample a line."""
    people: Counter[_Labels] = Counter()
    of_sends: Counter[_Labels] = Counter()
    deliveries: Counter[_Labels] = Counter()
    rates: dict[_Labels, float] = {}
    owed: Counter[_Labels] = Counter()
    claimed: Counter[_Labels] = Counter()
    fetches: Counter[_Labels] = Counter()
    resting = 0
    newsletters = tuple(newsletters)
    with store.read() as conn:
        for newsletter in newsletters:
            name = ("newsletter", newsletter.slug)
            for person, number in subscribers.count(conn, newsletter.slug).items():
                people[name, ("state", person)] += number
            for send in sends.sends(conn, newsletter.slug):
                of_sends[name, ("state", send.state)] += 1
                for state, number in send.counts:
                    deliveries[name, ("state", state)] += number
                if send.state is SendState.RUNNING:
                    progress = sends.progress(conn, send.id, now)
                    rates[name, ("send", str(send.id))] = round(progress.rate(now), 3)
                    resting = resting or int(bool(send.note))
            for debt in pings.debts(conn, newsletter):
                owed[name, ("state", "waiting")] += debt.waiting
                owed[name, ("state", "given_up")] += debt.given_up
            for feed in readers.figures(conn, newsletter, newsletters, now.date()).feeds:
                claimed[name, ("feed", feed.path)] = feed.readers.claimed
                fetches[name, ("feed", feed.path)] = feed.readers.fetches
    lines = [
        *_metric("publisher_subscribers", "Subscribers.", people),
        *_metric("publisher_sends", "Sends.", of_sends),
        *_metric("publisher_deliveries", "Deliveries of all sends.", deliveries),
        *_metric("publisher_send_rate", "Messages a second of running sends.", rates),
        *_metric("publisher_relay_resting", "Whether a relay is waited for.", {(): resting}),
        *_metric("publisher_pings", "Changed feeds that hubs are still to be told of.", owed),
        *_metric("publisher_feed_readers", "Readers that aggregators tell of.", claimed),
        *_metric("publisher_feed_fetches", "Fetches a day by all others.", fetches),
    ]
    return "\n".join(lines) + "\n"


def _metric(name: str, about: str, samples: Mapping[_Labels, float]) -> Iterable[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} gauge"
    for labels, value in sorted(samples.items()):
        told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
        yield f"{name}{{{told}}} {value}" if told else f"{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
