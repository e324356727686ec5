"""Authority: a decision that cites a mandate is taken by its holder, while it is in force."""

from __future__ import annotations

from collections.abc import Iterator

from domain.answers import Finding, Subject
from domain.dates import NEVER, iso, window
from domain.findings.evidence import Evidence
from domain.findings.taken import Taken


def authority(evidence: Evidence) -> Iterator[Finding]:
    """Every decision on a mandate that was not in force on its date, or is held by another."""
    for decision in evidence.decisions:
        if decision.authority is None or decision.date is None:
            continue
        day = window(decision.date).latest
        life = evidence.life("mandate", decision.authority)
        wrong = _wrong(evidence, decision)
        if life is not None and wrong is not None and day < min(evidence.end, NEVER):
            yield Finding(
                rule=decision.authority,
                kind="authority",
                version=life.because[0],
                subject=Subject("decision", decision.id),
                message=f"{decision.id} cites the mandate {decision.authority}, which {wrong}",
                since=iso(day),
                until=iso(day + 1),
                certainty="certain",
                because=tuple(sorted({*life.because, decision.position})),
            )


def _wrong(evidence: Evidence, decision: Taken) -> str | None:
    """What is certainly wrong with the mandate that a decision cites."""
    life = evidence.life("mandate", decision.authority or "")
    if life is None:
        return None
    when = window(decision.date or "")
    if when.latest < life.since.earliest:
        return f"was not yet granted on {iso(when.latest)}"
    if when.earliest >= life.until.latest:
        return f"was no longer in force on {iso(when.earliest)}"
    holder = life.value["holder"]
    acting = {decision.taken_by, *(used.by for used in decision.exercised)} - {None}
    if acting and holder not in acting and evidence.body_of(holder) not in acting:
        return f"is held by {holder}"
    return None
