"""Publisher: digests in a folder become issues, in feeds, on pages and in inboxes, once.

Start at `publisher.publish`, the hall; HOUSE rules are in CONTRIBUTING.md.
"""

__version__ = "0.1.0"
