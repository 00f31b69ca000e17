"""journal - how the processes log: to stderr, a line an event, key=value.

Never: a secret, a token, a reader's address. See: web.answers (which scrubs what it logs).
"""

from __future__ import annotations

import logging
import sys

import structlog


def speak(*, chatty: bool) -> None:
    """Log to stderr, a line an event, key=value; not `chatty`: only what went wrong."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(
                key_order=["timestamp", "level", "event"], sort_keys=True
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.INFO if chatty else logging.WARNING
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
