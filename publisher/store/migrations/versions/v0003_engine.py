"""0003 - what the delivery engine keeps: who carried, what counts, time zones, limits, bounces.

`delivery` is made anew on SQLite, which cannot add a check to a table. Let running senders end
first: one of before writes no `counts`, and is refused by the database from here on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

Big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Moment = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
KINDS = ("issue", "test", "erratum")
STATES = ("queued", "sending", "accepted", "deferred", "refused", "in_doubt", "skipped")
COUNTS = "kind = 'issue' AND state <> 'refused' AND state <> 'skipped'"


def is_any(column: str, *values: str) -> str:
    return " OR ".join(f"{column} = '{value}'" for value in values)


def upgrade() -> None:
    op.add_column("subscriber", sa.Column("timezone", sa.Text))
    op.add_column("send", sa.Column("canary", sa.Integer, nullable=False, server_default="0"))
    op.add_column("send", sa.Column("wall", sa.Text))
    op.add_column("lot", sa.Column("tally", sa.Text))
    op.add_column("lot", sa.Column("released", Moment))
    op.drop_index("ix_lot_state", "lot")
    op.create_index("ix_lot_state", "lot", ["state", "send", "due", "number"])
    _new_tables()
    if op.get_bind().dialect.name == "sqlite":
        _delivery_anew()
    else:
        _delivery_changed()
    op.create_index("ix_delivery_lot", "delivery", ["send", "lot"])
    counts = sa.text("counts")
    op.create_index(
        "uq_delivery_once", "delivery", ["issue", "subscriber"],
        unique=True, sqlite_where=counts, postgresql_where=counts,
    )  # fmt: skip


def _new_tables() -> None:
    op.create_table(
        "hard_bounce",
        sa.Column("id", Big, nullable=False),
        sa.Column("newsletter", sa.Text, nullable=False),
        sa.Column("folded", sa.Text, nullable=False),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hard_bounce"),
        sa.UniqueConstraint(
            "newsletter", "folded", "day", name="uq_hard_bounce_newsletter_folded_day"
        ),
    )
    op.create_table(
        "allowance",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("next", sa.Double, nullable=False),
        sa.Column("apart", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_allowance"),
    )
    op.create_table(
        "spent",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("minute", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("used", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("key", "minute", name="pk_spent"),
    )


def _delivery_changed() -> None:
    op.add_column("delivery", sa.Column("relay", sa.Text))
    op.add_column(
        "delivery", sa.Column("counts", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.execute(f"UPDATE delivery SET counts = ({COUNTS})")
    op.alter_column("delivery", "counts", server_default=None)
    op.drop_index("ix_delivery_lot", "delivery")
    op.drop_index("uq_delivery_once", "delivery")
    for name, rule in (
        ("kind", is_any("kind", *KINDS)),
        ("state", is_any("state", *STATES)),
        ("counts", f"counts = ({COUNTS})"),
    ):
        if name != "counts":
            op.drop_constraint(op.f(f"ck_delivery_{name}"), "delivery")
        op.create_check_constraint(op.f(f"ck_delivery_{name}"), "delivery", rule)


def _delivery_anew() -> None:
    kept = (
        "id, send, lot, issue, subscriber, kind, address, name, variant, state, doubt, attempts,"
        " next_at, code, words, updated"
    )
    op.create_table(
        "delivery_anew",
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
        sa.Column("relay", sa.Text),
        sa.Column("counts", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.ForeignKeyConstraint(["send"], ["send.id"], name="fk_delivery_send"),
        sa.UniqueConstraint("send", "subscriber", name="uq_delivery_send_subscriber"),
        sa.CheckConstraint(is_any("kind", *KINDS), name=op.f("ck_delivery_kind")),
        sa.CheckConstraint(is_any("state", *STATES), name=op.f("ck_delivery_state")),
        sa.CheckConstraint(f"counts = ({COUNTS})", name=op.f("ck_delivery_counts")),
    )
    op.execute(
        f"INSERT INTO delivery_anew ({kept}, counts) SELECT {kept}, ({COUNTS}) FROM delivery"
    )
    op.drop_table("delivery")
    op.rename_table("delivery_anew", "delivery")
