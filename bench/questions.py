"""How long questions take as a ledger grows: in process, and as whole answers of the application.

Each question is asked on today's date and on a random day as now believed, and on a random day as
believed at a random position of the past. In process, a connection and the basis are at hand; an
answer of the application is everything from the ASGI scope to the last byte of the body. Growth
compares the largest ledger with the smallest: the same organisation, with a deeper history. The
ceiling is a bare sqlite3 cursor that fetches the rows of that body, or of that day, and does
nothing with them; it takes turns with the questions in the same run. What is asked first is read
first: give enough seconds for every body to have been asked for once.

    python -m bench.questions FOLDER [--sizes 10000,100000,1000000] [--seconds 2] [--only body]

The ledgers are made in the folder (`bench.organisation`) unless they are there already.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI
from sqlalchemy import Connection

from bench import organisation
from domain.dates import iso
from domain.questions.history import facts
from domain.questions.in_full import body_in_full, post_in_full
from domain.questions.people import holding, members, person_in_full
from projections.basis import Basis, basis_at
from projections.tables import NEWEST
from service.api import application
from service.garbage import collect_seldom
from service.ledger import Ledger

LATEST: Final = organisation.LAST
PAGE: Final = 500

_PRESENT: Final = f"recorded_until = {NEWEST} AND until_latest > :day AND since_earliest <= :day"
_OF_BODY: Final = f"""
    WITH own AS (SELECT subject AS post FROM spells
        WHERE kind = 'post' AND named = :body AND recorded_until = {NEWEST})
    SELECT * FROM spells WHERE kind IN ('body', 'membership') AND subject = :body AND {_PRESENT}
    UNION ALL SELECT spells.* FROM own CROSS JOIN spells
        WHERE kind IN ('post', 'tenure') AND subject = post AND {_PRESENT}"""  # noqa: S608
_OF_ALL: Final = f"""
    SELECT * FROM spells WHERE kind IN ('body', 'post', 'tenure') AND {_PRESENT}"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Subjects:
    """Whom questions are asked about: those that are there from the first years on."""

    bodies: Sequence[str]
    posts: Sequence[str]
    persons: Sequence[str]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked in process, and of the application."""

    ask: Callable[[Ledger, Connection, Basis, Subjects, Random], object] | None
    path: Callable[[Subjects, Random], tuple[str, dict[str, Any]]]


def _of(name: str, kind: str, rest: str = "", **given: Any) -> Any:
    def path(subjects: Subjects, random: Random) -> tuple[str, dict[str, Any]]:
        return f"/v1/{name}/{random.choice(getattr(subjects, kind))}{rest}", given

    return path


QUESTIONS: Final[dict[str, Question]] = {
    "body": Question(
        lambda ledger, connection, basis, subjects, random: body_in_full(
            ledger.day(connection, basis), random.choice(subjects.bodies)
        ),
        _of("bodies", "bodies"),
    ),
    "post": Question(
        lambda ledger, connection, basis, subjects, random: post_in_full(
            ledger.day(connection, basis), random.choice(subjects.posts)
        ),
        _of("posts", "posts"),
    ),
    "person": Question(
        lambda ledger, connection, basis, subjects, random: person_in_full(
            ledger.day(connection, basis), random.choice(subjects.persons)
        ),
        _of("people", "persons"),
    ),
    "members": Question(
        lambda ledger, connection, basis, subjects, random: _members(
            ledger, connection, basis, random.choice(subjects.bodies)
        ),
        _of("bodies", "bodies", "/members"),
    ),
    "history": Question(
        lambda ledger, connection, basis, subjects, random: facts(
            ledger.day(connection, basis), "body", random.choice(subjects.bodies)
        ),
        _of("bodies", "bodies", "/history"),
    ),
    "structure": Question(
        lambda ledger, connection, basis, subjects, random: ledger.structure(connection, basis),
        lambda subjects, random: ("/v1/structure", {}),
    ),
    "people": Question(None, lambda subjects, random: ("/v1/people", _page(random, "p"))),
    "posts": Question(None, lambda subjects, random: ("/v1/posts", _page(random, "b"))),
    "changes": Question(None, lambda subjects, random: ("/v1/changes", {})),
}


def _members(ledger: Ledger, connection: Connection, basis: Basis, body: str) -> object:
    day = ledger.day(connection, basis)
    return list(members(day, body)), holding(day, body)


def _page(random: Random, prefix: str) -> dict[str, Any]:
    return {"limit": PAGE, "cursor": f"{prefix}{random.randint(1, 9)}"}


@dataclass(slots=True)
class Measured:
    """How long each of some answers took, in ms."""

    took: list[float]

    def __str__(self) -> str:
        ordered = sorted(self.took)
        return f"{statistics.median(ordered):,.2f} ({ordered[int(len(ordered) * 0.99)]:,.1f})"


def measure(ask: Callable[[], object], seconds: float) -> Measured:
    """Ask again and again."""
    ask()  # so that what is read once in a process is read
    took: list[float] = []
    gc.collect()
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(took) < 3:
        began = time.perf_counter()
        ask()
        took.append((time.perf_counter() - began) * 1_000)
    return Measured(took)


@contextlib.contextmanager
def opened(folder: Path, entries: int) -> Iterator[Ledger]:
    """The ledger of that size; made where it is not there yet."""
    ledger = Ledger(organisation.settled(folder / str(entries), entries))
    try:
        began = time.perf_counter()
        ledger.follow()
        print(f"{entries:>9,} entries, followed in {time.perf_counter() - began:.0f} s")
        yield ledger
    finally:
        ledger.close()


def subjects(ledger: Ledger, connection: Connection, position: int) -> Subjects:
    """The bodies, posts and persons that are there in the first year and today."""
    days = [organisation.FIRST + 400, LATEST]
    then, now = (ledger.structure(connection, basis_at(connection, day, position)) for day in days)
    lasting = {body.id for body in then} & {body.id for body in now}
    posts = [post for body in now if body.id in lasting for post in body.posts]
    persons = {each.person for body in then for post in body.posts for each in post.holders}
    return Subjects(sorted(lasting), sorted(post.id for post in posts), sorted(persons))


class Bases:
    """Where questions are asked: each call another basis."""

    def __init__(self, ledger: Ledger, random: Random) -> None:
        self._random = random
        self._newest = ledger.log.head()[0]
        self._founded = organisation.Organisation(self._newest).size * 17

    def today(self) -> tuple[int, int]:
        """The last day, as now believed."""
        return LATEST, self._newest

    def any_day(self) -> tuple[int, int]:
        """A day since the founding, as now believed."""
        return self._random.randint(organisation.FIRST + 400, LATEST), self._newest

    def past(self) -> tuple[int, int]:
        """A day, as believed at a position after the founding."""
        return self.any_day()[0], self._random.randint(self._founded, self._newest)

    def __iter__(self) -> Iterator[tuple[str, Callable[[], tuple[int, int]]]]:
        yield "today", self.today
        yield "any day", self.any_day
        yield "past", self.past


def main() -> None:
    """Ask every question of every ledger, and print the figures."""
    parser = argparse.ArgumentParser(description="How long questions take as a ledger grows.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", default="10000,100000,1000000", help="entries (%(default)s)")
    parser.add_argument("--seconds", type=float, default=2, help="for each figure (default: 2)")
    parser.add_argument("--only", default=",".join(QUESTIONS), help="some of %(default)s")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    found: dict[tuple[str, str, str], list[Measured]] = {}
    for size in sizes:
        with opened(options.folder, size) as ledger:
            collect_seldom()
            for key, measured in _asked(ledger, options.only.split(","), options.seconds):
                found.setdefault(key, []).append(measured)
    print(f"{'ms: median (p99)':<34}", *(f"{size:>18,}" for size in sizes), "    growth  / bare")
    for (name, basis, how), figures in found.items():
        medians = [statistics.median(each.took) for each in figures]
        bare = found.get((name, basis, "bare"))
        ratio = f"{medians[-1] / statistics.median(bare[-1].took):7.1f}x" if bare else ""
        label = f"{name}, {basis}, {how}"
        print(f"{label:<34}", *(f"{each!s:>18}" for each in figures), end="")
        print(f" {medians[-1] / medians[0]:8.2f}x {ratio}")


def _asked(
    ledger: Ledger, only: Sequence[str], seconds: float
) -> Iterator[tuple[tuple[str, str, str], Measured]]:
    random = Random(1)
    bases = Bases(ledger, random)
    application_of = _Application(ledger)
    with ledger.views.reading() as connection:
        whom = subjects(ledger, connection, ledger.log.head()[0])
        for name in only:
            question = QUESTIONS[name]
            for basis, choose in bases:
                if sys.stderr.isatty():
                    print(f"\r{name}, {basis}", end="\033[K\r", file=sys.stderr)
                bare = _bare(ledger, name, whom, choose, random)
                if bare is not None and basis != "past":
                    yield (name, basis, "bare"), measure(bare, seconds / 2)
                if question.ask is not None:
                    ask = _in_process(ledger, connection, question, whom, choose, random)
                    yield (name, basis, "asked"), measure(ask, seconds)
                answer = application_of.answering(name, question, whom, choose, random)
                yield (name, basis, "answered"), measure(answer, seconds)
    application_of.close()


def _in_process(
    ledger: Ledger,
    connection: Connection,
    question: Question,
    whom: Subjects,
    choose: Callable[[], tuple[int, int]],
    random: Random,
) -> Callable[[], object]:
    def ask() -> object:
        assert question.ask is not None
        return question.ask(ledger, connection, basis_at(connection, *choose()), whom, random)

    return ask


def _bare(
    ledger: Ledger,
    name: str,
    whom: Subjects,
    choose: Callable[[], tuple[int, int]],
    random: Random,
) -> Callable[[], object] | None:
    statement = {"body": _OF_BODY, "structure": _OF_ALL}.get(name)
    if statement is None:
        return None
    with ledger.views.reading() as connection:
        path = connection.engine.url.database
    cursor = sqlite3.connect(str(path)).cursor()

    def ask() -> object:
        about = {"day": choose()[0], "body": random.choice(whom.bodies)}
        return cursor.execute(statement, about).fetchall()

    return ask


class _Application:
    """The application, asked as a server would ask it."""

    def __init__(self, ledger: Ledger) -> None:
        self._loop = asyncio.new_event_loop()
        self._app: FastAPI = application(lambda: ledger)
        self._app.state.ledger = ledger  # without its lifespan: the ledger stays open

    def close(self) -> None:
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def answering(
        self,
        name: str,
        question: Question,
        whom: Subjects,
        choose: Callable[[], tuple[int, int]],
        random: Random,
    ) -> Callable[[], object]:
        def ask() -> object:
            day, position = choose()
            path, given = question.path(whom, random)
            at: dict[str, Any] = {"effective_at": iso(day), "position": position}
            if name == "changes":  # of a quarter of a year
                at = {f"to_{clock}": value for clock, value in at.items()}
                at |= {"from_effective_at": iso(day - 91), "from_position": position}
            return self._loop.run_until_complete(self._get(path, {**given, **at}))

        return ask

    async def _get(self, path: str, query: dict[str, Any]) -> int:
        sent: list[Any] = []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": urlencode(query).encode(),
            "headers": [],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        if sent[0]["status"] not in (200, 404):  # 404: not known at that position
            raise ValueError(f"{path} {query}: {sent}")
        return sum(len(each.get("body", b"")) for each in sent)


if __name__ == "__main__":
    main()
