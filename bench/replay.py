"""Entries a second that replay decodes and folds, beside the parsing of their bytes alone.

Each stage goes over the entries of one ledger by itself, and then the whole: the structure at a
basis from stored bytes, as `curule replay` works it out. The ceiling is `json.loads` of the same
bytes, taken in the same round. Times are those of this process's CPU.

    python -m bench.replay [--entries 100000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import sys
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from domain import acts as a
from domain.changes import moments
from domain.decisions import DecisionTaken, Payload
from domain.entries import Entry, halves, read, seal, tags_of
from domain.fields import Commitment
from domain.moments import Moment
from domain.shape import commit
from domain.timelines import fold
from domain.tracks import Track
from service.replay import replay

FIRST, LAST = date(2000, 1, 1).toordinal(), date(2025, 1, 1).toordinal()
BODIES = 40  # organisations found these first; then they live


class Organisation:
    """Decisions of about two acts each, as an organisation of some size goes on taking them."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._day = FIRST
        self._bodies: list[str] = []
        self._posts: list[str] = []
        self._persons: list[str] = []
        self._tenures: list[tuple[str, str]] = []
        self._activists: list[tuple[str, str]] = []
        self._retractable: list[int] = []
        self._does: dict[Callable[[], a.Act], int] = {
            self._registered: 24,
            self._appointed: 16,
            self._ended: 12,
            self._admitted: 18,
            self._left: 9,
            self._post: 5,
            self._established: 2,
            self._body_renamed: 2,
            self._person_renamed: 3,
            self._elected: 4,
            self._retracted: 5,
        }

    def entries(self, size: int) -> Iterator[bytes]:
        """The stored bytes of whole decisions, about so many."""
        position = 0
        while position < size:
            self._day = FIRST + (LAST - FIRST) * position // size
            decision = self._new_id()
            recorded_at = 1_763_800_748_000_000 + position
            acts = self._acts()
            payloads: list[Payload] = [self._envelope(len(acts)), *acts]
            for number, payload in enumerate(payloads):
                position += 1
                stored = commit(payload, f"decision:{decision}", self._committed)
                tags = tags_of(stored, decision)
                entry = Entry(0, "", "secretary", decision, number, stored, tags)
                yield seal(*halves(entry), position, recorded_at)
                if isinstance(payload, a.AppointmentMade | a.TenureEnded | a.ActivistAdmitted):
                    self._retractable.append(position)

    def _acts(self) -> list[a.Act]:
        if len(self._bodies) < BODIES:
            return [self._registered(), self._established(), self._post()]
        many = self._chance.choice((1, 2, 2, 3))
        chosen = self._chance.choices(list(self._does), list(self._does.values()), k=many)
        return [each() for each in chosen]

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self._chance.getrandbits(128)))

    def _committed(self, *_: str) -> Commitment:
        return Commitment(f"{self._chance.getrandbits(252):064x}"[:43])

    def _when(self) -> str:
        """The day now, one in eight uncertain."""
        now = date.fromordinal(self._day).isoformat()
        forms = [now] * 21 + [now[:7], now[:7] + "~", f"[..{now}]"]
        return self._chance.choice(forms)

    def _envelope(self, acts: int) -> DecisionTaken:
        cast = self._chance.randint(5, 30)
        options = (("for", cast - 2), ("against", 1), ("abstain", 1))
        return DecisionTaken(
            type="decision.taken",
            title="Title",
            taken_by=self._chance.choice(self._bodies),
            date=date.fromordinal(self._day).isoformat(),
            vote=a.Vote(
                eligible=cast + 3,
                cast=cast,
                counts=tuple(a.Tally(option=option, value=value) for option, value in options),
            ),
            sources=(a.Source(title="Minutes", url="https://minutes.example"),),
            acts=acts,
        )

    def _registered(self) -> a.Act:
        self._persons.append(self._new_id())
        return a.PersonRegistered(
            type="person.registered",
            effective=self._when(),
            person=self._persons[-1],
            name="Name",
        )

    def _person_renamed(self) -> a.Act:
        person = self._chance.choice(self._persons)
        return a.PersonRenamed(
            type="person.renamed", effective=self._when(), person=person, name="Other"
        )

    def _established(self) -> a.Act:
        within = self._chance.choice(self._bodies) if self._bodies else None
        self._bodies.append(self._new_id())
        return a.BodyEstablished(
            type="body.established",
            effective=self._when(),
            body=self._bodies[-1],
            name=f"Committee {len(self._bodies)}",
            classification="committee",
            within=within,
        )

    def _body_renamed(self) -> a.Act:
        body = self._chance.choice(self._bodies)
        name = f"Department {self._day}"
        return a.BodyRenamed(type="body.renamed", effective=self._when(), body=body, name=name)

    def _post(self) -> a.Act:
        self._posts.append(self._new_id())
        return a.PostCreated(
            type="post.created",
            effective=self._when(),
            post=self._posts[-1],
            body=self._chance.choice(self._bodies),
            label=f"Post {len(self._posts)}",
            seats=self._chance.choice((1, 1, 3)),
            voting=True,
        )

    def _appointed(self) -> a.Act:
        tenure = self._chance.choice(self._persons), self._chance.choice(self._posts)
        self._tenures.append(tenure)
        person, post = tenure
        return a.AppointmentMade(
            type="appointment.made", effective=self._when(), person=person, post=post
        )

    def _ended(self) -> a.Act:
        if not self._tenures:
            return self._appointed()
        person, post = self._taken(self._tenures)
        return a.TenureEnded(
            type="tenure.ended",
            effective=self._when(),
            person=person,
            post=post,
            reason="resigned",
        )

    def _admitted(self) -> a.Act:
        member = self._chance.choice(self._persons), self._chance.choice(self._bodies)
        self._activists.append(member)
        person, body = member
        return a.ActivistAdmitted(
            type="activist.admitted", effective=self._when(), person=person, body=body
        )

    def _left(self) -> a.Act:
        if not self._activists:
            return self._admitted()
        person, body = self._taken(self._activists)
        return a.ActivistLeft(
            type="activist.left", effective=self._when(), person=person, body=body
        )

    def _elected(self) -> a.Act:
        stood = list(dict.fromkeys(self._chance.choices(self._persons, k=4)))
        self._tenures += [(stood[0], post := self._chance.choice(self._posts))]
        return a.ElectionHeld(
            type="election.held",
            effective=date.fromordinal(self._day).isoformat(),
            election=self._new_id(),
            body=self._chance.choice(self._bodies),
            contests=(
                a.Contest(
                    post=post,
                    seats=1,
                    candidates=tuple(
                        a.Candidate(person=each, votes=20 - rank, rank=rank)
                        for rank, each in enumerate(stood, 1)
                    ),
                    elected=(stood[0],),
                ),
            ),
        )

    def _retracted(self) -> a.Act:
        if not self._retractable:
            return self._registered()
        target = self._taken(self._retractable)
        return a.EntryRetracted(type="entry.retracted", entry=target, reason="a slip")

    def _taken(self, some: list[Any]) -> Any:
        """One of the last two hundred, no longer among them."""
        return some.pop(-self._chance.randint(1, min(len(some), 200)))


Stage = Callable[[], object]


def stages(ledger: Sequence[bytes]) -> dict[str, Stage]:
    """What is measured, by its name; each is given what the stage before it makes."""
    entries = [read(each) for each in ledger]
    tracks: dict[Track, list[Moment]] = defaultdict(list)
    for entry in entries:
        for moment in moments(entry.act, entry.position):
            tracks[moment.track].append(moment)

    def every(do: Callable[..., object], *over: Iterable[Any]) -> Stage:
        return lambda: deque(map(do, *over), maxlen=0)

    def changed(entry: Entry) -> tuple[Moment, ...]:
        return tuple(moments(entry.act, entry.position))

    return {
        "json.loads": every(json.loads, ledger),
        "read (parse and decode)": every(read, ledger),
        "moments": every(changed, entries),
        "fold": every(lambda track: fold(track, no_annulment), tracks.values()),
        "replay, whole": lambda: replay(map(read, ledger), LAST),
    }


def no_annulment(_: str) -> None:
    """No election of these ledgers is annulled."""


def measure(stage: Stage) -> float:
    """The seconds of CPU that a stage takes."""
    gc.collect()
    before = time.process_time()
    stage()
    return time.process_time() - before


def main() -> None:
    """Run the stages in turn, round after round, and print entries a second."""
    parser = argparse.ArgumentParser(description="Entries a second that replay decodes and folds.")
    parser.add_argument("--entries", type=int, default=100_000, help="of the ledger (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="that take turns (%(default)s)")
    options = parser.parse_args()
    ledger = list(Organisation(seed=1).entries(options.entries))
    measured = stages(ledger)
    gc.freeze()  # what is measured looks for no garbage in the ledger itself
    took: dict[str, list[float]] = {name: [] for name in measured}
    for turn in range(options.rounds):
        for name, stage in measured.items():
            if sys.stderr.isatty():
                done = f"round {turn + 1}/{options.rounds}: {name}"
                print(f"\r{done}", end="\033[K", file=sys.stderr)
            took[name].append(measure(stage))
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    size = sum(map(len, ledger)) / len(ledger)
    print(f"{len(ledger):,} entries of {size:.0f} bytes; median of rounds; ratio to json.loads")
    for name, times in took.items():
        seconds = statistics.median(times)
        pairs = zip(took["json.loads"], times, strict=True)
        ratio = statistics.median(bare / mine for bare, mine in pairs)
        each = seconds / len(ledger)
        print(f"{name:<24} {1 / each:>11,.0f}/s  {each * 1e6:>6.2f} µs an entry  {ratio:>5.2f}")


if __name__ == "__main__":
    main()
