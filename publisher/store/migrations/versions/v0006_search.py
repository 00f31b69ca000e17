"""0006 - what a search finds. The next publication fills it for the issues that are there."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

Big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Sorted = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "passage",
        sa.Column("id", Big, nullable=False),
        sa.Column("issue", sa.Integer, nullable=False),
        sa.Column("anchor", Sorted, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("second", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("heading", sa.Text, nullable=False),
        sa.Column("date", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_passage"),
        sa.ForeignKeyConstraint(["issue"], ["issue.id"], name="fk_passage_issue"),
        sa.UniqueConstraint("issue", "anchor", name="uq_passage_issue_anchor"),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE passage_words USING fts5"
            """(title, text, prefix = 1, tokenize = "ascii tokenchars '+#'")"""
        )
    else:
        op.execute(
            "CREATE TABLE passage_words ("
            " passage bigint CONSTRAINT pk_passage_words PRIMARY KEY"
            " CONSTRAINT fk_passage_words_passage REFERENCES passage ON DELETE CASCADE,"
            " words tsvector NOT NULL, line text)"
        )
        op.execute("CREATE INDEX ix_passage_words_words ON passage_words USING gin (words)")
