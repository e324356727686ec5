"""Coherence: what no ledger may say, whatever the charter.

Every rule is a statement about timelines, so it judges every day at once: a late act breaks it on
any later day as well as on its own. Where dates are uncertain, a rule is broken on a day when facts
certain on that day break it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from domain.ballots import ballots_add_up
from domain.breach import Breach
from domain.dates import iso
from domain.entries import Entry
from domain.fields import Kind
from domain.lives import body_of, in_life, stated
from domain.register import Register
from domain.tracks import ANNOUNCED, CREATIONS, LIFE, TENURE_ACTS, Track, established_by


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be checked: entries, and the tracks that changed."""

    entries: tuple[Entry, ...]
    tracks: frozenset[Track]

    def without(self, drafts: Collection[Entry]) -> Scope:
        """The same, before these drafts."""
        return Scope(tuple(each for each in self.entries if each not in drafts), self.tracks)


def breaches(register: Register, scope: Scope) -> Iterator[Breach]:
    """Every breach of coherence in a scope. While ids are wrong, nothing else can be judged."""
    wrong_ids = [
        breach
        for entry in scope.entries
        for breach in (*_ids_known(register, entry), *_ids_free(register, entry))
    ]
    yield from wrong_ids
    if wrong_ids:
        return
    for entry in scope.entries:
        yield from ballots_add_up(entry)
        yield from in_life(register, entry)
    for track in sorted(scope.tracks):
        yield from _track_coherent(register, track)
    for body in sorted(_bodies_to_place(scope)):
        yield from _place_coherent(register, body)
    for meeting in sorted({each.subject for each in scope.tracks if each.kind == "meeting"}):
        yield from _meeting_coherent(register, meeting)
    for track in sorted(each for each in scope.tracks if each.kind == "identity"):
        yield from _one_identity(register, track.subject)
    for post in sorted(_posts_to_count(scope)):
        yield from _seats_suffice(register, post)


# Ids


def _ids_known(register: Register, entry: Entry) -> Iterator[Breach]:
    """Every id that an act names is established by an entry that stands."""
    for each in entry.mentions:
        if not each.creates and not any(_created(register, kind, each.id) for kind in each.kinds):
            what = " or ".join(each.kinds)
            yield Breach(
                "id_unknown", f"no {what} {each.id} is known", (entry.position,), each.pointer
            )


def _ids_free(register: Register, entry: Entry) -> Iterator[Breach]:
    """An id is established once. Bodies and posts share their ids: some acts name either."""
    for each in entry.mentions:
        if each.creates:
            kinds: tuple[Kind, ...] = each.kinds
            if set(kinds) <= {"body", "post"}:
                kinds = ("body", "post")
            created = {
                made.position
                for kind in kinds
                for made in _created(register, kind, each.id)
                if kind not in ANNOUNCED or made.type == entry.type
            }
            if min(created, default=entry.position) < entry.position:  # the later takes it again
                yield Breach(
                    "id_taken",
                    f"the id {each.id} is already taken",
                    (entry.position, *sorted(created - {entry.position})),
                    each.pointer,
                )


def _created(register: Register, kind: Kind, subject: str) -> list[Entry]:
    standing = register.standing(*established_by(kind, subject))
    return [each for each in standing if each.type in CREATIONS[kind]]


# Tracks

_FAULTS = {
    "already_running": "{what} starts while it certainly runs",
    "not_running": "{what} ends when it does not run",
    "two_values": "{what} is given two values on the same day",
}


def _track_coherent(register: Register, track: Track) -> Iterator[Breach]:
    """What starts is not running yet, what ends runs, and a day gives an attribute one value."""
    for fault in register.timeline(track).faults:
        if track.is_life and fault.rule == "already_running":
            continue  # an id established twice, which says so itself
        message = _FAULTS[fault.rule].format(what=_called(track))
        yield Breach(fault.rule, message, fault.because)


def _called(track: Track) -> str:
    match track.kind:
        case "tenure":
            return f"the tenure of {track.attribute} in post {track.subject}"
        case "membership":
            role, _, person = track.attribute.partition("/")
            return f"the membership of {person} as {role} in body {track.subject}"
        case "approval":
            person = track.attribute.partition("/")[0]
            return f"the approval of {person} in post {track.subject}"
        case "line":
            kind, _, target = track.attribute.partition("/")
            return f"the line {kind} from {track.subject.replace(':', ' ')} to body {target}"
        case "identity":
            return f"the merger of person {track.subject} into {track.attribute}"
        case "affiliation":
            return f"the affiliation of {track.subject} to {track.attribute}"
        case "candidacy" | "attendance":
            return f"the {track.kind} of {track.attribute} at {track.subject}"
        case _ if track.is_life:
            return f"{track.kind} {track.subject}"
        case _:
            return f"the {track.attribute} of {track.kind} {track.subject}"


# Places


def _bodies_to_place(scope: Scope) -> set[str]:
    return {
        track.subject
        for track in scope.tracks
        if track.kind == "body" and track.attribute in (LIFE, "within")
    }


def _place_coherent(register: Register, body: str) -> Iterator[Breach]:
    """A body stands within another that is there, and never within itself."""
    life = register.life("body", body)
    if life is None:
        return
    for place in register.timeline(Track("body", body, "within")).spells:
        start = max(place.since.latest, life.since.latest)
        end = min(place.until.earliest, life.until.earliest)
        around = register.life("body", place.value) if place.value else None
        if start >= end or around is None:
            continue
        because = (place.because[0], *around.because)
        if start < around.since.earliest:
            message = f"body {body} is within {place.value} before that exists"
            yield Breach("outside_life", message, because)
        if end > around.until.latest:
            message = (
                f"body {body} lives on within {place.value}, "
                f"which is gone by {iso(around.until.latest)}"
            )
            yield Breach("bodies_live_on", message, because)
        cycle = _way_back(register, place.value, body, start, end)
        if cycle is not None:
            message = f"body {body} would be within itself"
            yield Breach("within_itself", message, (place.because[0], *cycle))


def _way_back(
    register: Register, body: str, home: str, start: int, end: int
) -> tuple[int, ...] | None:
    """The entries that certainly lead from a body up to `home` on some day of a span, if any."""
    begin = (body, start, end)
    led: dict[tuple[str, int, int], tuple[int, tuple[str, int, int]] | None] = {begin: None}
    reached = [begin]
    while reached:
        here = reached.pop()
        if here[0] == home:
            way = []
            while step := led[here]:
                position, here = step
                way.append(position)
            return tuple(way)
        life = register.life("body", here[0])
        if life is None:
            continue
        for place in register.timeline(Track("body", here[0], "within")).spells:
            first = max(here[1], place.since.latest, life.since.latest)
            last = min(here[2], place.until.earliest, life.until.earliest)
            around = (place.value, first, last)
            if place.value and first < last and around not in led:
                led[around] = (place.because[0], here)
                reached.append(around)
    return None


# Meetings


def _meeting_coherent(register: Register, meeting: str) -> Iterator[Breach]:
    """A meeting sits for a day at least, and is no part of itself."""
    life = register.life("meeting", meeting)
    if life is not None and life.since.earliest >= life.until.latest:
        message = f"meeting {meeting} closes before it opens"
        yield Breach("not_running", message, life.because)
    called_off = [
        spell.because[-1]
        for spell in register.timeline(Track("meeting", meeting, "announced")).spells
        if spell.until_text is not None
    ]
    if life is not None and called_off:
        message = f"meeting {meeting} is cancelled, and was convened"
        yield Breach("held_and_cancelled", message, (*called_off, life.because[0]))
    seen: set[str] = set()
    because: list[int] = []
    here = meeting
    while here not in seen:
        seen.add(here)
        whole = stated(register, here, "within")
        if whole is None:
            return
        here = whole[0]
        because.append(whole[1])
    if here == meeting:
        message = f"meeting {meeting} would be a part of itself"
        yield Breach("within_itself", message, tuple(because))


# Identities


def _one_identity(register: Register, person: str) -> Iterator[Breach]:
    """An id is merged into one other at a time, and never, by whatever way, into itself."""
    into = register.merged(person)
    if len(into) > 1:
        message = f"person {person} is merged into {' and '.join(sorted(into))}"
        yield Breach("already_running", message, tuple(sorted(into.values())))
        return
    seen = {person}
    because = list(into.values())
    here = next(iter(into), None)
    while here is not None and here not in seen:
        seen.add(here)
        further = register.merged(here)
        because += further.values()
        here = next(iter(sorted(further)), None)
    if here == person:
        message = f"person {person} would be merged into itself"
        yield Breach("merged_into_itself", message, tuple(because))


# Seats


def _posts_to_count(scope: Scope) -> set[str]:
    return {
        track.subject
        for track in scope.tracks
        if track.kind == "tenure" or (track.kind == "post" and track.attribute in (LIFE, "seats"))
    }


def _seats_suffice(register: Register, post: str) -> Iterator[Breach]:
    """On no day do more persons certainly hold a post than it certainly has seats."""
    stated = register.timeline(Track("post", post, "seats")).spells
    if not stated:
        return
    held = list(_certainly_held(register, post))
    for seats in stated:
        first, last = seats.since.latest, seats.until.earliest
        changes = sorted(
            (day, step, person, position)
            for start, end, person, position in held
            if max(start, first) < min(end, last)
            for day, step in ((max(start, first), 1), (min(end, last), -1))
        )
        holding: dict[str, list[int]] = {}
        for day, step, person, position in changes:
            if step > 0:
                holding.setdefault(person, []).append(position)
            else:
                holding[person].remove(position)
                if not holding[person]:
                    del holding[person]
            if len(holding) > seats.value:
                yield Breach(
                    "seats_exceeded",
                    f"post {post} has {seats.value} seat{'s' * (seats.value != 1)}, "
                    f"and {len(holding)} persons hold it on {iso(day)}",
                    (*sorted({each[0] for each in holding.values()}), seats.because[0]),
                )
                break


def _certainly_held(register: Register, post: str) -> Iterator[tuple[int, int, str, int]]:
    """For each certain tenure the first day, the day after the last, the person and the entry."""
    lives = [register.life("post", post)]
    lives += [register.life(kind, body) for kind, body in body_of(register, post)]
    tracks = register.tracks(f"post:{post}", TENURE_ACTS, "tenure")
    for track in sorted(tracks):
        if track.subject != post:
            continue
        ids = sorted(register.ids(track.attribute))
        persons = [register.life("person", each) for each in ids]
        around = [life for life in (*lives, *persons) if life]
        person = register.survivor(track.attribute)
        for tenure in register.timeline(track).spells:
            start = max(each.since.latest for each in (tenure, *around))
            end = min(each.until.earliest for each in (tenure, *around))
            if start < end:
                yield start, end, person, tenure.because[0]
