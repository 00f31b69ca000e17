"""0004 - what the site is joined from: each issue's card, its entries in the feeds, its topics.

All of it is made anew by the next publication.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

Moment = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
Sorted = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "shelf",
        sa.Column("newsletter", sa.Text, nullable=False),
        sa.Column("slug", Sorted, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("path", Sorted, nullable=False),
        sa.Column("part", sa.Text),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("published", Moment, nullable=False),
        sa.Column("updated", Moment, nullable=False),
        sa.Column("mailed", Moment),
        sa.Column("standing", sa.Boolean, nullable=False),
        sa.Column("year", sa.Integer),
        sa.Column("card", sa.Text),
        sa.PrimaryKeyConstraint("newsletter", "slug", name="pk_shelf"),
    )
    op.create_table(
        "shelf_mark",
        sa.Column("newsletter", sa.Text, nullable=False),
        sa.Column("mark", sa.Text, nullable=False),
        sa.Column("slug", Sorted, nullable=False),
        sa.PrimaryKeyConstraint("newsletter", "mark", "slug", name="pk_shelf_mark"),
    )
    op.create_table(
        "shelf_entry",
        sa.Column("newsletter", sa.Text, nullable=False),
        sa.Column("slug", Sorted, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("published", Moment, nullable=False),
        sa.Column("updated", Moment, nullable=False),
        sa.Column("card", sa.Text),
        sa.Column("entry", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("newsletter", "slug", "place", name="pk_shelf_entry"),
    )
    op.create_table(
        "shelf_topic",
        sa.Column("newsletter", sa.Text, nullable=False),
        sa.Column("topic", Sorted, nullable=False),
        sa.Column("slug", Sorted, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("published", Moment, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("newsletter", "topic", "slug", "place", name="pk_shelf_topic"),
    )
    op.create_table(
        "shelf_state",
        sa.Column("newsletter", sa.Text, nullable=False),
        sa.Column("rendering", sa.Text, nullable=False),
        sa.Column("register", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("newsletter", name="pk_shelf_state"),
    )
    for table, name, columns in (
        ("shelf", "published", ["newsletter", "published", "slug"]),
        ("shelf", "year", ["newsletter", "year"]),
        ("shelf_mark", "slug", ["newsletter", "slug"]),
        ("shelf_entry", "published", ["newsletter", "published", "slug", "place"]),
        ("shelf_topic", "topic", ["newsletter", "topic", "published", "slug", "place"]),
        ("shelf_topic", "slug", ["newsletter", "slug"]),
    ):
        op.create_index(f"ix_{table}_newsletter_{name}", table, columns)
