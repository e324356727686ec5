"""Ballots add up: no more are cast than there are voters, nor counted than were cast."""

from __future__ import annotations

from collections.abc import Iterator

from domain import acts as a
from domain.coherence.breach import Breach
from domain.decisions import DecisionTaken
from domain.entries import Entry


def ballots_add_up(entry: Entry) -> Iterator[Breach]:
    """Nobody casts more ballots than there are voters, nor counts more than were cast."""
    act = entry.act
    if isinstance(act, DecisionTaken | a.DecisionAmended) and act.vote is not None:
        yield from _votes_add_up(act.vote, entry, "/vote")
    if not isinstance(act, a.ElectionHeld):
        return
    yield from _votes_add_up(act, entry, "")
    for number, turn in enumerate(act.rounds):
        yield from _votes_add_up(turn, entry, f"/rounds/{number}")
    for number, contest in enumerate(act.contests):
        where = f"/contests/{number}"
        filled = a.Contest(
            post=contest.post,
            body=contest.body,
            role=contest.role,
            eligible=_first(contest.eligible, act.eligible),
            cast=_first(contest.cast, act.cast),
            invalid=_first(contest.invalid, act.invalid),
            candidates=contest.candidates,
            counts=contest.counts,
        )
        yield from _votes_add_up(filled, entry, where)
        seated = set(contest.elected) - {each.person for each in contest.not_seated}
        if contest.seats is not None and len(seated) > contest.seats:
            message = f"{len(seated)} are seated, and seats to be filled: {contest.seats}"
            yield Breach("ballots", message, (entry.position,), f"{where}/elected")


def _votes_add_up(
    votes: a.Vote | a.Round | a.Contest | a.ElectionHeld, entry: Entry, where: str
) -> Iterator[Breach]:
    invalid = getattr(votes, "invalid", None) or 0
    if votes.eligible is not None and votes.cast is not None and votes.cast > votes.eligible:
        message = f"{votes.cast} ballots were cast, and {votes.eligible} could vote"
        yield Breach("ballots", message, (entry.position,), f"{where}/cast")
    if votes.cast is None:
        return
    if invalid > votes.cast:
        message = f"{invalid} ballots are invalid, and {votes.cast} were cast"
        yield Breach("ballots", message, (entry.position,), f"{where}/invalid")
        return
    valid = votes.cast - invalid
    judged = [each.value for each in votes.counts if each.option in ("for", "against", "abstain")]
    if min(judged, default=0) < 0:
        message = "for, against and abstain count votes, none less than 0"
        yield Breach("ballots", message, (entry.position,), f"{where}/counts")
    if sum(judged) > valid:
        message = f"for, against and abstain add up to {sum(judged)}, and {valid} votes are valid"
        yield Breach("ballots", message, (entry.position,), f"{where}/counts")
    for number, candidate in enumerate(getattr(votes, "candidates", ())):
        if candidate.votes is not None and candidate.votes > valid:
            message = f"{candidate.votes} votes for one candidate, and {valid} are valid"
            pointer = f"{where}/candidates/{number}/votes"
            yield Breach("ballots", message, (entry.position,), pointer)


def _first(one: int | None, other: int | None) -> int | None:
    return one if one is not None else other
