"""The evidence: everything known, up to the day asked about, as rules are judged on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

from domain.answers import Mandate
from domain.dates import DAWN
from domain.findings.extents import Days, Extent, Held, extent, meet
from domain.findings.indexed import Indexed
from domain.findings.taken import Taken
from domain.questions.charter import mandate
from domain.questions.facts import Day, least, soonest_end
from domain.timelines import Certainty, Spell
from domain.tracks import ACTIVIST, LIFE

SHOWN: Final = ("classification", "permanence")


@dataclass(frozen=True, slots=True)
class Standing:
    """A body as it stands over some days: how surely, of what sort, and in what."""

    days: Days
    certainty: Certainty
    values: Mapping[str, Any]
    """Its classification and permanence, where they are certain."""
    doubtful: Mapping[str, Any]
    """Them, where they are but possible."""
    within: Mapping[str, Certainty]
    """The body itself and those that it stands in, and how surely."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A meeting that opened."""

    id: str
    body: str
    kind: str | None
    within: str | None
    life: Spell


class Evidence:
    """What rules are judged on. Of persons, every id counts as the one person that it is."""

    def __init__(self, day: Day, decisions: Iterable[Taken]) -> None:
        self.known = Indexed(day.known)
        self.end = day.day + 1
        self.decisions = tuple(decisions)
        self._today = Day(self.known, day.day)
        self._days: dict[int, Day] = {day.day: self._today}
        self._standings: dict[str, tuple[Standing, ...]] = {}
        self._lives: dict[str, Sequence[Spell]] = {}
        self._mandates: dict[str, Mandate | None] = {}

    def at(self, day: int) -> Day:
        """The facts on a day."""
        if day not in self._days:
            self._days[day] = Day(self.known, day)
        return self._days[day]

    def person(self, written: str) -> str:
        """The id under which a person is shown."""
        return self._today.person(written)

    def ids(self, person: str) -> tuple[str, ...]:
        """Every id of a person."""
        return self._today.ids(person)

    def mandate(self, identity: str) -> Mandate | None:
        """A mandate as it was granted."""
        if identity not in self._mandates:
            self._mandates[identity] = mandate(self._today, identity)
        return self._mandates[identity]

    def life(self, kind: str, subject: str) -> Spell | None:
        """The life of a body, a post, a meeting, whatever the day."""
        about = self.known.about(kind, subject)
        return next((each for each in about if each.track.attribute == LIFE), None)

    def body_of(self, post: str) -> str | None:
        """The body that a post is in."""
        life = self.life("post", post)
        return life.value["body"] if life is not None else None

    @cached_property
    def bodies(self) -> tuple[str, ...]:
        """Every body that is known."""
        return tuple(sorted({spell.track.subject for spell in self.known.all("body")}))

    @cached_property
    def bodies_of_sort(self) -> Mapping[str, set[str]]:
        """The bodies that ever were of each classification."""
        found: dict[str, set[str]] = defaultdict(set)
        for spell in self.known.all("body"):
            if spell.track.attribute == "classification":
                found[spell.value].add(spell.track.subject)
        return found

    @cached_property
    def openings(self) -> Mapping[str, Sequence[Opening]]:
        """The meetings of each body that opened: as convened, and else as announced."""
        found: dict[str, list[Opening]] = defaultdict(list)
        announced = {
            spell.track.subject: spell.value
            for spell in self.known.all("meeting")
            if spell.track.attribute == "announced"
        }
        for spell in self.known.all("meeting"):
            if spell.track.attribute == LIFE:
                meeting = spell.track.subject
                told = {**announced.get(meeting, {}), **spell.value}
                if "body" in told:
                    found[told["body"]].append(
                        Opening(
                            id=meeting,
                            body=told["body"],
                            kind=told.get("kind"),
                            within=told.get("within"),
                            life=spell,
                        )
                    )
        return found

    @cached_property
    def meetings(self) -> Mapping[str, str]:
        """The body of each meeting that is known to be of one."""
        return {
            spell.track.subject: spell.value["body"]
            for spell in self.known.all("meeting")
            if spell.track.attribute in (LIFE, "announced") and "body" in spell.value
        }

    def standings(self, body: str) -> tuple[Standing, ...]:
        """How a body stands, from the first day on which it may be there to the day asked about."""
        if body not in self._standings:
            found = (self._stands(body, days) for days in pairwise(sorted(self._cuts(body))))
            self._standings[body] = tuple(each for each in found if each is not None)
        return self._standings[body]

    def standing(self, body: str, day: int) -> Standing | None:
        """How a body stands on a day; None if it is not there."""
        if day >= self.end:
            return self._stands(body, (day, day + 1))
        found = self.standings(body)
        return next((each for each in found if each.days[0] <= day < each.days[1]), None)

    def there_since(self, body: str, day: int) -> int:
        """The first of the days up to this one on all of which a body is certainly there."""
        since = day
        for each in reversed(self.standings(body)):
            if each.days[0] < since <= each.days[1] and each.certainty == "certain":
                since = each.days[0]
        return since

    def members(self, body: str, role: str = ACTIVIST) -> list[Held]:
        """Who is in a body in a role, whatever the day."""
        return [
            self._held(spell, person)
            for spell in self.known.about("membership", body)
            for its, _, person in [spell.track.attribute.partition("/")]
            if its == role
        ]

    def posts(self, body: str) -> list[str]:
        """The posts of a body, whatever the day."""
        return sorted({spell.track.subject for spell in self.known.naming("post", body)})

    def holders(self, post: str) -> list[Held]:
        """Who holds a post, whatever the day, as long as the post is there."""
        life = self.life("post", post)
        tenures = self.known.about("tenure", post) if life is not None else ()
        return [self._held(each, each.track.attribute, life) for each in tenures]

    def heading(self, post: str) -> list[Extent]:
        """The days on which a post is that of a head of its body."""
        about = self.known.about("post", post)
        return [
            extent(each) for each in about if each.track.attribute == "head" and each.value is True
        ]

    def _held(self, spell: Spell, written: str, life: Spell | None = None) -> Held:
        person = self.person(written)
        if person not in self._lives:
            self._lives[person] = self._today.lives(person)
        around = [*self._lives[person], *([life] if life is not None else [])]
        return Held(
            who=person,
            extent=meet(extent(spell), *(extent(each) for each in around)),
            began=spell.because[:1],
            ended=soonest_end(spell, *around)[1],
            spell=spell,
        )

    def _stands(self, body: str, days: Days) -> Standing | None:
        """How a body stands over days on which nothing about that changes."""
        since, _ = days
        day = self.at(since)
        certainty = day.certainty(body)
        if certainty is None:
            return None
        surely: dict[str, Any] = {}
        doubtful: dict[str, Any] = {}
        for name in SHOWN:
            shown = day.shown(day.of("body", body).get(name, ()))
            if shown is not None:
                values = surely if shown.on(since) == "certain" else doubtful
                values[name] = shown.value
        return Standing(days, certainty, surely, doubtful, _upwards(day, body))

    def _cuts(self, body: str) -> set[int]:
        """The days on which something about a body, or about where it stands, may change."""
        found = {DAWN + 1, self.end}
        seen: set[str] = set()
        around = [body]
        while around:
            here = around.pop()
            if here in seen:
                continue
            seen.add(here)
            for spell in self.known.about("body", here):
                name = spell.track.attribute
                if name in (LIFE, "within") or (here == body and name in SHOWN):
                    found |= {*spell.since, *spell.until}
                if name == "within" and spell.value is not None:
                    around.append(spell.value)
        return {each for each in found if DAWN < each <= self.end}


def _upwards(day: Day, body: str) -> dict[str, Certainty]:
    """A body and every one that it may stand in, by whatever way, with how surely it does."""
    found: dict[str, Certainty] = {body: "certain"}
    waiting = [body]
    while waiting:
        here = waiting.pop()
        for place in day.of("body", here).get("within", ()):
            sure = least(found[here], place.on(day.day))
            around = place.value
            if around is None or sure is None or day.life("body", around) is None:
                continue
            if around not in found or (found[around], sure) == ("possible", "certain"):
                found[around] = sure
                waiting.append(around)
    return found
