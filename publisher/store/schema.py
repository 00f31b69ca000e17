"""schema - the tables, once, for SQLite and PostgreSQL.

Beside the tables stand the three column types of the house: a moment is aware and UTC, a choice is
one of an enumeration (the database checks it too), words are free text any database can hold. On
SQLite a moment is text of fixed width, so that comparing is ordering.

The keys that matter: `delivery` is unique on (send, subscriber), and on (issue, subscriber) among
the rows that count as sent. The second one is the promise "once", kept by the database; so is what
counts, by a check, whoever writes.
`delivery.subscriber` and `delivery.issue` are no foreign keys on purpose: checking them would read
the whole ledger when someone is erased and double the cost of a freeze. Ids of subscribers are
never used again, so that the ledger never speaks of another person.

Faults: a naive moment is a ValueError. Never: statements; those stand in issues, subscribers,
sends and ledger. See: migrations (the same tables, as history; a test compares the two).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    any_,
    event,
    literal,
    literal_column,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeDecorator, TypeEngine

from publisher.model import COUNTS_AS_SENT, DeliveryState, Kind, SendState, SubscriberState

# --- column types -------------------------------------------------------------

_WIDTH: Final = "%Y-%m-%dT%H:%M:%S.%fZ"


class Moment(TypeDecorator[datetime]):
    """An aware moment, UTC in the database: `timestamptz`, or text of fixed width on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose text on SQLite."""
        return String(27) if dialect.name == "sqlite" else DateTime(timezone=True)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse naive moments and turn the others to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} must carry a time zone")
        value = value.astimezone(UTC)
        # strftime does not pad the year everywhere, isoformat always does
        return (
            f"{value.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
            if dialect.name == "sqlite"
            else value
        )

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give the moment back in UTC."""
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        moment: datetime = value
        return moment.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Free text from outside: without NUL and lone surrogates, which no database takes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Drop NUL, replace what UTF-8 cannot write."""
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


class Choice(TypeDecorator[StrEnum]):
    """One member of an enumeration, written as its value."""

    impl = Text
    cache_ok = True

    def __init__(self, members: type[StrEnum]) -> None:
        super().__init__()
        self.members = members

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write the value, whether a member or already its text."""
        return None if value is None else str(self.members(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """Give the member back."""
        return None if value is None else self.members(value)


Big: Final = BigInteger().with_variant(Integer, "sqlite")
"""64 bits on both; SQLite numbers rows only in a column called INTEGER."""

Sorted: Final = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""Text that is ordered byte by byte on both, whatever the database's language."""


class LotState(StrEnum):
    """A lot waits, is being worked on, or has nothing left."""

    FREE = "free"
    BUSY = "busy"
    DONE = "done"


class DigestState(StrEnum):
    """What the last scan did with a digest."""

    PUBLISHED = "published"
    HELD = "held"
    ASIDE = "aside"
    DRAFT = "draft"
    WAITING = "waiting"
    COPY = "copy"


# --- tables -------------------------------------------------------------------

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _one_of(column: str, members: Iterable[StrEnum]) -> CheckConstraint:
    """Let a column hold members only."""
    values = ", ".join(f"'{member}'" for member in members)
    return CheckConstraint(f"{column} IN ({values})", name=column)


def _is_any(column: str, members: Iterable[StrEnum]) -> CheckConstraint:
    """Do the same on the ledger's hot rows: SQLite builds the list of an IN anew for each row."""
    return CheckConstraint(" OR ".join(f"{column} = '{member}'" for member in members), name=column)


def _counts() -> CheckConstraint:
    """Let `counts` say nothing but what kind and state say."""
    not_these = " AND ".join(
        f"state <> '{state}'" for state in DeliveryState if state not in COUNTS_AS_SENT
    )
    return CheckConstraint(f"counts = (kind = '{Kind.ISSUE}' AND {not_these})", name="counts")


issue: Final = Table(
    "issue",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("newsletter", Text, nullable=False),
    Column("slug", Sorted, nullable=False),
    Column("published", Moment, nullable=False),
    Column("mailed", Moment),
    Column("withdrawn", Moment),
    Column("rule", Text),  # the send rule when it was first published; none: not known
    Column("record", Text, nullable=False),  # the rest of model.Record, as JSON
    Column("content", Text),  # model.Issue as JSON; none while only the register knows it
    UniqueConstraint("newsletter", "slug"),
    Index("ix_issue_newsletter_published", "newsletter", "published", "slug"),
)

shelf: Final = Table(
    "shelf",
    metadata,
    Column("newsletter", Text, primary_key=True),
    Column("slug", Sorted, primary_key=True),
    Column("id", Text, nullable=False),
    Column("path", Sorted, nullable=False),
    Column("part", Text),
    Column("hash", Text, nullable=False),  # of the text it was read from last; empty: unknown
    Column("published", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("mailed", Moment),  # as the register has it
    Column("standing", Boolean, nullable=False),  # neither withdrawn nor without a text
    Column("year", Integer),
    Column("card", Text),  # render.shelf.Card as JSON; none: it does not stand
    Index("ix_shelf_newsletter_published", "newsletter", "published", "slug"),
    Index("ix_shelf_newsletter_year", "newsletter", "year"),
)

shelf_mark: Final = Table(
    "shelf_mark",
    metadata,
    Column("newsletter", Text, primary_key=True),
    Column("mark", Text, primary_key=True),  # hashed: a text, an item's address, its page
    Column("slug", Sorted, primary_key=True),
    Index("ix_shelf_mark_newsletter_slug", "newsletter", "slug"),
)

shelf_entry: Final = Table(
    "shelf_entry",
    metadata,
    Column("newsletter", Text, primary_key=True),
    Column("slug", Sorted, primary_key=True),
    Column("place", Integer, primary_key=True),  # 0: the issue itself, else its item
    Column("published", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("card", Text),  # render.shelf.ItemCard as JSON; none: an issue
    Column("entry", Text, nullable=False),  # render.shelf.Entry as JSON
    Index("ix_shelf_entry_newsletter_published", "newsletter", "published", "slug", "place"),
)

shelf_topic: Final = Table(
    "shelf_topic",
    metadata,
    Column("newsletter", Text, primary_key=True),
    Column("topic", Sorted, primary_key=True),
    Column("slug", Sorted, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("name", Words, nullable=False),
    Column("published", Moment, nullable=False),
    Column("year", Integer, nullable=False),
    Index("ix_shelf_topic_newsletter_topic", "newsletter", "topic", "published", "slug", "place"),
    Index("ix_shelf_topic_newsletter_slug", "newsletter", "slug"),
)

shelf_state: Final = Table(
    "shelf_state",
    metadata,
    Column("newsletter", Text, primary_key=True),
    Column("rendering", Text, nullable=False),  # of what all was shelved with; empty: in the midst
    Column("register", Text, nullable=False),  # the hash of register.json that tells the same
)

passage: Final = Table(
    "passage",
    metadata,
    Column("id", Big, primary_key=True),
    Column("issue", Integer, ForeignKey("issue.id"), nullable=False),
    Column("anchor", Sorted, nullable=False),  # empty: the issue itself
    Column("title", Words, nullable=False),
    Column("second", Words, nullable=False),
    Column("language", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("heading", Words, nullable=False),
    Column("date", Text, nullable=False),
    UniqueConstraint("issue", "anchor"),
)

WORDS_TABLE: Final = "passage_words"
"""What passages are found by: no table that SQLAlchemy could describe, see `search`."""
_WORDS_TABLES: Final[dict[str, tuple[str, ...]]] = {
    "sqlite": (
        f"CREATE VIRTUAL TABLE {WORDS_TABLE} USING fts5"
        """(title, text, prefix = 1, tokenize = "ascii tokenchars '+#'")""",
    ),
    "postgresql": (
        f"CREATE TABLE {WORDS_TABLE} ("
        " passage bigint CONSTRAINT pk_passage_words PRIMARY KEY"
        " CONSTRAINT fk_passage_words_passage REFERENCES passage ON DELETE CASCADE,"
        " words tsvector NOT NULL, line text)",
        f"CREATE INDEX ix_passage_words_words ON {WORDS_TABLE} USING gin (words)",
    ),
}
for _dialect, _statements in _WORDS_TABLES.items():
    for _statement in _statements:
        _ddl = DDL(_statement)  # type: ignore[no-untyped-call]
        event.listen(passage, "after_create", _ddl.execute_if(dialect=_dialect))

digest: Final = Table(
    "digest",
    metadata,
    Column("newsletter", Text, primary_key=True),
    Column("path", Sorted, primary_key=True),
    Column("part", Sorted, primary_key=True),  # empty: the file itself
    Column("digest_hash", Text, nullable=False),
    Column("state", Choice(DigestState), nullable=False),
    Column("findings", Text, nullable=False),
    Column("seen", Moment, nullable=False),
    _one_of("state", DigestState),
)

subscriber: Final = Table(
    "subscriber",
    metadata,
    Column("id", Big, primary_key=True),
    Column("newsletter", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("folded", Text, nullable=False),  # the address as it is compared
    Column("name", Words, nullable=False),
    Column("language", Words),
    Column("state", Choice(SubscriberState), nullable=False),
    Column("joined", Moment, nullable=False),
    Column("timezone", Words),
    UniqueConstraint("newsletter", "folded"),
    _one_of("state", SubscriberState),
    Index("ix_subscriber_newsletter_state", "newsletter", "state", "id"),
    sqlite_autoincrement=True,
)

consent: Final = Table(
    "consent",
    metadata,
    Column("id", Big, primary_key=True),
    Column("subscriber", Big, ForeignKey("subscriber.id", ondelete="CASCADE"), nullable=False),
    Column("source", Words, nullable=False),
    Column("words", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_consent_subscriber", "subscriber"),
)

suppression: Final = Table(
    "suppression",
    metadata,
    Column("id", Big, primary_key=True),
    Column("newsletter", Text, nullable=False),
    Column("folded", Text),
    Column("hash", Text),  # of an erased address: nobody can read it, everybody can compare
    Column("reason", Words, nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("newsletter", "folded"),
    UniqueConstraint("newsletter", "hash"),
    CheckConstraint("(folded IS NULL) <> (hash IS NULL)", name="one_form"),
)

hard_bounce: Final = Table(
    "hard_bounce",
    metadata,
    Column("id", Big, primary_key=True),
    Column("newsletter", Text, nullable=False),
    Column("folded", Text, nullable=False),
    Column("day", Text, nullable=False),  # of UTC, as 2026-11-27: one counts for the whole day
    Column("at", Moment, nullable=False),
    Column("words", Words, nullable=False),
    UniqueConstraint("newsletter", "folded", "day"),
)

send: Final = Table(
    "send",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("newsletter", Text, nullable=False),
    Column("issue", Integer, ForeignKey("issue.id"), nullable=False),
    Column("kind", Choice(Kind), nullable=False),
    Column("state", Choice(SendState), nullable=False),
    Column("at", Moment, nullable=False),
    Column("created", Moment, nullable=False),
    Column("started", Moment),  # when the audience was frozen
    Column("finished", Moment),
    Column("missing", Boolean, nullable=False),
    Column("occurrence", Text),
    Column("note", Words, nullable=False),
    Column("tally", Text),  # the counts, once they cannot change any more
    Column("canary", Integer, nullable=False, server_default="0"),  # so many first lots go alone
    Column("wall", Text),  # 2026-11-27T09:00: then, on the clock of each subscriber
    UniqueConstraint("newsletter", "occurrence"),
    _one_of("kind", Kind),
    _one_of("state", SendState),
    Index("ix_send_issue", "issue"),
    Index("ix_send_state", "state", "at"),
    sqlite_autoincrement=True,
)

edition: Final = Table(
    "edition",
    metadata,
    Column("send", Integer, ForeignKey("send.id"), primary_key=True),
    Column("variant", Text, primary_key=True),
    Column("subject", Words, nullable=False),
    Column("html", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("greeting", Words, nullable=False, server_default=""),
)

lot: Final = Table(
    "lot",
    metadata,
    Column("id", Big, primary_key=True),
    Column("send", Integer, ForeignKey("send.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", Choice(LotState), nullable=False),
    Column("due", Moment),  # not before this; none: at once
    Column("owner", Text),
    Column("generation", Integer, nullable=False),  # the fence: rises with each owner
    Column("lease", Moment),  # on the database's clock where it has one
    Column("tally", Text),  # the counts while they stand still; none: look at the deliveries
    Column("released", Moment),  # by its last owner
    UniqueConstraint("send", "number"),
    _one_of("state", LotState),
    CheckConstraint("state <> 'busy' OR (owner IS NOT NULL AND lease IS NOT NULL)", name="held"),
    Index("ix_lot_state", "state", "send", "due", "number"),
)

delivery: Final = Table(
    "delivery",
    metadata,
    Column("id", Big, primary_key=True),
    Column("send", Integer, ForeignKey("send.id"), nullable=False),
    Column("lot", Integer, nullable=False),  # lot.number
    Column("issue", Integer, nullable=False),
    Column("subscriber", Big),  # none: a test, or erased
    Column("kind", Choice(Kind), nullable=False),
    Column("address", Text, nullable=False),  # as it was frozen; empty: erased
    Column("name", Words, nullable=False),
    Column("variant", Text, nullable=False),
    Column("state", Choice(DeliveryState), nullable=False),
    Column("doubt", Boolean, nullable=False),  # an attempt ended in doubt: it may have arrived
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment),
    Column("code", Integer),
    Column("words", Words, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("relay", Text),  # who carried the last attempt
    Column("counts", Boolean, nullable=False),  # as sent, so that nobody is sent the issue again
    UniqueConstraint("send", "subscriber"),
    _is_any("kind", Kind),
    _is_any("state", DeliveryState),
    _counts(),
    Index("ix_delivery_lot", "send", "lot"),
)

attempt: Final = Table(
    "attempt",
    metadata,
    Column("id", Big, primary_key=True),
    Column("delivery", Big, ForeignKey("delivery.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("state", Choice(DeliveryState), nullable=False),
    Column("code", Integer),
    Column("words", Words, nullable=False),
    _one_of("state", DeliveryState),
    Index("ix_attempt_delivery", "delivery"),
)


allowance: Final = Table(
    "allowance",
    metadata,
    Column("key", Text, primary_key=True),
    Column("next", Double, nullable=False),  # when the next is due, in seconds since 1970
    Column("apart", Double, nullable=False),  # so many seconds lie between two
)

spent: Final = Table(
    "spent",
    metadata,
    Column("key", Text, primary_key=True),
    Column("minute", Integer, primary_key=True, autoincrement=False),  # since 1970
    Column("used", Integer, nullable=False),
)

ping: Final = Table(
    "ping",
    metadata,
    Column("newsletter", Text, primary_key=True),
    Column("hub", Text, primary_key=True),
    Column("topic", Sorted, primary_key=True),  # the whole address of the feed that changed
    Column("since", Moment, nullable=False),  # its newest change, and of each change another moment
    Column("tries", Integer, nullable=False),  # since then
    Column("next_at", Moment),  # none: given up
    Column("words", Words, nullable=False),  # why the last try failed
)

reader: Final = Table(
    "reader",
    metadata,
    Column("day", Text, primary_key=True),  # of UTC, as 2026-11-27
    Column("feed", Sorted, primary_key=True),  # its path in feeds/
    Column("agent", Sorted, primary_key=True),  # an aggregator; empty: all who tell no number
    Column("claimed", Integer, nullable=False),  # the most readers it told of that day
    Column("fetches", Big, nullable=False),  # by those who tell no number
)


def counting() -> ColumnElement[bool]:
    """Say which deliveries count as sent, in the very words of the index, so that it is used."""
    return literal_column("delivery.counts")


once: Final = Index(
    "uq_delivery_once",
    delivery.c.issue,
    delivery.c.subscriber,
    unique=True,
    sqlite_where=text("counts"),
    postgresql_where=text("counts"),
)
"""Nobody has two deliveries of an issue that count as sent.

The index names `counts` and not the state it follows from: it is left alone while a delivery moves
from one state that counts to the next, which is all that happens to most.
"""


# --- the differences between the two ------------------------------------------


def insert_into(conn: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Begin an INSERT that knows ON CONFLICT, in the dialect of the connection."""
    if conn.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def is_one_of(
    conn: Connection, column: ColumnElement[Any], values: Sequence[Any]
) -> ColumnElement[bool]:
    """Compare with many values; as one array where there are arrays, which is quicker to plan."""
    if conn.dialect.name == "sqlite":
        return column.in_(values)
    return column == any_(literal(list(values), postgresql.ARRAY(column.type)))
