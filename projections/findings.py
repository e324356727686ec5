"""The question where the facts do not agree with the charter, as known at a position."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlalchemy import Connection, select

from domain.answers import Finding
from domain.dates import DAWN, NEVER, window
from domain.decisions import DecisionTaken
from domain.entries import Entry
from domain.findings import findings as judged
from domain.findings.taken import Taken, amended
from domain.questions.facts import Day, envelope_of
from domain.shape import from_json
from projections.amendments import amendments
from projections.basis import Basis
from projections.beliefs import Beliefs
from projections.facts import Believed, Told
from projections.tables import decisions, retractions
from projections.views import Views


def findings(connection: Connection, basis: Basis, told: Told) -> tuple[Finding, ...]:
    """Every breach of the charter that begins by the basis's day."""
    known = Believed(connection, basis.position, told)
    return judged(Day(known, basis.effective_at), decisions_taken(connection, basis.position))


def decisions_taken(connection: Connection, position: int) -> Iterator[Taken]:
    """What rules judge of every decision at a position: as amended, less its retracted acts."""
    gone = set(
        connection.execute(
            select(retractions.c.target).where(retractions.c.position <= position)
        ).scalars()
    )
    amending = amendments(connection, position)
    recorded = select(decisions.c.taken).where(decisions.c.last <= position)
    for stored in connection.execute(recorded.order_by(decisions.c.last)).scalars():
        taken = from_json(Taken, json.loads(stored))
        yield replace(
            amended(taken, amending.get(taken.id, ())),
            elections=tuple(each for each in taken.elections if each.position not in gone),
            exercised=tuple(each for each in taken.exercised if each.position not in gone),
        )


def foreseen(views: Views, drafts: Sequence[Entry], told: Told, today: int) -> tuple[Finding, ...]:
    """The findings that recording these drafts would bring: the views take them in, and forget."""
    with views.rehearsing() as connection:
        position, _ = views.position(connection)
        entries = [
            replace(draft, position=position + number, recorded_at="1970-01-01T00:00:00Z")
            for number, draft in enumerate(drafts, 1)
        ]
        by_position = {entry.position: entry for entry in entries}

        def told_too(at: int) -> tuple[Entry, DecisionTaken]:
            if at in by_position:
                return by_position[at], envelope_of(entries[0])
            return told(at)

        day = max((today, *_days(entries)))
        before = findings(connection, Basis(day, position, None), told)
        beliefs = Beliefs(connection)
        beliefs.take_in(entries)
        beliefs.store()
        after = findings(connection, Basis(day, position + len(entries), None), told_too)
    known = {_identity(each) for each in before}
    return tuple(
        replace(each, because=tuple(at for at in each.because if at <= position))
        for each in after
        if _identity(each) not in known
    )


def _days(entries: Sequence[Entry]) -> Iterator[int]:
    """The days on which the acts take effect, and of the decision, as far as they are bounded."""
    for entry in entries:
        for text in (getattr(entry.act, "effective", None), getattr(entry.act, "date", None)):
            if text is not None:
                yield from (each for each in window(text) if DAWN < each < NEVER)


def _identity(finding: Finding) -> tuple[object, ...]:
    """What makes it the same finding before and after a decision."""
    return (finding.rule, finding.subject, finding.since, finding.certainty)
