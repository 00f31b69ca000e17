"""0001 - the first tables: issues, digests, subscribers, and the ledger."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

Big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Moment = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
Sorted = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def one_of(table: str, column: str, *values: str) -> sa.CheckConstraint:
    members = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({members})", name=op.f(f"ck_{table}_{column}"))


KINDS = ("issue", "test", "erratum")
DELIVERY_STATES = (
    "queued", "sending", "accepted", "deferred", "refused", "in_doubt", "skipped",
)  # fmt: skip


def upgrade() -> None:
    _issues()
    _subscribers()
    _sends()
    _deliveries()


def _issues() -> None:
    op.create_table(
        "issue",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("newsletter", sa.Text, nullable=False),
        sa.Column("slug", Sorted, nullable=False),
        sa.Column("published", Moment, nullable=False),
        sa.Column("mailed", Moment),
        sa.Column("withdrawn", Moment),
        sa.Column("rule", sa.Text),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("content", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_issue"),
        sa.UniqueConstraint("newsletter", "slug", name="uq_issue_newsletter_slug"),
    )
    op.create_index("ix_issue_newsletter_published", "issue", ["newsletter", "published", "slug"])
    op.create_table(
        "digest",
        sa.Column("newsletter", sa.Text, nullable=False),
        sa.Column("path", Sorted, nullable=False),
        sa.Column("part", Sorted, nullable=False),
        sa.Column("digest_hash", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("findings", sa.Text, nullable=False),
        sa.Column("seen", Moment, nullable=False),
        sa.PrimaryKeyConstraint("newsletter", "path", "part", name="pk_digest"),
        one_of("digest", "state", "published", "held", "aside", "draft", "waiting", "copy"),
    )


def _subscribers() -> None:
    op.create_table(
        "subscriber",
        sa.Column("id", Big, nullable=False),
        sa.Column("newsletter", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("folded", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("joined", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subscriber"),
        sa.UniqueConstraint("newsletter", "folded", name="uq_subscriber_newsletter_folded"),
        one_of("subscriber", "state", "pending", "active", "unsubscribed"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_subscriber_newsletter_state", "subscriber", ["newsletter", "state", "id"])
    op.create_table(
        "consent",
        sa.Column("id", Big, nullable=False),
        sa.Column("subscriber", Big, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
        sa.ForeignKeyConstraint(
            ["subscriber"], ["subscriber.id"], name="fk_consent_subscriber", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_consent_subscriber", "consent", ["subscriber"])
    op.create_table(
        "suppression",
        sa.Column("id", Big, nullable=False),
        sa.Column("newsletter", sa.Text, nullable=False),
        sa.Column("folded", sa.Text),
        sa.Column("hash", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_suppression"),
        sa.UniqueConstraint("newsletter", "folded", name="uq_suppression_newsletter_folded"),
        sa.UniqueConstraint("newsletter", "hash", name="uq_suppression_newsletter_hash"),
        sa.CheckConstraint(
            "(folded IS NULL) <> (hash IS NULL)", name=op.f("ck_suppression_one_form")
        ),
    )


def _sends() -> None:
    op.create_table(
        "send",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("newsletter", sa.Text, nullable=False),
        sa.Column("issue", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("created", Moment, nullable=False),
        sa.Column("started", Moment),
        sa.Column("finished", Moment),
        sa.Column("missing", sa.Boolean, nullable=False),
        sa.Column("occurrence", sa.Text),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("tally", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_send"),
        sa.ForeignKeyConstraint(["issue"], ["issue.id"], name="fk_send_issue"),
        sa.UniqueConstraint("newsletter", "occurrence", name="uq_send_newsletter_occurrence"),
        one_of("send", "kind", *KINDS),
        one_of("send", "state", "scheduled", "running", "paused", "done", "cancelled"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_send_issue", "send", ["issue"])
    op.create_index("ix_send_state", "send", ["state", "at"])
    op.create_table(
        "edition",
        sa.Column("send", sa.Integer, nullable=False),
        sa.Column("variant", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("send", "variant", name="pk_edition"),
        sa.ForeignKeyConstraint(["send"], ["send.id"], name="fk_edition_send"),
    )
    op.create_table(
        "lot",
        sa.Column("id", Big, nullable=False),
        sa.Column("send", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("due", Moment),
        sa.Column("owner", sa.Text),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("lease", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_lot"),
        sa.ForeignKeyConstraint(["send"], ["send.id"], name="fk_lot_send"),
        sa.UniqueConstraint("send", "number", name="uq_lot_send_number"),
        one_of("lot", "state", "free", "busy", "done"),
        sa.CheckConstraint(
            "state <> 'busy' OR (owner IS NOT NULL AND lease IS NOT NULL)", name=op.f("ck_lot_held")
        ),
    )
    op.create_index("ix_lot_state", "lot", ["state", "send", "number"])


def _deliveries() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", Big, nullable=False),
        sa.Column("send", sa.Integer, nullable=False),
        sa.Column("lot", sa.Integer, nullable=False),
        sa.Column("issue", sa.Integer, nullable=False),
        sa.Column("subscriber", Big),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("variant", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("doubt", sa.Boolean, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", Moment),
        sa.Column("code", sa.Integer),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("updated", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.ForeignKeyConstraint(["send"], ["send.id"], name="fk_delivery_send"),
        sa.UniqueConstraint("send", "subscriber", name="uq_delivery_send_subscriber"),
        one_of("delivery", "kind", *KINDS),
        one_of("delivery", "state", *DELIVERY_STATES),
    )
    op.create_index("ix_delivery_lot", "delivery", ["send", "lot", "state"])
    counting = sa.text(
        "kind = 'issue' AND state IN ('queued', 'sending', 'accepted', 'deferred', 'in_doubt')"
    )
    op.create_index(
        "uq_delivery_once",
        "delivery",
        ["issue", "subscriber"],
        unique=True,
        sqlite_where=counting,
        postgresql_where=counting,
    )
    op.create_table(
        "attempt",
        sa.Column("id", Big, nullable=False),
        sa.Column("delivery", Big, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("code", sa.Integer),
        sa.Column("words", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
        sa.ForeignKeyConstraint(["delivery"], ["delivery.id"], name="fk_attempt_delivery"),
        one_of("attempt", "state", *DELIVERY_STATES),
    )
    op.create_index("ix_attempt_delivery", "attempt", ["delivery"])
