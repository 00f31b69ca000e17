"""identity.matching - the law of identity, applied to a whole scan at once.

The candidates of a scan are decided together and in rounds, because one digest's answer may depend
on another's: a file overwritten with next week's digest is held, unless last week's text is found
under another name in the same scan; then that one is the old issue, moved, and this one is new.
A record is *free* while no candidate has it and its own digest is gone, or was refused at its path.

Faults: RefusedError for an issue of another newsletter. Never: saves anything. See: identity (the
law in words), identity.likeness, identity.records.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from publisher.errors import RefusedError
from publisher.identity.likeness import (
    Likeness,
    Near,
    another_issue,
    differs,
    likeness,
    shares_half,
)
from publisher.identity.nouns import Candidate, Decision, Match, Source
from publisher.identity.records import Taken, mint, revise, stated_slug
from publisher.model import Finding, Issue, Level, Newsletter, Record


def decide(
    candidates: Sequence[Candidate],
    known: Sequence[Record],
    *,
    newsletter: Newsletter,
    now: datetime,
    present: frozenset[str],
    back_catalogue: bool,
    hashes: Mapping[Source, str] | None = None,
    taken: Taken | None = None,
) -> list[Decision]:
    """Decide one scan of one newsletter: a decision for each candidate, in their order.

    With the names that are `taken`, `known` may be those records alone that can matter: which stand
    at a candidate's path or at one with them, whose digests or parts are gone or hold another issue
    now, which share a text, a name or an item's address with a candidate.

    `present`: the paths of all digests in the folder, also of those not among the candidates
    because they are unchanged or cannot be read: their issues have not vanished. `hashes`: the
    hash of all that stands in those left out because they are unchanged; where two issues were
    published from one path, or a part was taken out, it tells which are there. Without it all are
    taken to be.
    """
    scan = _Scan(candidates, known, newsletter, now, present, hashes or {})
    scan.find_unchanged()
    scan.refuse_doubled_parts()
    scan.refuse_others()
    scan.match_ids()
    scan.match_paths()
    scan.match_contents()
    scan.set_copies_apart()
    scan.match_vanished()
    scan.hold_refused()
    scan.hold_divided()
    scan.hold_parted()
    scan.hold_edited_copies()
    scan.mint_new(taken or Taken(known), back_catalogue=back_catalogue)
    scan.tell_copies()
    return [scan.decided[place] for place in range(len(candidates))]


def as_issue(
    candidate: Candidate, record: Record, *, newsletter: Newsletter, now: datetime
) -> Decision:
    """Take a candidate for a revision of this very issue, because a person says so."""
    if record.newsletter != newsletter.slug:
        raise RefusedError(f"issue {record.slug} belongs to the newsletter {record.newsletter}")
    return Decision(Match.REVISION, candidate, revise(record, candidate, now))


def as_new(
    candidate: Candidate, known: Sequence[Record] | Taken, *, newsletter: Newsletter, now: datetime
) -> Decision:
    """Take a candidate for a new issue, because a person says so."""
    record = mint(candidate, newsletter, known=known, now=now, back_catalogue=False)
    return Decision(Match.NEW, candidate, record)


# --- the scan -----------------------------------------------------------------


class _Scan:
    """The rounds of one decision, and what they have settled so far."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        known: Iterable[Record],
        newsletter: Newsletter,
        now: datetime,
        present: frozenset[str],
        hashes: Mapping[Source, str],
    ) -> None:
        self.candidates = candidates
        self.records = [record for record in known if record.newsletter == newsletter.slug]
        self.names = {name: each for each in self.records for name in (each.id, each.slug)}
        self.newsletter = newsletter
        self.now = now
        self.present = present
        self.hashes = hashes
        self.unchanged = {path for path, _ in hashes}
        self.decided: dict[int, Decision] = {}
        self.holders: dict[str, int] = {}  # slug -> the candidate that has it
        self.refused: dict[int, tuple[Record, str]] = {}
        self.refusals: dict[tuple[str, str | None], set[str]] = {}  # the same, by text
        self.twins: dict[int, int] = {}  # a candidate -> the one it is a copy of
        self.read = {candidate.path for candidate in candidates}
        self.sources = self.places()
        # Of two issues published from one path the one whose text is there stands there now; where
        # the text is another, the one touched last.
        self.owners: dict[Source, Record] = {}
        for record in sorted(self.records, key=self.presence):
            self.owners[record.path, record.part] = record

    def places(self) -> dict[Source, int]:
        """Give each source its candidate: of doubled parts the one that is as published, or first."""
        known = {(each.path, each.part, each.hashes[-1]) for each in self.records if each.hashes}
        found: dict[Source, int] = {}
        for place, each in reversed([*enumerate(self.candidates)]):
            found[each.source] = place
        for place, each in enumerate(self.candidates):
            if (*each.source, each.digest_hash) in known:
                found[each.source] = place
        return found

    def presence(self, record: Record) -> tuple[bool, datetime, tuple[datetime, str]]:
        """Sort records by how likely it is they that stand at their path."""
        is_there = self.hashes.get((record.path, record.part)) in record.hashes[-1:]
        return (is_there, record.updated, record.sort_key)

    # What is settled, and how

    def undecided(self) -> list[int]:
        """List the candidates without an answer, in the order in which they would be minted."""
        left = set(range(len(self.candidates))) - self.decided.keys() - self.twins.keys()
        return sorted(left, key=lambda place: self.candidates[place].order)

    def owner(self, place: int) -> Record | None:
        """Give the issue whose digest stood where this candidate stands."""
        return self.owners.get(self.candidates[place].source)

    def stands(self, record: Record) -> bool:
        """Whether an issue's own digest is still where it was, and not refused there."""
        source = (record.path, record.part)
        is_owner = self.owners[source] is record
        place = self.sources.get(source)
        if place in self.decided:
            return is_owner and self.holders.get(record.slug) == place
        if record.path in self.read:
            return is_owner and place is not None and place not in self.refused
        if record.path in self.unchanged:
            return is_owner and source in self.hashes
        return record.path in self.present

    def is_free(self, record: Record) -> bool:
        """Whether an issue waits for a candidate to be found in."""
        return record.slug not in self.holders and not self.stands(record)

    def take(self, place: int, record: Record) -> None:
        """Settle that a candidate is this issue."""
        candidate = self.candidates[place]
        self.holders[record.slug] = place
        revised = revise(record, candidate, self.now)
        self.decided[place] = Decision(Match.REVISION, candidate, revised)

    def hold(self, place: int, code: str, why: str, *records: Record) -> None:
        """Settle that a person has to say what a candidate is."""
        path = self.shown(place)
        slug = records[0].slug if len(records) == 1 else "ISSUE"
        hint = f"publisher publish --as {slug} {path}, or: publisher publish --new {path}"
        finding = Finding(Level.HOLD, f"identity/{code}", why, hint)
        record = records[0] if len(records) == 1 else None
        self.decided[place] = Decision(Match.HELD, self.candidates[place], record, (finding,))

    def copy(self, place: int, record: Record | None, path: str) -> None:
        """Settle that a candidate is a copy and publishes nothing."""
        what = "" if record is None else f" (issue {record.slug})"
        finding = Finding(
            Level.WARN,
            "identity/copy",
            f"a copy of {path}{what}; it publishes nothing",
            f"remove it; or, as an issue of its own: publisher publish --new {self.shown(place)}",
        )
        self.decided[place] = Decision(Match.COPY, self.candidates[place], record, (finding,))

    def shown(self, place: int) -> str:
        """Write a candidate's path as it is typed in a shell."""
        folder, candidate = self.newsletter.digests.rstrip("/"), self.candidates[place]
        part = "" if candidate.part is None else f"#{candidate.part}"
        return shlex.quote(f"{folder}/{candidate.path}{part}")

    def path_of(self, record: Record) -> str:
        """Give the path an issue is read from now."""
        place = self.holders.get(record.slug)
        return record.path if place is None else self.candidates[place].path

    def current(self, record: Record) -> Record:
        """Give an issue's record as this scan leaves it."""
        place = self.holders.get(record.slug)
        return record if place is None else self.decided[place].record or record

    # The rounds

    def refuse_doubled_parts(self) -> None:
        """Hold all but one of the parts of one digest that cannot be told apart."""
        for place in self.undecided():
            candidate = self.candidates[place]
            if self.sources[candidate.source] != place:
                part = candidate.part or "without a name"
                self.hold(place, "unclear", f"a second part of this digest is called {part}")

    def find_unchanged(self) -> None:
        """Settle what is byte for byte as it was last published."""
        newest: dict[tuple[str, str | None, str], Record] = {}
        for record in sorted(self.records, key=lambda each: (each.updated, each.sort_key)):
            if record.hashes:
                newest[record.path, record.part, record.hashes[-1]] = record
        for place in self.undecided():
            candidate = self.candidates[place]
            found = newest.get((*candidate.source, candidate.digest_hash))
            if found is not None and self.sources[candidate.source] == place:
                self.holders[found.slug] = place
                self.decided[place] = Decision(Match.UNCHANGED, candidate, found)

    def refuse_others(self) -> None:
        """Mark what tells of another issue than the one whose path it has."""
        for place in self.undecided():
            record, candidate = self.owner(place), self.candidates[place]
            if record is not None and candidate.digest_hash not in record.hashes:
                why = another_issue(record, candidate.issue)
                if why is not None:
                    self.refused[place] = (record, why)
                    self.refusals.setdefault(candidate.text, set()).add(record.slug)

    def match_ids(self) -> None:
        """Give the issue that `id:` names to the one digest that may claim it."""
        claims: dict[str, list[int]] = {}
        for place in self.undecided():
            named = self.named(place)
            if named is not None:
                claims.setdefault(named.slug, []).append(place)
        claimed = {place: slug for slug, places in claims.items() for place in places}
        for record in self.records:
            places = claims.get(record.slug, [])
            own = self.sources.get((record.path, record.part))
            is_own = self.owners[record.path, record.part] is record
            if is_own and own in places:
                self.take(own, record)
            elif self.stands(record) and claimed.get(-1 if own is None else own) is None:
                pass
            elif record.slug not in self.holders and len(self.texts(places)) == 1:
                self.take(places[0], record)
            for place in places:
                if place not in self.decided:
                    self.answer_rival(place, record)

    def named(self, place: int) -> Record | None:
        """Find the issue that a candidate's `id:` names, by slug or entry id."""
        return self.names.get(self.candidates[place].issue.id or "")

    def texts(self, places: Iterable[int]) -> set[str]:
        """Give the distinct texts of some candidates."""
        return {self.candidates[place].digest_hash for place in places}

    def answer_rival(self, place: int, record: Record) -> None:
        """Answer a digest whose `id:` names an issue that another digest has a claim to."""
        holder = self.holders.get(record.slug)
        hashes = {*record.hashes, *self.texts([] if holder is None else [holder])}
        if self.candidates[place].digest_hash in hashes:
            self.copy(place, record, self.path_of(record))
            return
        why = "so does another digest"
        if holder is not None or self.stands(record):
            why = f"that issue is read from {self.path_of(record)}"
        why = f"it says id: {self.candidates[place].issue.id}, and {why}"
        self.hold(place, "unclear", why, record)

    def match_paths(self) -> None:
        """Take the digest at an issue's own path for it."""
        for place in self.undecided():
            record = self.owner(place)
            if record is not None and record.slug not in self.holders and place not in self.refused:
                self.take(place, record)

    def match_contents(self) -> None:
        """Know a text again under another name: an issue moved, or a copy of it."""
        texts: dict[tuple[str, str | None], list[Record]] = {}
        for record in self.records:
            for each in dict.fromkeys(record.hashes):
                texts.setdefault((each, record.part), []).append(record)
        for place in self.undecided():
            candidate = self.candidates[place]
            found = texts.get(candidate.text, [])
            latest = [record for record in found if record.hashes[-1] == candidate.digest_hash]
            found = latest or found
            free = [record for record in found if self.is_free(record)]
            if len(found) == 1 and free:
                self.take(place, found[0])
            elif found and not free:
                self.copy(place, found[0], self.path_of(found[0]))
            elif found:
                slugs = ", ".join(record.slug for record in found)
                self.hold(place, "unclear", f"several issues had this text: {slugs}", *found)

    def set_copies_apart(self) -> None:
        """Let one of several new digests with the same text stand for all, if it can unrefused."""
        first: dict[tuple[str, str | None], int] = {}
        for place in sorted(self.undecided(), key=lambda each: each in self.refused):
            original = first.setdefault(self.candidates[place].text, place)
            if original != place:
                self.twins[place] = original

    def match_vanished(self) -> None:
        """Know renamed and edited digests again by number, date and addresses."""
        vanished = [record for record in self.records if self.is_free(record)]
        same = self.alike(vanished, Likeness.SAME)
        rivals = Counter(record.slug for records in same.values() for record in records)
        for place, records in same.items():
            if len(records) == 1 and rivals[records[0].slug] == 1:
                self.take(place, records[0])
            elif len(records) > 1:
                slugs = ", ".join(record.slug for record in records)
                self.hold(place, "unclear", f"it could be any of the issues {slugs}", *records)
            else:
                slug = records[0].slug
                why = f"several digests could be issue {slug}, whose own is gone"
                self.hold(place, "unclear", why, records[0])
        left = [record for record in vanished if record.slug not in self.holders]
        for place, records in self.alike(left, Likeness.UNSURE).items():
            slugs = ", ".join(record.slug for record in records)
            why = f"it looks like issue {slugs}, whose digest is gone, but not in everything"
            self.hold(place, "unclear", why, *records)

    def alike(self, records: Sequence[Record], degree: Likeness) -> dict[int, list[Record]]:
        """List for each open candidate the issues it resembles so; not one its text was refused."""
        near, found = self.near(records), {}
        for place in self.undecided():
            candidate = self.candidates[place]
            refused = self.refusals.get(candidate.text, set())
            alike = [each for each in near.to(candidate.issue) if each.slug not in refused]
            alike = [each for each in alike if likeness(each, candidate.issue) is degree]
            if alike:
                found[place] = alike
        return found

    def near(self, records: Iterable[Record]) -> Near:
        """Index some records by the facts they share with what is undecided."""
        return Near(records, (self.candidates[place].issue for place in self.undecided()))

    def hold_refused(self) -> None:
        """Hold what stands at an issue's path and is another, unless that issue was found again."""
        for place, (record, why) in self.refused.items():
            is_open = place not in self.decided and place not in self.twins
            if is_open and record.slug not in self.holders:
                self.hold(place, "other-issue", f"not issue {record.slug}: {why}", record)

    def hold_divided(self) -> None:
        """Hold what became one issue or many while an issue of the same file is not found again."""
        left: dict[str, list[Record]] = {}
        for record in self.owners.values():
            if self.is_free(record):
                left.setdefault(record.path, []).append(record)
        for place in self.undecided():
            candidate = self.candidates[place]
            near = left.get(candidate.path, [])
            if candidate.part is None:
                found = [each for each in near if each.part is not None]
                why = "its file held many issues and is read as one now; which is it"
            elif found := [each for each in near if each.part is None]:
                why = "its file held one issue and holds many now; which was it"
            else:
                found = [each for each in near if candidate.digest_hash in each.hashes[-1:]]
                why = "it says what that issue said, under another heading"
            if found:
                newest = sorted(found, key=lambda each: each.sort_key)[-3:]
                slugs = ", ".join(each.slug for each in newest)
                self.hold(place, "unclear", f"{why}: issue {slugs}", *newest)

    def hold_parted(self) -> None:
        """Hold what says mostly what an issue of its own file said before: that was mailed then."""
        beside: dict[str, list[Record]] = {}
        for record in map(self.current, self.records):
            beside.setdefault(record.path, []).append(record)
        for place in self.undecided():
            candidate = self.candidates[place]
            addresses = candidate.issue.addresses
            for record in beside.get(candidate.path, ()):
                gone = {item.url for item in record.items if item.gone}
                if 2 * len(addresses & gone) > len(addresses):
                    why = f"most of it stood in issue {record.slug}, which was read from this file"
                    self.hold(place, "unclear", why, record)
                    break

    def hold_edited_copies(self) -> None:
        """Hold what has half the addresses of an issue whose digest is there, and no other date."""
        near = self.near(self.current(record) for record in self.records)
        for place in self.undecided():
            issue = self.candidates[place].issue
            for record in near.to(issue):
                if not differs(record, issue) and shares_half(record, issue):
                    path = self.path_of(record)
                    why = f"it looks like an edited copy of {path}, which is issue {record.slug}"
                    self.hold(place, "unclear", why, record)
                    break

    def mint_new(self, taken: Taken, *, back_catalogue: bool) -> None:
        """Mint what is left, in an order that no folder's listing changes."""
        for place in self.undecided():
            candidate = self.candidates[place]
            record = mint(
                candidate,
                self.newsletter,
                known=taken,
                now=self.now,
                back_catalogue=back_catalogue,
            )
            taken.add(record)
            findings = _unknown_id(candidate.issue, record)
            self.decided[place] = Decision(Match.NEW, candidate, record, findings)

    def tell_copies(self) -> None:
        """Answer the copies of what was found or minted last."""
        for place, original in self.twins.items():
            self.copy(place, self.decided[original].record, self.candidates[original].path)


def _unknown_id(issue: Issue, record: Record) -> tuple[Finding, ...]:
    """Warn that an `id:` names nothing, where it is not what the issue is called anyway."""
    if issue.id is None or issue.id in (record.slug, record.id, stated_slug(issue)):
        return ()
    message = f"id: {issue.id} names no issue that was published; this one is now {record.slug}"
    return (Finding(Level.WARN, "identity/unknown-id", message, f"write id: {record.slug}"),)
