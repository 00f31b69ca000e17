"""model - the nouns of the house, frozen.

A *newsletter* publishes *issues*. An issue is read from a *digest* and has *sections* of *items*.
What was published is a `Record` in the register; `Published` joins the two. A *send* carries an
issue to an audience as *deliveries*; each attempt ends in a *reply*, judged by a *verdict*.

Faults: naive datetimes are refused. Never: rules, disk, clock. See: digest (makes issues), identity
(makes records), delivery (moves states).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeAlias

Day: TypeAlias = date
"""`date` under a name that the fields called `date` do not shadow."""

# --- findings -----------------------------------------------------------------


class Level(StrEnum):
    """How far a finding reaches.

    `stop` sets aside or refuses, `hold` waits for a person, `warn` and `note` inform.
    """

    STOP = "stop"
    HOLD = "hold"
    WARN = "warn"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing an editor should know about a digest; line and column count from 1."""

    level: Level
    code: str
    message: str
    hint: str = ""
    line: int | None = None
    column: int | None = None


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings as their lines stand in the digest; those about no line come last."""
    return tuple(
        sorted(findings, key=lambda one: (one.line is None, one.line or 0, one.column or 0))
    )


# --- what a digest says -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it stands in the text; `text` is what is shown."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of an issue, as it was made fit for the issue's page.

    `address` is what the digest says, `file` the name in the issue's folder, "" for one that shows
    nothing; `source` the SHA-256 of the bytes it was made from.
    """

    address: str
    file: str
    width: int
    height: int
    source: str


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of news: a paper, an article, a release.

    `html` is the body, sanitised once (no title, no title link); `text` the same as plain text,
    paragraphs parted by an empty line. `title` stands where titles stand in the digest, `alt_title`
    is its translation. `above_html`/`above_text` is prose of the section between the item before
    and this one, and no part of it.
    """

    title: str
    url: str | None = None
    html: str = ""
    text: str = ""
    alt_title: str | None = None
    title_language: str | None = None
    alt_title_language: str | None = None
    links: tuple[Link, ...] = ()
    authors: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    image: str | None = None
    line: int | None = None
    above_html: str = ""
    above_text: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Items under one heading.

    `form` names the recogniser that read them, `why` its reason. `html`/`text` is prose before the
    first item, `closing_html`/`closing_text` prose after the last. A `sponsor`'s section is shown as such, and its items are no news: they are not
    counted, listed, or put under a topic.
    """

    items: tuple[Item, ...] = ()
    title: str | None = None
    form: str = ""
    why: str = ""
    html: str = ""
    text: str = ""
    line: int | None = None
    sponsor: bool = False
    closing_html: str = ""
    closing_text: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """All its text but titles, in reading order."""
        items = (text for item in self.items for text in (item.above_text, item.text))
        return (self.text, *items, self.closing_text)


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue as its digest states it; what the digest does not state is None.

    `part` keys the issue inside a digest of many, None otherwise. `html`/`text` is the preface
    before the first section. `id`, `draft`, `send`, `subject` are directives of the front matter
    (`send` is "no" or a time as written). `pictures` are gathered when it is published.
    """

    sections: tuple[Section, ...] = ()
    title: str | None = None
    number: int | None = None
    date: date | None = None
    language: str | None = None
    authors: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    image: str | None = None
    html: str = ""
    text: str = ""
    part: str | None = None
    id: str | None = None
    draft: bool = False
    send: str | None = None
    subject: str | None = None
    not_before: Day | None = None
    pictures: tuple[Picture, ...] = ()

    @property
    def items(self) -> tuple[Item, ...]:
        """All items in reading order."""
        return tuple(item for section in self.sections for item in section.items)

    @property
    def all_html(self) -> Iterator[str]:
        """Every piece of its HTML in reading order."""
        yield self.html
        for section in self.sections:
            yield section.html
            for item in section.items:
                yield item.above_html
                yield item.html
            yield section.closing_html

    @property
    def addresses(self) -> frozenset[str]:
        """The items' addresses."""
        return frozenset(item.url for item in self.items if item.url)


@dataclass(frozen=True, slots=True)
class Extent:
    """Where one issue stands in a digest of many: first and last line; `hash` is of its own text.

    Its own is what stands below the heading, where the links lead, and what the front matter says
    to all.
    """

    part: str
    line: int
    end: int
    hash: str

    def holds(self, finding: Finding) -> bool:
        """Whether a finding is about this issue alone."""
        return finding.line is not None and self.line <= finding.line <= self.end


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading one digest gave: its issues (none when set aside), findings, the encoding.

    `extents`: of a digest of many issues where each stands, in their order; none where it is one.
    """

    issues: tuple[Issue, ...]
    findings: tuple[Finding, ...] = ()
    encoding: str = "utf-8"
    extents: tuple[Extent, ...] = ()

    @property
    def is_stopped(self) -> bool:
        """Whether a finding sets the digest aside."""
        return any(finding.level is Level.STOP for finding in self.findings)


# --- who publishes ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """What a newsletter looks like: the mail look's name, its colours (`#rrggbb`), its letters.

    `font` is "sans", "serif", a font stack without quotes, or "": what suits the look.
    """

    name: str = "digest"
    accent: str = "#0b57d0"
    accent_dark: str = "#8ab4f8"
    paper: str = "#fcfbf9"
    paper_dark: str = "#17191c"
    ink: str = "#23262b"
    ink_dark: str = "#dcdfe4"
    font: str = ""
    logo: str | None = None
    footer: str = ""


@dataclass(frozen=True, slots=True)
class SectionNames:
    """Names of sections that are no news, `*` standing for anything: left out, prose, adverts."""

    drop: tuple[str, ...] = ()
    prose: tuple[str, ...] = ()
    sponsor: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Newsletter:
    """A newsletter as the settings describe it.

    `path` is "" or "name/" and stands first in all its addresses; `id` names its feeds for ever,
    once published; `site_url` and `app_url` end in "/" or are None. `send` is the send rule;
    `in_doubt` is "resend" or "hold". Relative addresses in digests lead on from `base_url`; `images`
    is "link" or "rehost". `titles` lists the languages whose titles items show, the leading one
    first; empty: both, the reader's first. `topics` maps each topic to the words that speak of it.
    `hubs` are the WebSub hubs its feeds name and tell of changes; there are none without `site_url`.

    Of its sends: a deferred delivery waits `retries` one after the other, the last one again and
    again, until `give_up` after its first attempt. `quiet` is "" or the hours in which nothing but
    tests leaves ("22:00-07:00", in `timezone`). `canary` is the part of an audience that goes
    before the rest, 0 for none; those with the addresses of `editors` are the first in it. With
    `local_time` the send rule's time, and --at, is each subscriber's own local time.
    """

    slug: str
    title: str
    path: str = ""
    id: str | None = None
    description: str = ""
    language: str = "en"
    titles: tuple[str, ...] = ()
    timezone: str = "UTC"
    digests: str = "digests"
    send: str = "manual"
    in_doubt: str = "resend"
    site_url: str | None = None
    app_url: str | None = None
    base_url: str | None = None
    hubs: tuple[str, ...] = ()
    images: str = "link"
    sender_name: str = ""
    sender_address: str | None = None
    reply_to: str | None = None
    postal_address: str = ""
    bounce_domain: str | None = None
    window: int = 20
    retries: tuple[timedelta, ...] = tuple(
        timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 120, 240)
    )
    give_up: timedelta = timedelta(hours=48)
    quiet: str = ""
    canary: float = 0.01
    editors: tuple[str, ...] = ()
    local_time: bool = False
    topics: tuple[tuple[str, tuple[str, ...]], ...] = ()
    sections: SectionNames = field(default_factory=SectionNames)
    look: Look = field(default_factory=Look)


# --- what was published -------------------------------------------------------


def _aware(moment: datetime | None, name: str) -> None:
    if moment is not None and moment.tzinfo is None:
        raise ValueError(f"{name} must carry a time zone")


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """What the register keeps of an item.

    `key` and `anchor` are for ever, address and title to know it again; `gone` when the digest
    dropped it.
    """

    key: str
    anchor: str
    url: str | None = None
    title: str = ""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """What the register keeps of an issue: all that cannot be recomputed.

    `id` is the feeds' entry id, minted once. `hashes` are the SHA-256 of every digest text it was
    ever read from, newest last; `text_hash` is over the visible text (moves `updated`). `items`:
    the live ones in the issue's order, then the gone.
    """

    newsletter: str
    id: str
    slug: str
    path: str
    published: datetime
    updated: datetime
    part: str | None = None
    number: int | None = None
    date: date | None = None
    title: str | None = None
    hashes: tuple[str, ...] = ()
    text_hash: str = ""
    items: tuple[ItemRecord, ...] = ()
    back_catalogue: bool = False
    mailed: datetime | None = None
    withdrawn: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse naive moments."""
        for name in ("published", "updated", "mailed", "withdrawn"):
            _aware(getattr(self, name), name)

    @property
    def live_items(self) -> tuple[ItemRecord, ...]:
        """The records of the items the issue has now, in its order."""
        return tuple(item for item in self.items if not item.gone)

    @property
    def sort_key(self) -> tuple[datetime, str]:
        """Entries sort by (published, slug)."""
        return (self.published, self.slug)


@dataclass(frozen=True, slots=True)
class Register:
    """The whole register: what is fixed of each newsletter, its path and its feeds' id; records."""

    paths: tuple[tuple[str, str], ...] = ()
    records: tuple[Record, ...] = ()
    ids: tuple[tuple[str, str], ...] = ()

    def of(self, newsletter: str) -> tuple[Record, ...]:
        """Return the records of one newsletter, in register order."""
        return tuple(record for record in self.records if record.newsletter == newsletter)


@dataclass(frozen=True, slots=True)
class Published:
    """An issue together with its record."""

    issue: Issue
    record: Record

    def items(self) -> Iterator[tuple[Item, ItemRecord]]:
        """Each item with its record, in reading order."""
        return zip(self.issue.items, self.record.live_items, strict=True)


@dataclass(frozen=True, slots=True)
class Passage:
    """What a search finds: an item, or with an empty anchor the issue and what is in no item.

    `language` is the title's; `about` is found but not shown: authors, topics, what else it is
    known by. `heading` and `date` are the issue's.
    """

    anchor: str
    title: str
    second: str
    language: str
    text: str
    about: str
    heading: str
    date: Day


LARGE_MAIL: Final = 90_000
MOST_MAIL: Final = 100_000
"""Bytes of HTML; Gmail cuts a mail not far above and hides the rest, the way out included."""


@dataclass(frozen=True, slots=True)
class Edition:
    """One rendering of an issue; `subject` only where it is mail.

    So are the others: the `look` that was taken, which may be a leaner one than was asked for; how
    many items were `left_out` for the page to tell; the bytes of the HTML as its reader gets it; what
    greets a reader whose name is known, `{name}` open.
    """

    name: str
    media_type: str
    body: str
    subject: str = ""
    look: str = ""
    left_out: int = 0
    size_bytes: int = 0
    greeting: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """What may differ between readers of one issue; each distinct variant is rendered once."""

    language: str
    look: str = "digest"
    topics: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The variant as the ledger writes it: `zh-CN/digest/` and its topics."""
        return f"{self.language}/{self.look}/{','.join(self.topics)}"


class Slot(StrEnum):
    """What is personal in an edition, filled per recipient.

    Opaque ASCII, never parsed as a template. The value is equally good inside HTML text, an attribute and plain text; what fills it is
    escaped by who fills it.
    """

    UNSUBSCRIBE = "__publisher-slot-unsubscribe__"
    GREETING = "__publisher-slot-greeting__"


# --- who is written to --------------------------------------------------------


class SubscriberState(StrEnum):
    """`pending` waits for a confirmation; only `active` is ever mailed."""

    PENDING = "pending"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One address of one newsletter."""

    id: int
    newsletter: str
    address: str
    state: SubscriberState
    joined: datetime
    name: str = ""
    language: str | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """Why we may write to someone: where the consent came from, in words, and when."""

    source: str
    words: str
    at: datetime


# --- sending ------------------------------------------------------------------


class Kind(StrEnum):
    """What a delivery is for; only `issue` counts for the promise of once."""

    ISSUE = "issue"
    TEST = "test"
    ERRATUM = "erratum"


class SendState(StrEnum):
    """The states of a send."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


class DeliveryState(StrEnum):
    """The states of a delivery."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    IN_DOUBT = "in_doubt"
    SKIPPED = "skipped"


COUNTS_AS_SENT: Final = frozenset(
    {
        DeliveryState.QUEUED,
        DeliveryState.SENDING,
        DeliveryState.DEFERRED,
        DeliveryState.IN_DOUBT,
        DeliveryState.ACCEPTED,
    }
)
"""A subscriber with an `issue` delivery in one of these states is not sent the issue again."""


@dataclass(frozen=True, slots=True)
class Send:
    """One send of one issue to one audience; `counts` maps each delivery state to its number.

    `canary`: so many of its first lots go alone, until somebody or something is content with them.
    `wall`: such as 2026-11-27T09:00, when each subscriber's own clock shows this.
    """

    id: int
    newsletter: str
    issue: str
    kind: Kind
    state: SendState
    at: datetime
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    missing: bool = False
    occurrence: str | None = None
    note: str = ""
    counts: tuple[tuple[DeliveryState, int], ...] = ()
    canary: int = 0
    wall: str | None = None

    def count(self, state: DeliveryState) -> int:
        """Return the number of deliveries in one state."""
        return dict(self.counts).get(state, 0)

    @property
    def total(self) -> int:
        """All deliveries of the send."""
        return sum(number for _, number in self.counts)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of the ledger: one recipient of one send."""

    id: int
    send: int
    issue: str
    subscriber: int | None
    kind: Kind
    address: str
    name: str
    variant: str
    state: DeliveryState
    attempts: int = 0
    next_at: datetime | None = None
    code: int | None = None
    words: str = ""
    updated: datetime | None = None
    relay: str | None = None


class Recipient(NamedTuple):
    """A delivery in its sender's hand, with no more than its message needs."""

    id: int
    subscriber: int | None
    address: str
    name: str
    variant: str
    attempts: int = 0


class Envelope(NamedTuple):
    """The two addresses SMTP speaks of."""

    sender: str
    recipient: str


class Phase(StrEnum):
    """Where in the dialogue a reply came, or the connection ended."""

    CONNECT = "connect"
    HELLO = "hello"
    TLS = "tls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"


class Parcel:
    """A message on its way.

    `delivery` is its number in the ledger; the pieces of `content`, joined, are the whole message:
    lines end in CRLF, none begins with a dot, the last one is ended; `is_eight_bit`: some bytes are
    over 127. `place` is its sender's own.
    """

    __slots__ = ("content", "delivery", "envelope", "is_eight_bit", "place")

    def __init__(
        self,
        delivery: int,
        envelope: Envelope,
        content: Sequence[bytes],
        place: Any = None,
        is_eight_bit: bool = False,
    ) -> None:
        self.delivery = delivery
        self.envelope = envelope
        self.content = content
        self.place = place
        self.is_eight_bit = is_eight_bit


class Reply(NamedTuple):
    """How an attempt ended: the relay's answer, or `code` None when none came.

    `enhanced` is the status of RFC 3463 ("5.1.1"). With `code` None and phase `dot` the content was
    given away and no answer came: in doubt.
    """

    phase: Phase
    code: int | None = None
    enhanced: str | None = None
    words: str = ""


class Outcome(StrEnum):
    """What a verdict decides.

    The first four are states of the delivery; `relay` blames the relay and charges nobody.
    """

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    IN_DOUBT = "in_doubt"
    RELAY = "relay"


class Refusal(StrEnum):
    """Why a recipient is refused: nobody lives there, not in this moment, or not from us."""

    HARD = "hard"
    SOFT = "soft"
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reply means: the outcome, how long to wait, and why in words.

    `wait` is the least; `refusal` is the kind of a refusal. A receiving domain that says it is too
    much is left alone for `domain_rest`.
    """

    outcome: Outcome
    reason: str
    wait: timedelta | None = None
    refusal: Refusal | None = None
    domain_rest: timedelta | None = None
