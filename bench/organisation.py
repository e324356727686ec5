"""Ledgers of an organisation that is 36 years old, of any size, each as its seed has it.

Up to 1,000 bodies, nested 4 deep, with some 4,000 seats are founded in 1990; then they live until
2026: posts pass from hand to hand by appointment and by elections of several contests, activists
come and go, bodies are renamed, moved, dissolved and established anew. The more entries, the deeper
the histories: the organisation has a body for each 20 entries until it has 1,000 of them, so that
a ledger of 10,000 entries founds 500 bodies, and one of 1,000,000 tells some hundred versions of
each of its posts. Of its facts a tenth is recorded late, or corrected; a few dates are uncertain.

The rules would accept every decision (`--check` has them judge the first ones); for speed they are
not asked: entries are sealed as the recorder seals them, and stored in large groups.

    python -m bench.organisation FOLDER [--entries 1000000] [--seed 1] [--check 2000]
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from hashlib import sha256
from heapq import heappop, heappush
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final

from domain import acts as a
from domain.access import LOCAL
from domain.dates import day as ordinal
from domain.dates import iso
from domain.decisions import Decision
from domain.entries import Entry, halves, tags_of
from domain.fields import Commitment
from domain.recording import draft
from domain.shape import commit
from service.garbage import uncollected
from service.ledger import Ledger
from service.log.appends import Append, Draft
from service.log.log import Log
from service.recording.recorder import Receipt, Sent, curule_seal
from service.settings import Settings
from service.vault.disclosures import Disclosure
from service.vault.master import master_key
from service.vault.vault import Vault

MOST_BODIES: Final = 1_000
ENTRIES_A_BODY: Final = 20
FIRST: Final = ordinal("1990-01-01")
LAST: Final = ordinal("2026-10-31")
ACTIVISTS: Final = 3
"""How many a body has at most, so that bodies do not grow with the ledger."""
APART: Final = 62
"""Days between two changes of one thing, so that months in place of days leave no doubt."""
RECENT: Final = 5_000
"""How many facts are remembered that may turn out to be wrong."""
GROUP: Final = 3_000
"""About how many entries are stored in one commit."""
_EPOCH: Final = ordinal("1970-01-01")
_DAY: Final = 86_400_000_000  # µs
_SETTLED: Final = (LAST - _EPOCH) * 2 * _DAY  # so that no sweep looks for what is being recorded
_BY: Final = "organising-department"

ROLES: Final = ("head", "deputy", "secretary", "treasurer")
SORTS: Final = ("congress", "committee", "department", "cell")


@dataclass(frozen=True, slots=True)
class Fact:
    """An act as recorded, which may turn out to be wrong."""

    position: int
    decision: str
    act: a.StructureAct
    day: int


@dataclass(slots=True, eq=False)
class Person:
    """One of those who hold the posts."""

    id: str
    posts: set[str] = field(default_factory=set)
    cells: dict[str, int] = field(default_factory=dict)  # since when an activist of which bodies
    awaited: int = 0  # how many facts on the person are not recorded yet
    named: int = FIRST
    dead: bool = False


@dataclass(slots=True, eq=False)
class Seat:
    """A seat of a post, and who holds it."""

    post: str
    body: Body
    alone: bool
    approval: str | None
    changed: int
    holder: Person | None = None
    exact: bool = True  # whether it is known on which day it changed last
    awaited: bool = False  # whether its last change is not recorded yet
    begun: Fact | None = None


@dataclass(slots=True, eq=False)
class Body:
    """A body that is there."""

    id: str
    level: int
    within: str | None
    founded: int
    number: int = 1  # which body this is of those that followed each other
    seats: list[Seat] = field(default_factory=list)
    dated: set[int] = field(default_factory=set)  # days on which an attribute was set
    activists: int = 1
    awaited: int = 0
    line: tuple[str, int] | None = None
    mandate: tuple[str, int] | None = None


@dataclass(slots=True, order=True)
class _Late:
    """What happened and is not recorded yet."""

    due: int
    number: int
    day: int = field(compare=False)
    by: str = field(compare=False)
    acts: Sequence[a.Act] = field(compare=False)
    arrive: Callable[[], None] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Taken:
    """A decision, and when it is recorded, in µs since 1970."""

    decision: Decision
    recorded_at: int
    wrong: Fact | None = None
    """What it retracts."""


class Organisation:
    """Tells the decisions of an organisation's life in the order in which they are recorded."""

    def __init__(self, entries: int, seed: int = 1) -> None:
        self.size = min(MOST_BODIES, max(8, entries // ENTRIES_A_BODY))
        self._entries = entries
        self._random = Random(seed)
        self._position = 0
        self._taken = 0
        self._made = 0
        self._day = FIRST
        self._recorded_at = 0
        self.bodies: list[Body] = []
        self._there: dict[str, Body] = {}
        self.seats: list[Seat] = []
        self.persons: list[Person] = []
        self._upper: list[Body] = []  # bodies that last, by whom the others are led
        self._late: list[_Late] = []
        self._gaps: list[tuple[str, int, int, set[str]]] = []  # when a post stood empty
        self._ended: list[Fact] = []
        self._named: list[Fact] = []
        events: list[tuple[float, Callable[[], Iterator[Taken]]]] = [
            (40, self._handed_over),
            (5, self._elected),
            (8, self._left_empty),
            (24, self._activist),
            (6, self._renamed),
            (3, self._moved),
            (6, self._changed),
            (4, self._met),
            (1, self._line),
            (0.5, self._mandate),
            (0.5, self._died),
            (0.5, self._called_otherwise),
            (0.15, self._founded_anew),
            (2, self._stood_in),
            (2, self._began_later),
            (2, self._ended_otherwise),
            (1, self._spelt_otherwise),
        ]
        self._events = [event for _, event in events]
        self._weights = list(_sums([weight for weight, _ in events]))

    def decisions(self) -> Iterator[Taken]:
        """Every decision, until there are about as many entries as were asked for."""
        yield from self._charter()
        yield from self._founding()
        founded = self._position
        ahead = max(self._entries - founded, 1)
        while self._position < self._entries:
            told = (self._position - founded) / ahead
            self._day = FIRST + APART + int(told * (LAST - FIRST - APART))
            while self._late and self._late[0].due <= self._day:
                late = heappop(self._late)
                yield self._record(late.acts, late.by, late.day)
                late.arrive()
            (event,) = self._random.choices(self._events, cum_weights=self._weights)
            yield from event()

    # Founding

    def _founding(self) -> Iterator[Taken]:
        wide = max(2, round(self.size ** (1 / 3)))
        levels = [1, wide, wide * wide]
        levels.append(self.size - sum(levels))
        above: list[Body] = []
        for level, count in enumerate(levels):
            here: list[Body] = []
            for number in range(count if level else 1):
                if len(self.bodies) == self.size:
                    break
                within = above[number % len(above)].id if above else None
                body = Body(f"b{len(self.bodies)}", level, within, self._day)
                self.bodies.append(body)
                self._there[body.id] = body
                here.append(body)
                yield self._record(list(self._founding_of(body, ())), within, self._day)
            if level < 3:
                self._upper += here
            above = here

    def _founding_of(self, body: Body, holders: Sequence[Person | None]) -> Iterator[a.Act]:
        """Establish a body with its posts, and fill them."""
        today = iso(self._day)
        before = (f"{_root(body.id)}.{body.number - 1}",) if body.number > 2 else ()
        before = before or ((_root(body.id),) if body.number == 2 else ())
        yield a.BodyEstablished(
            type="body.established",
            effective=today,
            body=body.id,
            name=f"{SORTS[body.level].title()} {body.id}",
            classification=SORTS[body.level],
            within=body.within,
            permanence="permanent" if body.level < 3 else None,
            formed_from=before,
        )
        given = list(holders)
        for place, role in enumerate(ROLES):
            seats = 2 if role == "treasurer" and self._random.random() < 0.1 else 1
            post = f"{body.id}-{role}"
            approved = role == "head" and body.level == 3 and self._random.random() < 0.3
            approval = body.within if approved else None
            yield a.PostCreated(
                type="post.created",
                effective=today,
                post=post,
                body=body.id,
                label=role.title(),
                seats=seats,
                voting=None if place == 3 else True,
                head=True if place == 0 else None,
                approval=approval,
            )
            for _ in range(seats):
                seat = Seat(post, body, seats == 1, approval, self._day)
                body.seats.append(seat)
                self.seats.append(seat)
                person = given.pop(0) if given else None
                if person is None or person.dead or post in person.posts:
                    person, registered = self._registered(self._day)
                    yield registered
                self._seat(seat, person, self._day)
                yield a.TenureStarted(
                    type="tenure.started", effective=today, person=person.id, post=post
                )
        person, registered = self._registered(self._day)
        yield registered
        person.cells[body.id] = self._day
        yield a.ActivistAdmitted(
            type="activist.admitted", effective=today, person=person.id, body=body.id
        )

    def _charter(self) -> Iterator[Taken]:
        """The norms that hold from the first day on."""
        today = iso(self._day)
        rules: list[a.Act] = [
            a.RuleAdopted(
                type="rule.adopted",
                effective=today,
                rule=f"r{number}",
                kind=kind,
                applies_to=a.Scope(classification=sort),
                parameters=parameters,
                text=f"Rule {number} of the charter.",
            )
            for number, (kind, sort, parameters) in enumerate(NORMS)
        ]
        yield self._record(rules, None, self._day)

    # Posts

    def _handed_over(self) -> Iterator[Taken]:
        seat = self._a_seat()
        if seat is None:
            return
        person, acts = self._someone(seat)
        vacant, when = seat.holder is None, self._when(seat)
        if not vacant:
            acts.append(self._leave(seat, when))
        elif seat.exact and self._day - seat.changed > 30 and seat.alone:
            self._gaps.append((seat.post, seat.changed, self._day, {person.id}))
        acts.append(
            a.AppointmentMade(
                type="appointment.made",
                effective=when,
                person=person.id,
                post=seat.post,
                by=seat.body.within,
            )
        )
        if seat.approval:
            acts.append(
                a.AppointmentApproved(
                    type="appointment.approved",
                    effective=iso(self._day) if len(when) == 10 else when,
                    person=person.id,
                    post=seat.post,
                    by=seat.approval,
                )
            )
        self._seat(seat, person, self._day)
        seat.exact = len(when) == 10
        by = seat.body.within or seat.body.id
        if not vacant and seat.alone and self._random.random() < 0.1:
            self._delay(acts, by, seat, person)
        else:
            yield self._record(acts, by, self._day, seat)

    def _elected(self) -> Iterator[Taken]:
        body = self._random.choice(self.bodies)
        open_ = [each for each in body.seats if each.alone and self._is_open(each)]
        if len(open_) < 2:
            return
        today, ends, contests = iso(self._day), list[a.Act](), list[a.Contest]()
        acts: list[a.Act] = []
        eligible = self._random.randint(10, 400)
        cast = eligible - self._random.randint(0, eligible // 3)
        for seat in open_[: self._random.randint(2, 4)]:
            person, registered = self._someone(seat)
            other = self._random.choice(self.persons)
            acts += registered
            if seat.holder is not None:
                ends.append(self._leave(seat, today))
            won = self._random.randint(cast // 2, cast)
            stood = [a.Candidate(person=person.id, votes=won, rank=1)]
            if other is not person and not other.dead:
                stood.append(a.Candidate(person=other.id, votes=cast - won, rank=2))
            contests.append(
                a.Contest(
                    post=seat.post,
                    seats=1,
                    candidates=tuple(stood),
                    elected=(person.id,),
                    until=iso(self._day + 1_461),
                )
            )
            self._seat(seat, person, self._day)
            seat.exact = True
        held = a.ElectionHeld(
            type="election.held",
            effective=today,
            election=self._new("e"),
            body=body.id,
            method="plurality",
            contested=True,
            closed=iso(self._day - 3),
            eligible=eligible,
            cast=cast,
            contests=tuple(contests),
        )
        yield self._record([*acts, *ends, held], body.id, self._day)

    def _left_empty(self) -> Iterator[Taken]:
        seat = self._a_seat()
        if seat is None or seat.holder is None:
            return
        when = self._when(seat)
        ended = self._leave(seat, when)
        seat.holder, seat.begun, seat.changed, seat.exact = None, None, self._day, len(when) == 10
        yield self._record([ended], seat.body.within, self._day)

    def _died(self) -> Iterator[Taken]:
        seat = self._a_seat()
        if seat is None or seat.holder is None or not seat.alone:
            return
        person = seat.holder
        recent = any(self._day - since < APART for since in person.cells.values())
        if person.posts != {seat.post} or person.awaited or recent:
            return
        for cell in person.cells:
            self._left_behind(cell)
        person.dead, person.posts, person.cells = True, set(), {}
        seat.holder, seat.begun, seat.changed, seat.exact = None, None, self._day, True
        died = a.PersonDied(type="person.died", effective=iso(self._day), person=person.id)
        yield self._record([died], seat.body.within, self._day)

    def _a_seat(self) -> Seat | None:
        """One whose last change is long enough ago, and recorded."""
        for _ in range(8):
            seat = self._random.choice(self.seats)
            if self._is_open(seat):
                return seat
        return None

    def _is_open(self, seat: Seat) -> bool:
        return not seat.awaited and self._day - seat.changed >= APART

    def _someone(self, seat: Seat) -> tuple[Person, list[a.Act]]:
        """Somebody to hold a seat: now and then one who was not known before."""
        if self._random.random() > 0.15:
            for _ in range(8):
                person = self._random.choice(self.persons)
                if not person.dead and seat.post not in person.posts and len(person.posts) < 4:
                    return person, []
        person, registered = self._registered(self._day)
        return person, [registered]

    def _registered(self, day: int) -> tuple[Person, a.Act]:
        person = Person(self._new("p"), named=day)
        self.persons.append(person)
        return person, a.PersonRegistered(
            type="person.registered",
            effective=iso(day),
            person=person.id,
            name=self._name(),
        )

    def _name(self) -> str:
        return f"{self._random.choice(GIVEN)} {self._random.choice(FAMILY)}"

    def _seat(self, seat: Seat, person: Person, day: int) -> None:
        seat.holder, seat.changed, seat.begun = person, day, None
        person.posts.add(seat.post)

    def _leave(self, seat: Seat, when: str) -> a.TenureEnded:
        person = seat.holder
        assert person is not None
        person.posts.discard(seat.post)
        return a.TenureEnded(
            type="tenure.ended",
            effective=when,
            person=person.id,
            post=seat.post,
            reason="resigned" if self._random.random() < 0.4 else "expired",
        )

    def _when(self, seat: Seat) -> str:
        """Today, of which now and then only the month is known."""
        return iso(self._day)[:7] if seat.alone and self._random.random() < 0.04 else self._about()

    def _about(self) -> str:
        return iso(self._day) + ("?" if self._random.random() < 0.01 else "")

    # Activists and bodies

    def _activist(self) -> Iterator[Taken]:
        person = self._random.choice(self.persons)
        body = self._random.choice(self.bodies)
        if person.dead or person.awaited or body.id in person.cells:
            return
        today = iso(self._day)
        settled = [each for each, since in person.cells.items() if self._day - since >= APART]
        by = body.within or body.id
        act: a.Act
        if len(person.cells) < 2 and body.activists < ACTIVISTS:
            person.cells[body.id] = self._day
            body.activists += 1
            act = a.ActivistAdmitted(
                type="activist.admitted", effective=self._month(), person=person.id, body=body.id
            )
            if self._random.random() < 0.1:
                person.awaited += 1
                body.awaited += 1

                def arrive() -> None:
                    person.awaited -= 1
                    body.awaited -= 1

                self._wait([act], by, arrive)
                return
        elif settled and body.activists < ACTIVISTS:
            left = settled[0]
            del person.cells[left]
            person.cells[body.id] = self._day
            self._left_behind(left)
            body.activists += 1
            act = a.ActivistTransferred(
                type="activist.transferred",
                effective=today,
                person=person.id,
                body=body.id,
                from_body=left,
            )
        elif settled:
            left = settled[0]
            del person.cells[left]
            self._left_behind(left)
            act = a.ActivistLeft(type="activist.left", effective=today, person=person.id, body=left)
        else:
            return
        yield self._record([act], by, self._day)

    def _left_behind(self, body: str) -> None:
        if (left := self._there.get(body)) is not None:
            left.activists -= 1

    def _month(self) -> str:
        return iso(self._day)[:7] if self._random.random() < 0.03 else iso(self._day)

    def _renamed(self) -> Iterator[Taken]:
        """A body's new name, as often as not recorded when the next is known already."""
        body = self._random.choice(self.bodies)
        day = self._day
        if self._random.random() < 0.2:
            day -= self._random.randint(1, 2_000)
        if day <= body.founded or day in body.dated:
            return
        body.dated.add(day)
        name = f"{SORTS[body.level].title()} {body.id} of {self._random.choice(PLACES)}"
        act = a.BodyRenamed(type="body.renamed", effective=iso(day), body=body.id, name=name)
        taken = self._record([act], body.within or body.id, self._day)
        self._named.append(Fact(self._position, taken.decision.id or "", act, day))
        yield taken

    def _moved(self) -> Iterator[Taken]:
        body = self._random.choice(self.bodies)
        if body.level < 3 or self._day in body.dated or self._day - body.founded < APART:
            return
        body.dated.add(self._day)
        body.within = self._random.choice([each for each in self._upper if each.level == 2]).id
        act = a.BodyMoved(
            type="body.moved", effective=iso(self._day), body=body.id, within=body.within
        )
        yield self._record([act], body.within, self._day)

    def _changed(self) -> Iterator[Taken]:
        """A body's area, or a post's label or area."""
        body = self._random.choice(self.bodies)
        if self._day in body.dated or self._day <= body.founded:
            return
        body.dated.add(self._day)
        today, area = iso(self._day), self._random.choice(PLACES)
        post = self._random.choice(body.seats).post
        act: a.Act
        match self._random.randrange(3):
            case 0:
                act = a.BodyChanged(
                    type="body.changed", effective=self._month(), body=body.id, area=area
                )
            case 1:
                label = f"{post.rpartition('-')[2].title()} for {area}"
                act = a.PostRenamed(type="post.renamed", effective=today, post=post, label=label)
            case _:
                act = a.PostChanged(type="post.changed", effective=today, post=post, area=area)
        yield self._record([act], body.within or body.id, self._day)

    def _met(self) -> Iterator[Taken]:
        body = self._random.choice(self.bodies)
        meeting = self._new("m")
        eligible = self._random.randint(5, 200)
        yield self._record(
            [
                a.MeetingConvened(
                    type="meeting.convened",
                    effective=iso(self._day),
                    meeting=meeting,
                    body=body.id,
                    kind="plenum" if body.level < 3 else "sitting",
                    closes=iso(self._day + self._random.randint(0, 2)),
                ),
                a.MeetingAttended(
                    type="meeting.attended",
                    effective=iso(self._day),
                    meeting=meeting,
                    count=eligible - self._random.randint(0, eligible // 2),
                    eligible=eligible,
                ),
            ],
            body.id,
            self._day,
        )

    def _line(self) -> Iterator[Taken]:
        body = self._random.choice(self.bodies)
        today = iso(self._day)
        act: a.Act
        if body.level < 3:
            return
        if body.line is None:
            to = self._random.choice(self._upper).id
            body.line = (to, self._day)
            act = a.LineDrawn(
                type="line.drawn", effective=today, body=body.id, to=to, kind="reports_to"
            )
        elif self._day - body.line[1] >= APART:
            to = body.line[0]
            body.line = None
            act = a.LineEnded(
                type="line.ended", effective=today, body=body.id, to=to, kind="reports_to"
            )
        else:
            return
        yield self._record([act], body.within, self._day)

    def _mandate(self) -> Iterator[Taken]:
        body = self._random.choice(self._upper)
        today = iso(self._day)
        act: a.Act
        if body.mandate is None:
            body.mandate = (self._new("w"), self._day)
            act = a.MandateGranted(
                type="mandate.granted",
                effective=today,
                mandate=body.mandate[0],
                holder=body.id,
                power="appoint",
                within=body.id,
            )
        elif self._day - body.mandate[1] >= APART:
            act = a.MandateRevoked(type="mandate.revoked", effective=today, mandate=body.mandate[0])
            body.mandate = None
        else:
            return
        yield self._record([act], body.within or body.id, self._day)

    def _called_otherwise(self) -> Iterator[Taken]:
        person = self._random.choice(self.persons)
        if person.dead or self._day <= person.named:
            return
        person.named = self._day
        act = a.PersonRenamed(
            type="person.renamed", effective=iso(self._day), person=person.id, name=self._name()
        )
        yield self._record([act], None, self._day)

    def _founded_anew(self) -> Iterator[Taken]:
        """A body at the bottom is dissolved, and another takes its place under a new id."""
        index = self._random.randrange(len(self.bodies))
        old = self.bodies[index]
        if old.level < 3 or old.awaited or not all(map(self._is_open, old.seats)):
            return
        new = Body(f"{_root(old.id)}.{old.number + 1}", 3, old.within, self._day, old.number + 1)
        holders = [each.holder for each in old.seats]
        dissolved = a.BodyDissolved(
            type="body.dissolved",
            effective=iso(self._day),
            body=old.id,
            manner="dissolved",
            succeeded_by=(new.id,),
        )
        gone = set(map(id, old.seats))
        for seat in old.seats:
            if seat.holder is not None:
                seat.holder.posts.discard(seat.post)
        self.seats = [each for each in self.seats if id(each) not in gone]
        for person in self.persons:
            person.cells.pop(old.id, None)
        self.bodies[index] = self._there[new.id] = new
        del self._there[old.id]
        acts = [dissolved, *self._founding_of(new, holders)]
        yield self._record(acts, old.within, self._day)

    # What is told late, or was told wrongly

    def _stood_in(self) -> Iterator[Taken]:
        """Years later it becomes known who held a post while it seemed empty."""
        if not self._gaps:
            return
        post, since, until, others = self._gaps.pop(self._random.randrange(len(self._gaps)))
        person = self._random.choice(self.persons)
        if person.dead or person.id in others or person.posts & {post}:
            return
        acts = [
            a.TenureStarted(
                type="tenure.started", effective=iso(since + 7), person=person.id, post=post
            ),
            a.TenureEnded(
                type="tenure.ended",
                effective=iso(until - 7),
                person=person.id,
                post=post,
                reason="other",
            ),
        ]
        yield self._record(acts, None, self._day)

    def _began_later(self) -> Iterator[Taken]:
        """Somebody took up a post some days later than was recorded."""
        seat = self._random.choice(self.seats)
        wrong = seat.begun
        if wrong is None or seat.awaited or not isinstance(wrong.act, a.AppointmentMade):
            return
        day = wrong.day + self._random.randint(1, 10)
        if day > self._day:
            return
        right = a.AppointmentMade(
            type="appointment.made",
            effective=iso(day),
            person=wrong.act.person,
            post=wrong.act.post,
            by=wrong.act.by,
            corrects=wrong.position,
        )
        taken = self._correct(wrong, right)
        seat.begun = None
        yield taken

    def _ended_otherwise(self) -> Iterator[Taken]:
        """A tenure ended for another reason than was recorded."""
        wrong = self._one_of(self._ended)
        act = wrong.act if wrong is not None else None
        if wrong is None or not isinstance(act, a.TenureEnded):
            return
        right = a.TenureEnded(
            type="tenure.ended",
            effective=act.effective,
            person=act.person,
            post=act.post,
            reason="recalled",
            corrects=wrong.position,
        )
        yield self._correct(wrong, right)

    def _spelt_otherwise(self) -> Iterator[Taken]:
        """A body's name was misspelt."""
        wrong = self._one_of(self._named)
        act = wrong.act if wrong is not None else None
        if wrong is None or not isinstance(act, a.BodyRenamed):
            return
        right = a.BodyRenamed(
            type="body.renamed",
            effective=act.effective,
            body=act.body,
            name=f"{act.name} district",
            corrects=wrong.position,
        )
        yield self._correct(wrong, right)

    def _one_of(self, facts: list[Fact]) -> Fact | None:
        """One of the newer facts, which are forgotten with it."""
        if len(facts) > 2 * RECENT:
            del facts[:-RECENT]
        if not facts:
            return None
        index = self._random.randrange(len(facts))
        facts[index], facts[-1] = facts[-1], facts[index]
        return facts.pop()

    def _correct(self, wrong: Fact, right: a.StructureAct) -> Taken:
        retracted = a.EntryRetracted(
            type="entry.retracted", entry=wrong.position, reason="The minutes say otherwise."
        )
        return replace(self._record([retracted, right], None, self._day), wrong=wrong)

    def _delay(self, acts: Sequence[a.Act], by: str, seat: Seat, person: Person) -> None:
        """A handing over that the ledger learns of later."""
        registered = [each for each in acts if isinstance(each, a.PersonRegistered)]
        seat.awaited = True
        person.awaited += 1
        seat.body.awaited += 1

        def arrive() -> None:
            seat.awaited = False
            person.awaited -= 1
            seat.body.awaited -= 1

        if registered:
            # Nothing may name a person before that: so a person who is new is not awaited.
            self.persons.remove(person)

            def appear() -> None:
                arrive()
                self.persons.append(person)

            self._wait(acts, by, appear)
        else:
            self._wait(acts, by, arrive)

    def _wait(self, acts: Sequence[a.Act], by: str, arrive: Callable[[], None]) -> None:
        due = self._day + self._random.randint(30, 700)
        self._made += 1
        heappush(self._late, _Late(due, self._made, self._day, by, acts, arrive))

    # Recording

    def _record(
        self, acts: Sequence[a.Act], by: str | None, day: int, seat: Seat | None = None
    ) -> Taken:
        """A decision taken on a day and recorded today."""
        self._taken += 1
        rnd = self._random
        vote = None
        if by is not None and rnd.random() < 0.6:
            eligible = rnd.randint(5, 60)
            cast = eligible - rnd.randint(0, eligible // 4)
            in_favour = rnd.randint(cast // 2 + 1, cast)
            vote = a.Vote(
                eligible=eligible,
                cast=cast,
                counts=(
                    a.Tally(option="for", value=in_favour),
                    a.Tally(option="against", value=cast - in_favour),
                ),
            )
        source = a.Source(
            title=f"Minutes, No. {self._taken}" if rnd.random() < 0.2 else None,
            published=iso(day + 7),
            sha256=f"{rnd.getrandbits(256):064x}",
        )
        decision = Decision(
            id=f"d{self._taken}",
            taken_by=by,
            date=iso(day),
            vote=vote,
            sources=(source,),
            acts=tuple(acts),
        )
        for position, act in enumerate(acts, self._position + 2):
            if isinstance(act, a.TenureEnded):
                self._ended.append(Fact(position, f"d{self._taken}", act, day))
            elif (
                isinstance(act, a.AppointmentMade) and seat is not None and len(act.effective) == 10
            ):
                seat.begun = Fact(position, f"d{self._taken}", act, day)
        self._position += 1 + len(acts)
        self._recorded_at = max(self._recorded_at + 1_000, (self._day - _EPOCH) * _DAY)
        return Taken(decision, self._recorded_at)

    def _new(self, kind: str) -> str:
        self._made += 1
        return f"{kind}{self._made}"


NORMS: Final[Sequence[tuple[a.RuleKind, str, a.Parameters]]] = (
    ("size", "committee", a.Parameters(least=3, most=9)),
    ("size", "cell", a.Parameters(least=2)),
    ("term", "department", a.Parameters(months=60)),
    ("term", "cell", a.Parameters(months=72)),
    ("cadence", "congress", a.Parameters(months=60)),
)
GIVEN: Final = ("Ann", "Bo", "Chae", "Dilnoza", "Emeka", "Farah", "Goran", "Hana", "Ines", "Jin")
FAMILY: Final = ("Abe", "Berg", "Cho", "Diaz", "Eze", "Fofana", "Gruber", "Horvat", "Ito", "Kim")
PLACES: Final = tuple(f"district {number}" for number in range(1, 60))


def _root(body: str) -> str:
    """The id of the first of the bodies that followed each other."""
    return body.partition(".")[0]


def _sums(weights: Sequence[float]) -> Iterator[float]:
    total = 0.0
    for weight in weights:
        total += weight
        yield total


class Disclosing:
    """Commits to texts as the vault does, but so that each run makes the same salts."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self.made: list[Disclosure] = []
        self.decision = ""

    def __call__(self, field: str, text: str, subject: str) -> Commitment:
        """The commitment to a text of a subject."""
        salt = _base64(self._random.randbytes(16))
        disclosure = _base64(json.dumps([salt, field, text], ensure_ascii=False).encode())
        digest = _base64(sha256(disclosure.encode()).digest())
        self.made.append(Disclosure(digest, subject, self.decision, disclosure))
        return Commitment(digest)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Recorded:
    """What drafting reads of a ledger: the entry that a decision retracts, for its tags."""

    wrong: Fact | None

    def entries(self, tag: str, types: frozenset[str]) -> Sequence[Entry]:
        """Nothing is looked up by tag: what is retracted is named by its position."""
        return ()

    def at(self, position: int) -> Entry | None:
        """The entry at a position."""
        wrong = self.wrong
        if wrong is None or wrong.position != position:
            return None
        tags = tags_of(wrong.act, wrong.decision)
        return Entry(position, "", _BY, wrong.decision, 0, wrong.act, tags)


def appends(decisions: Iterator[Taken], disclosing: Disclosing) -> Iterator[tuple[int, Append]]:
    """Each decision as the log takes it, and when it is recorded."""
    for each in decisions:
        drafts = draft(each.decision, Recorded(each.wrong), _BY)
        name = disclosing.decision = drafts[0].decision
        sealed = []
        for entry in drafts:
            act = commit(entry.act, f"decision:{name}", disclosing)
            stored = entry
            if act is not entry.act:
                stored = Entry(0, "", _BY, name, entry.number, act, entry.tags)
            sealed.append(Draft(entry.type, entry.tags, *halves(stored)))
        yield each.recorded_at, Append(tuple(sealed))


class Times:
    """A clock that tells for each append in turn when it is recorded."""

    def __init__(self) -> None:
        self.ahead: deque[int] = deque()

    def __call__(self) -> int:
        """The next time."""
        return self.ahead.popleft()


def store(
    url: str,
    entries: int,
    seed: int = 1,
    vault: Vault | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> int:
    """Store the ledger of an organisation in a new log, and tell how many entries it has."""
    organisation, disclosing, times = Organisation(entries, seed), Disclosing(seed), Times()
    log = Log(url, seal=curule_seal, clock=times)
    with closing(log), uncollected():
        making = appends(organisation.decisions(), disclosing)
        while group := list(islice(making, GROUP // 3)):
            if vault is not None:
                vault.put(disclosing.made, deadline=_SETTLED)
            disclosing.made.clear()
            times.ahead.extend(recorded_at for recorded_at, _ in group)
            for outcome in log.record_all([append for _, append in group]):
                if isinstance(outcome, Exception):
                    raise outcome
            progress(log.head()[0])
        return log.head()[0]


def make(folder: Path, entries: int, seed: int = 1, *, texts: bool = True) -> int:
    """Make a ledger in a folder: its log, and the vault with its texts."""

    def progress(position: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{position:,} entries", end="\033[K\r", file=sys.stderr)

    vault = _vault(folder) if texts else None
    try:
        return store(f"sqlite:///{folder}/log.db", entries, seed, vault, progress)
    finally:
        if vault is not None:
            vault.close()


def settings_in(folder: Path) -> Settings:
    """The settings of the ledger in a folder."""
    return Settings(
        ledger=f"sqlite:///{folder}/log.db",
        vault=f"sqlite:///{folder}/vault.db",
        views=folder / "views.db",
    )


def settled(folder: Path, entries: int, *, texts: bool = True) -> Settings:
    """The settings of the ledger in a folder, which is made if it is not there."""
    if not (folder / "log.db").exists():
        folder.mkdir(parents=True, exist_ok=True)
        make(folder, entries, texts=texts)
    return settings_in(folder)


def check(folder: Path, entries: int, seed: int, decisions: int) -> int:
    """Have the rules judge the first decisions, and tell how many entries they accept."""
    ledger = Ledger(settings_in(folder))
    try:
        for each in islice(Organisation(entries, seed).decisions(), decisions):
            (answer,) = ledger.recorder.record([Sent(each.decision, replace(LOCAL, id=_BY))])
            if not isinstance(answer, Receipt):
                raise ValueError(f"{each.decision} is refused: {answer}")
        return ledger.log.head()[0]
    finally:
        ledger.close()


def main() -> None:
    """Make a ledger in a folder."""
    parser = argparse.ArgumentParser(description="A ledger of a large organisation.")
    parser.add_argument("folder", type=Path, help="a new folder for log.db and vault.db")
    parser.add_argument("--entries", type=int, default=1_000_000, help="(default: 1000000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-texts", action="store_true", help="leave the vault out")
    parser.add_argument("--check", type=int, help="record so many decisions by the rules instead")
    options = parser.parse_args()
    options.folder.mkdir(parents=True)
    began = time.perf_counter()
    if options.check:
        made = check(options.folder, options.entries, options.seed, options.check)
    else:
        made = make(options.folder, options.entries, options.seed, texts=not options.no_texts)
    took = time.perf_counter() - began
    print(f"{made:,} entries in {took:.1f} s: {made / took:,.0f} a second")


def _vault(folder: Path) -> Vault:
    """A vault whose key lies beside it, where the service looks for it."""
    url = f"sqlite:///{folder}/vault.db"
    return Vault(url, master_key(url, key=None, key_file=None))


if __name__ == "__main__":
    main()
