"""0005 - what hubs are still to be told, and what feed readers say of their readers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

Big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Moment = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
Sorted = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "ping",
        sa.Column("newsletter", sa.Text, nullable=False),
        sa.Column("hub", sa.Text, nullable=False),
        sa.Column("topic", Sorted, nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_at", Moment),
        sa.Column("words", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("newsletter", "hub", "topic", name="pk_ping"),
    )
    op.create_table(
        "reader",
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("feed", Sorted, nullable=False),
        sa.Column("agent", Sorted, nullable=False),
        sa.Column("claimed", sa.Integer, nullable=False),
        sa.Column("fetches", Big, nullable=False),
        sa.PrimaryKeyConstraint("day", "feed", "agent", name="pk_reader"),
    )
