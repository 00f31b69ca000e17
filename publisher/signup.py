"""signup - how people come into an audience and leave it.

Someone is added by an editor or an import, with recorded consent; leaves by one click, without a
login; comes back by taking that click back. Faults: RefusedError naming the reason. Never: writes
to an address without consent. See: store.subscribers (the rows), web.audience (the pages).
"""

from __future__ import annotations

from datetime import datetime

from publisher.model import Consent, Newsletter, Subscriber, SubscriberState
from publisher.store import Store, subscribers


def add(
    store: Store,
    newsletter: Newsletter,
    address: str,
    *,
    consent: Consent,
    name: str = "",
    language: str | None = None,
    key: bytes,
    now: datetime,
) -> subscribers.Added:
    """Add one address with its consent; raises RefusedError when it is not an address.

    The home's secret key tells erased addresses, which stay unmailed. Who is known already keeps
    all but a language that is given anew.
    """
    known = (subscribers.Added.KNOWN, subscribers.Added.REVIVED)
    with store.begin() as conn:
        added = subscribers.add(
            conn,
            newsletter.slug,
            address,
            consent=consent,
            name=name,
            language=language,
            key=key,
            now=now,
        )
        if language and added in known:
            is_other = subscribers.speak(conn, newsletter.slug, address, language)
            return subscribers.Added.CHANGED if is_other and added is known[0] else added
        return added


def unsubscribe(
    store: Store, newsletter: Newsletter, subscriber_id: int, *, now: datetime, how: str
) -> bool:
    """End a subscription for good; says whether anything changed. Safe to repeat."""
    return _move(store, newsletter, subscriber_id, SubscriberState.UNSUBSCRIBED, now, how)


def restore(store: Store, newsletter: Newsletter, subscriber_id: int, *, now: datetime) -> bool:
    """Take an unsubscription back, on the subscriber's own word."""
    words = "taken back on the unsubscribe page"
    return _move(store, newsletter, subscriber_id, SubscriberState.ACTIVE, now, words)


def _move(
    store: Store,
    newsletter: Newsletter,
    subscriber_id: int,
    to: SubscriberState,
    now: datetime,
    words: str,
) -> bool:
    with store.begin() as conn:
        subscriber: Subscriber | None = subscribers.get(conn, subscriber_id)
        if subscriber is None or subscriber.newsletter != newsletter.slug:
            return False
        is_pending = subscriber.state is SubscriberState.PENDING
        if subscriber.state is to or (is_pending and to is SubscriberState.ACTIVE):
            return False  # who never confirmed has nothing to take back
        subscribers.set_state(conn, subscriber_id, to, now, words)
        return True
