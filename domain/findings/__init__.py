"""Findings: where the facts do not agree with the charter.

Every rule is judged on every day on which it is certainly in force, in the version of that day, by
what is known at a position. A ledger records what happened: a finding refuses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from domain.answers import Finding
from domain.findings.authority import authority
from domain.findings.evidence import Evidence
from domain.findings.holders import composition, term, voting
from domain.findings.mandates import mandate
from domain.findings.meetings import cadence
from domain.findings.norms import Norm, norms
from domain.findings.numbers import cap, cardinality, head, size
from domain.findings.taken import Taken
from domain.findings.votes import quorum
from domain.questions.facts import Day

JUDGED: Final[dict[str, Callable[[Norm, Evidence], Iterator[Finding]]]] = {
    "cadence": cadence,
    "cap": cap,
    "cardinality": cardinality,
    "composition": composition,
    "head": head,
    "mandate": mandate,
    "quorum": quorum,
    "size": size,
    "term": term,
    "voting": voting,
}
"""How each kind of rule is judged; a duty is not, nor what an appeal does."""


def findings(day: Day, decisions: Iterable[Taken]) -> tuple[Finding, ...]:
    """Every breach of the charter that begins by a day, in the order of rules and days.

    Whether the mandate that a decision cites is its own is judged without any rule: such a finding
    is of kind `authority`, and names the mandate in the place of the rule.
    """
    evidence = Evidence(day, decisions)
    found = [
        finding
        for norm in norms(evidence)
        if norm.kind in JUDGED
        for finding in JUDGED[norm.kind](norm, evidence)
    ]
    found += authority(evidence)
    return tuple(sorted(found, key=_order))


def _order(finding: Finding) -> tuple[str, str, str, str, str]:
    subject = finding.subject
    return (finding.rule, finding.since, subject.id, finding.certainty, finding.message)
