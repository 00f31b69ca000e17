"""preflight.pictures - pictures that say nothing to those who do not see them.

Many mail programs show no picture before they are asked to, and some readers never see one. What is
no content needs no words: an icon, one that shows nothing, one that a caption tells.
Faults: as findings. Never: looks at a picture. See: pieces, render.images (how they are shown).
"""

from __future__ import annotations

from typing import Final

from lxml.html import HtmlElement

from publisher.model import Finding, Issue, Level
from publisher.preflight.pieces import pieces
from publisher.preflight.telling import named, shortened

ICON: Final = 32
"""Pixels up to which a picture is taken for an ornament."""


def judge(issue: Issue) -> list[Finding]:
    """Name the pictures that have neither words nor a caption."""
    empty = {picture.address for picture in issue.pictures if not picture.file}
    silent = [
        (image.get("src") or "", piece.line)
        for piece in pieces(issue)
        for image in piece.root.iter("img")
        if not (image.get("alt") or "").strip() and (image.get("src") or "") not in empty
        if not _is_icon(image) and not _has_caption(image)
    ]
    if not silent:
        return []
    count = "A picture has" if len(silent) == 1 else f"{len(silent)} pictures have"
    return [
        Finding(
            Level.WARN,
            "preflight/alt-text",
            f"{count} no words for those who do not see "
            f"{'it' if len(silent) == 1 else 'them'}: {named([shortened(url) for url, _ in silent])}.",
            "Say between the brackets what it shows: ![two kites above a beach](...).",
            next((line for _, line in silent if line), None),
        )
    ]


def _is_icon(image: HtmlElement) -> bool:
    sizes = [image.get(name) or "" for name in ("width", "height")]
    return any(size.isdecimal() and int(size) <= ICON for size in sizes)


def _has_caption(image: HtmlElement) -> bool:
    figure = next(image.iterancestors("figure"), None)
    caption = None if figure is None else figure.find(".//figcaption")
    return caption is not None and bool(caption.text_content().strip())
