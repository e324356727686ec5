"""The examples: decisions of organisations as their sources claim them, and questions with answers.

Each is a file of decisions, `NAME.json`, beside a file of questions, `NAME.questions.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import jmespath

EXAMPLES: Final = Path(__file__).resolve().parent.parent / "examples"
"""Where they are, in a checkout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question that an auditor would ask, how it is asked, and its right answer."""

    row: str
    """The fact that it is about: source and number."""
    fact: str
    """The fact, in a few words."""
    acts: Sequence[str]
    """The types of the acts that record it."""
    question: str
    """The question, as a person asks it."""
    path: str
    """Where it is asked."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """How it is asked."""
    known_after: str | None = None
    """The decision after whose recording it is answered; absent: after all."""
    select: str
    """What to take from the answer (JMESPath)."""
    answer: Any
    """What that must be."""
    says: str
    """The answer, as a person gives it."""


DAYS: Final = {
    "isg": ("2025-01-20", "2025-01-30"),
    "cell-chairpersons-2017": ("2017-12-26",),
    "cell-secretaries-2013": ("2013-01-28",),
    "korea-newsletter-2013": ("2013-01-28",),
    "provincial-committees": ("2016-04-25",),
    "provincial-year": ("2024-06-01", "2025-01-01"),
    "steering-council": ("2019-06-01", "2026-01-31"),
}
"""The days whose structure shows most of an example."""


def names() -> list[str]:
    """The names of the examples."""
    return sorted(path.name.removesuffix(".questions.json") for path in _questions())


def _questions() -> list[Path]:
    return list(EXAMPLES.glob("*.questions.json"))


def decisions(name: str) -> list[dict[str, Any]]:
    """The decisions of an example, in the order in which they are recorded."""
    found: list[dict[str, Any]] = json.loads((EXAMPLES / f"{name}.json").read_bytes())
    return found


def questions(name: str) -> list[Question]:
    """The questions of an example."""
    found = json.loads((EXAMPLES / f"{name}.questions.json").read_bytes())
    return [Question(**each) for each in found]


def request(question: Question, ends: Mapping[str, int]) -> tuple[str, dict[str, Any]]:
    """The path and parameters of a question; `ends` gives the last position of each decision."""
    at = {} if question.known_after is None else {"position": ends[question.known_after]}
    return question.path, {**question.parameters, **at}


def first_of_each_row(asked: Sequence[Question]) -> list[Question]:
    """One question about each fact."""
    return list({question.row: question for question in reversed(asked)}.values())[::-1]


def selected(question: Question, response: httpx.Response) -> Any:
    """What the question takes from an answer; a refusal is told by its status."""
    content = response.json()
    if response.status_code != 200:
        return {"status": response.status_code, "detail": content.get("detail")}
    return jmespath.search(question.select, content)
