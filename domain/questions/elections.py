"""Elections on a day: called, held or annulled; who stood, how the votes fell, who was elected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain import acts as a
from domain.answers import (
    Called,
    Candidacy,
    Counted,
    Elected,
    Election,
    Filled,
    Standing,
    Turn,
    Unseated,
)
from domain.questions.facts import Day, because, start
from domain.questions.people import candidacy
from domain.shape import to_json
from domain.timelines import Spell


def elections(day: Day) -> tuple[Election, ...]:
    """Every election called or held by a day, in the order of their ids."""
    found = (election(day, each) for each in day.subjects("election"))
    return tuple(each for each in found if each is not None)


def election(day: Day, identity: str) -> Election | None:
    """One election; None while it is neither called nor held."""
    about = {
        spell.track.attribute: spell
        for spell in day.known.about("election", identity)
        if spell.since.earliest <= day.day or spell.track.attribute == "annulled"
    }
    plan = day.shown(day.of("election", identity).get("plan", ()))
    called, held, annulled = (about.get(each) for each in ("called", "held", "annulled"))
    told = held or called
    if told is None:
        return None
    entry, _ = day.known.told(told.because[0])
    act = entry.act if isinstance(entry.act, a.ElectionHeld) else None
    call = called.value if called is not None else {}
    over = annulled if held is not None else None
    positions = {each.because[0] for each in (called, held, over) if each is not None}
    turn = _turn(day, act)
    return Election(
        id=identity,
        status=_status(day, held, over),
        body=(act.body if act else None) or call.get("body"),
        meeting=(act.meeting if act else None) or call.get("meeting"),
        method=(act.method if act else None) or call.get("method"),
        contested=act.contested if act else None,
        opened=act.opened if act else None,
        closed=act.closed if act else None,
        effective=act.effective if act else None,
        eligible=turn.eligible,
        cast=turn.cast,
        invalid=turn.invalid,
        turnout=turn.turnout,
        counts=turn.counts,
        ballots=act.ballots if act else None,
        rounds=tuple(_turn(day, each) for each in (act.rounds if act else ())),
        contests=tuple(_contests(day, act, turn)),
        called=_called(called, plan),
        nominations=tuple(_nominations(day, identity)),
        note=to_json(entry.act.note) if isinstance(entry.act, a.Act) else None,
        annulled=over.since_text if over is not None else None,
        certainty="certain" if told.since.latest <= day.day else "possible",
        decision=entry.decision,
        because=tuple(sorted(positions)),
    )


def _status(day: Day, held: Spell | None, annulled: Spell | None) -> Any:
    if annulled is not None and annulled.since.earliest <= day.day:
        return "annulled"
    return "held" if held is not None else "called"


def _called(called: Spell | None, plan: Spell | None) -> Called | None:
    if called is None:
        return None
    value = plan.value if plan is not None else {}
    return Called(
        since=called.since_text or "",
        opens=value.get("opens"),
        closes=value.get("closes"),
        because=because(called, plan),
    )


def _nominations(day: Day, election: str) -> Iterator[Candidacy]:
    for spell in sorted(day.known.about("candidacy", election), key=start):
        if spell.since.earliest <= day.day:
            yield candidacy(day, spell)


def _turn(day: Day, votes: a.ElectionHeld | a.Round | a.Contest | None) -> Turn:
    """How the votes of a round fell; what is not stated is null."""
    eligible = votes.eligible if votes is not None else None
    cast = votes.cast if votes is not None else None
    return Turn(
        eligible=eligible,
        cast=cast,
        invalid=votes.invalid if votes is not None else None,
        turnout=_turnout(eligible, cast),
        counts=tuple(Counted(each.option, each.value) for each in (votes.counts if votes else ())),
        candidates=tuple(_standing(day, each) for each in getattr(votes, "candidates", ())),
    )


def _turnout(eligible: int | None, cast: int | None) -> float | None:
    return round(cast / eligible, 5) if cast is not None and eligible else None


def _standing(day: Day, stood: a.Candidate) -> Standing:
    return Standing(
        person=day.person(stood.person),
        name=_name(day, stood.person),
        votes=stood.votes,
        score=stood.score,
        rank=stood.rank,
        affiliation=stood.affiliation,
    )


def _name(day: Day, written: str) -> Any:
    name = day.name(day.person(written))
    return name.value if name is not None else None


def _contests(day: Day, act: a.ElectionHeld | None, outer: Turn) -> Iterator[Filled]:
    if act is not None:
        for contest in act.contests:
            yield _filled(day, contest, outer, act.contested)


def _filled(day: Day, contest: a.Contest, outer: Turn, contested: bool | None) -> Filled:
    """A contest, with the election's own figures where it has none that differ."""
    turn = _turn(day, contest)
    eligible = turn.eligible if turn.eligible is not None else outer.eligible
    cast = turn.cast if turn.cast is not None else outer.cast
    return Filled(
        eligible=eligible,
        cast=cast,
        invalid=turn.invalid if turn.invalid is not None else outer.invalid,
        turnout=_turnout(eligible, cast),
        counts=turn.counts,
        candidates=turn.candidates,
        post=contest.post,
        body=contest.body,
        role=contest.role,
        seats=contest.seats,
        contested=contested if contest.contested is None else contest.contested,
        elected=tuple(
            Elected(person, _name(day, person))
            for person in dict.fromkeys(day.person(each) for each in contest.elected)
        ),
        not_seated=tuple(
            Unseated(day.person(each.person), _name(day, each.person), to_json(each.reason))
            for each in contest.not_seated
        ),
        outcome=contest.outcome,
        until=contest.until,
    )
