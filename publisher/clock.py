"""clock - the one place that asks the time; everything below takes it as `now`.

Never: decides anything. See: schedule (what is due), tests (which pass their own moments).
"""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Ask the time, in UTC."""
    return datetime.now(UTC)
