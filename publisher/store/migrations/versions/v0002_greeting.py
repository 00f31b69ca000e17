"""0002 - what greets a reader by name, kept with the edition it belongs to."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("edition", sa.Column("greeting", sa.Text, nullable=False, server_default=""))
