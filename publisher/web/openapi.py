"""openapi - the API as an OpenAPI document, and the bounds it tells.

Faults: none. Never: answers. See: web.searching (which keeps to it).
"""

from __future__ import annotations

from typing import Any, Final

from publisher.model import Newsletter

MOST_CHARACTERS: Final = 200
MOST_AT_ONCE: Final = 50
MOST_PASSED: Final = 1000
"""Results that may be passed over; who wants more says more exactly what."""
USUAL: Final = 20


def document(newsletter: Newsletter) -> dict[str, Any]:
    """Describe the API of a newsletter (OpenAPI 3.1)."""
    return {
        "openapi": "3.1.0",
        "info": {"title": newsletter.title or newsletter.slug, "version": "1"},
        "servers": [{"url": "../api"}],  # seen from this document
        "paths": {"/search": {"get": _SEARCH}},
        "components": {"schemas": {"Found": _FOUND, "Refused": _REFUSED}},
    }


def _number(name: str, usual: int, least: int, most: int, about: str) -> dict[str, Any]:
    bounds = {"type": "integer", "default": usual, "minimum": least, "maximum": most}
    return {"name": name, "in": "query", "description": about, "schema": bounds}


def _answer(schema: str, about: str) -> dict[str, Any]:
    there = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    return {"description": about, "content": {"application/json": there}}


def _object(about: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": about,
        "required": list(properties),
        "properties": properties,
    }


def _text(about: str, **more: str) -> dict[str, Any]:
    return {"type": "string", "description": about, **more}


_COUNT: Final = {"type": "integer", "minimum": 0}
_HIT: Final = _object(
    "An item, or an issue with what is in none of its items.",
    title=_text("The title, as plain text."),
    url=_text("Where it stands: an item's permalink, or an issue's page."),
    language=_text("The language of the title (RFC 5646)."),
    issue=_object(
        "The issue it is in.",
        title=_text("The title of the issue, or its date."),
        url=_text("The page of the issue."),
    ),
    date=_text("The date of the issue.", format="date"),
    snippet=_text("What was found, as HTML without any tag but <mark>."),
)
_FOUND: Final = _object(
    "What was found, best first.",
    query=_text("What was looked for."),
    total={**_COUNT, "description": "How much there is in all."},
    offset=_COUNT,
    limit=_COUNT,
    results={"type": "array", "items": _HIT},
)
_REFUSED: Final = _object("Why there is no answer.", error=_text("A sentence for a person."))
_SEARCH: Final[dict[str, Any]] = {
    "operationId": "search",
    "summary": "Find items and issues by their words.",
    "parameters": [
        {
            "name": "q",
            "in": "query",
            "required": True,
            "description": "What to look for. What has no space between must stand together.",
            "schema": {"type": "string", "minLength": 1, "maxLength": MOST_CHARACTERS},
        },
        _number("limit", USUAL, 1, MOST_AT_ONCE, "How many results to give."),
        _number("offset", 0, 0, MOST_PASSED, "How many results to pass over."),
    ],
    "responses": {
        "200": _answer("Found", "The results, none where nothing was found."),
        "400": _answer("Refused", "Something is asked for that cannot be."),
        "503": _answer("Refused", "Not at the moment; Retry-After says when to ask again."),
    },
}
