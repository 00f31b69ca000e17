"""search - the passages of the issues, and the words they are found by.

`passage` holds what is shown, `passage_words` beside it the tokens of `searching`, and is another
thing on each of the two:

    SQLite       an FTS5 table of two columns; its tokenizer parts at spaces and does nothing else
    PostgreSQL   a tsvector, made and asked without any configuration, whose parser would part
                 tokens again and read 3.5 as a number. Words of the title have the weight A.

A tsvector knows no place beyond the 16,383rd and no word's 256th place: of so long a text the tokens
stand in `line` too, where a phrase is looked for after the words alone have been found. It holds
less than a megabyte: of a text with more different words than that, the last are not found.

What is withdrawn is never found, whether or not its passages are there.
Faults: StoreError from the database. Never: splits words, marks what was found.
See: searching (tokens, phrases), render.passages (what there is to find).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import Any, Final

from sqlalchemy import Connection, delete, exists, insert, select, text

from publisher.model import Passage
from publisher.searching import Phrase, asked, split
from publisher.store.schema import issue, passage

_LAST_PLACE: Final = 16_383
_MOST_PLACES: Final = 255
_MOST_BYTES: Final = 900_000
_GAP: Final = 2
"""Places between title and text, so that no phrase begins in one and ends in the other."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, in which issue."""

    slug: str
    anchor: str
    title: str
    language: str
    text: str
    heading: str
    date: date


@dataclass(frozen=True, slots=True)
class Found:
    """How much was found, and the part of it that was asked for, best first."""

    total: int
    hits: tuple[Hit, ...]


def put(conn: Connection, newsletter: str, slug: str, rows: Iterable[Passage]) -> None:
    """Replace what is found of an issue, which must have been saved."""
    number = conn.execute(
        select(issue.c.id).where(issue.c.newsletter == newsletter, issue.c.slug == slug)
    ).scalar_one()
    _remove(conn, number)
    for row in rows:
        new = insert(passage).values(
            issue=number,
            anchor=row.anchor,
            title=row.title,
            second=row.second,
            language=row.language,
            text=row.text,
            heading=row.heading,
            date=row.date.isoformat(),
        )
        key = conn.execute(new.returning(passage.c.id)).scalar_one()
        title = split(f"{row.title}\n{row.second}")
        rest = split(f"{row.text}\n{row.about}")
        if conn.dialect.name == "sqlite":
            given: dict[str, Any] = {"title": " ".join(title), "text": " ".join(rest)}
        else:
            given = _vector(title, rest)
        conn.execute(_PUT[conn.dialect.name], {"id": key, **given})


def remove(conn: Connection, newsletter: str, slug: str) -> None:
    """Forget what is found of an issue."""
    numbers = select(issue.c.id).where(issue.c.newsletter == newsletter, issue.c.slug == slug)
    for number in conn.scalars(numbers).all():
        _remove(conn, number)


def lacking(conn: Connection, newsletter: str) -> frozenset[str]:
    """Name the issues that stand and have no passages: the database is older than searching."""
    wanted = select(issue.c.slug).where(
        issue.c.newsletter == newsletter,
        issue.c.withdrawn.is_(None),
        issue.c.content.is_not(None),
        ~exists().where(passage.c.issue == issue.c.id),
    )
    return frozenset(conn.scalars(wanted))


def find(conn: Connection, newsletter: str, query: str, limit: int, offset: int = 0) -> Found:
    """Find the passages that have every phrase of a query.

    Those that have them all in their title come first, then the more telling (bm25, ts_rank), then
    the newer ones.
    """
    phrases = asked(query)
    if not phrases:
        return Found(0, ())
    ask, count, given = _QUERIES[conn.dialect.name](phrases)
    given["newsletter"] = newsletter
    total = conn.execute(text(count), given).scalar_one()
    page = {"limit": limit, "offset": offset}
    ids = conn.scalars(text(ask), given | page).all() if total > offset else []
    wanted = select(passage, issue.c.slug).join(issue).where(passage.c.id.in_(ids))
    rows = {row.id: row for row in conn.execute(wanted)}
    return Found(total, tuple(_hit(rows[key]) for key in ids))


# --- inside -------------------------------------------------------------------


def _remove(conn: Connection, number: int) -> None:
    if conn.dialect.name == "sqlite":  # elsewhere the foreign key does it
        ours = "SELECT id FROM passage WHERE issue = :number"
        conn.execute(
            text(f"DELETE FROM passage_words WHERE rowid IN ({ours})"),
            {"number": number},
        )
    conn.execute(delete(passage).where(passage.c.issue == number))


def _hit(row: Any) -> Hit:
    return Hit(
        slug=row.slug,
        anchor=row.anchor,
        title=row.title,
        language=row.language,
        text=row.text,
        heading=row.heading,
        date=date.fromisoformat(row.date),
    )


_PUT: Final = {
    "sqlite": text("INSERT INTO passage_words (rowid, title, text) VALUES (:id, :title, :text)"),
    "postgresql": text(
        "INSERT INTO passage_words (passage, words, line)"
        " VALUES (:id, CAST(:words AS tsvector), :line)"
    ),
}
_STANDING: Final = "issue.newsletter = :newsletter AND issue.withdrawn IS NULL"
_NEWEST: Final = "issue.published DESC, issue.slug DESC, passage.id LIMIT :limit OFFSET :offset"

Query = tuple[str, str, dict[str, Any]]
"""The statement that gives the page's ids, the one that counts, what both are given."""


def _on_sqlite(phrases: Sequence[Phrase]) -> Query:
    ask = " AND ".join(map(_in_fts, phrases))
    source = (
        "FROM passage_words JOIN passage ON passage.id = passage_words.rowid"
        " JOIN issue ON issue.id = passage.issue"
        f" WHERE passage_words MATCH :ask AND {_STANDING}"
    )
    titled = "SELECT rowid FROM passage_words WHERE passage_words MATCH :titled"
    # rounded, or nothing would ever be a tie
    order = f"passage.id IN ({titled}) DESC, round(bm25(passage_words, 4, 1), 1), {_NEWEST}"
    given = {"ask": ask, "titled": f"{{title}} : ({ask})"}
    return f"SELECT passage.id {source} ORDER BY {order}", f"SELECT count(*) {source}", given


def _in_fts(phrase: Phrase) -> str:
    """Write a phrase for FTS5; what goes on beyond it counts less than what does not."""
    whole = f'"{" ".join(phrase.tokens)}"'
    return f"({whole} OR {whole} *)" if phrase.is_open else whole


def _on_postgres(phrases: Sequence[Phrase]) -> Query:
    given: dict[str, Any] = {
        "ask": " & ".join(_in_query(phrase) for phrase in phrases),
        "whole": " | ".join(_in_query(replace(phrase, is_open=False)) for phrase in phrases),
        "titled": " & ".join(_in_query(phrase, "A") for phrase in phrases),
        "words": " & ".join(chain.from_iterable(map(_lexemes, phrases))),
    }
    conditions = ["words @@ CAST(:words AS tsquery)", _STANDING]
    for number, phrase in enumerate(phrases):
        if len(phrase.tokens) > 1:
            conditions.append(
                f"(words @@ CAST(:phrase{number} AS tsquery) OR strpos(line, :line{number}) > 0)"
            )
            given[f"phrase{number}"] = _in_query(phrase)
            given[f"line{number}"] = _in_line(phrase.tokens) + (" " * (not phrase.is_open))
    source = (
        "FROM passage_words JOIN passage ON passage.id = passage_words.passage"
        f" JOIN issue ON issue.id = passage.issue WHERE {' AND '.join(conditions)}"
    )
    # two ranks: within one query a word and the same word going on would count as one
    ranks = " + ".join(f"ts_rank(words, CAST({one} AS tsquery))" for one in (":ask", ":whole"))
    rank = f"round(CAST({ranks} AS numeric), 2) DESC"
    order = f"words @@ CAST(:titled AS tsquery) DESC, {rank}, {_NEWEST}"
    return f"SELECT passage.id {source} ORDER BY {order}", f"SELECT count(*) {source}", given


def _in_query(phrase: Phrase, weight: str = "") -> str:
    return f"({' <-> '.join(_lexemes(phrase, weight))})"


def _lexemes(phrase: Phrase, weight: str = "") -> Iterator[str]:
    """Write the tokens of a phrase as a tsquery has them."""
    last = len(phrase.tokens) - 1
    for place, token in enumerate(phrase.tokens):
        how = weight + ("*" if phrase.is_open and place == last else "")
        yield f"'{token}'" + (f":{how}" if how else "")


def _in_line(tokens: Sequence[str]) -> str:
    return " " + " ".join(tokens)


def _vector(title: Sequence[str], rest: Sequence[str]) -> dict[str, Any]:
    """Write tokens as a tsvector, and as a line where it cannot hold all their places."""
    places: dict[str, list[str]] = {}
    size = 0
    is_whole = len(title) + _GAP + len(rest) <= _LAST_PLACE
    weighed = chain(
        ((token, f"{at}A") for at, token in enumerate(title, 1)),
        ((token, f"{at}") for at, token in enumerate(rest, 1 + _GAP + len(title))),
    )
    for token, place in weighed:
        known = places.get(token)
        if known is None:
            size += len(token.encode()) + 8
            if size > _MOST_BYTES:
                is_whole = False
                break
            places[token] = [place]
        elif len(known) < _MOST_PLACES:
            size += 2
            known.append(place)
        else:
            is_whole = False
    words = " ".join(f"'{token}':{','.join(at)}" for token, at in places.items())
    line = None if is_whole else f"{_in_line(title)}  {_in_line(rest)} "
    return {"words": words, "line": line}


_QUERIES: Final = {"sqlite": _on_sqlite, "postgresql": _on_postgres}
