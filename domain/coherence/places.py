"""Places: bodies within bodies and meetings within meetings, none within itself."""

from __future__ import annotations

from collections.abc import Iterator

from domain.coherence.breach import Breach
from domain.coherence.lives import stated
from domain.dates import iso
from domain.register import Register
from domain.tracks import Track


def place_coherent(register: Register, body: str) -> Iterator[Breach]:
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


def meeting_coherent(register: Register, meeting: str) -> Iterator[Breach]:
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
