"""Seats: no more persons than seats, and no person twice under several ids."""

from __future__ import annotations

from collections.abc import Iterator

from domain.coherence.breach import Breach
from domain.coherence.lives import body_of
from domain.dates import iso
from domain.register import Register, reads_of_person
from domain.tracks import TENURE_ACTS, Track, acts_on


def one_identity(register: Register, person: str) -> Iterator[Breach]:
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


def seats_suffice(register: Register, post: str) -> Iterator[Breach]:
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
    tenures = register.tracks(f"post:{post}", TENURE_ACTS, "tenure")
    tracks = sorted(track for track in tenures if track.subject == post)
    register.expect(
        read for track in tracks for read in (acts_on(track), *reads_of_person(track.attribute))
    )
    for track in tracks:
        ids = sorted(register.ids(track.attribute))
        persons = [register.life("person", each) for each in ids]
        around = [life for life in (*lives, *persons) if life]
        person = register.survivor(track.attribute)
        for tenure in register.timeline(track).spells:
            start = max(each.since.latest for each in (tenure, *around))
            end = min(each.until.earliest for each in (tenure, *around))
            if start < end:
                yield start, end, person, tenure.because[0]
