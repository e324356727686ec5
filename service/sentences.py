"""Changes as sentences that a person reads, from the JSON of an answer with its texts opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from domain.dates import DAWN, NEVER, iso, window

Facts = Mapping[str, Any]
"""A JSON object of an answer."""

Names = Mapping[tuple[str, str], Any]
"""What bodies, posts and persons are called, by kind and id."""

CORRECTED: Final = "By correction,"
"""How a sentence begins that tells what the ledger no longer says, or says again."""

LENGTH: Final = 120
"""How much of a value a sentence repeats, in characters."""

_ATTRIBUTES: Final = {
    "other_names": "other names",
    "voting": "right to vote",
    "head": "headship",
    "formed_from": "origin",
    "since": "beginning",
    "until": "end",
    "term_until": "end of the term",
    "approved": "approval",
    "approval": "body that approves the holders",
}
_ENDS: Final[dict[str | None, str]] = {
    "dissolved": "was dissolved",
    "ceased": "ceased to exist",
    "merged": "was merged",
    "expired": "expired",
}
_TAKEN: Final = {
    "election.held": "was elected",
    "appointment.made": "was appointed",
    "tenure.started": "became",
    "tenure.attested": "is listed as",
}
_LINES: Final = {
    "reports_to": "reports to",
    "supervised_by": "is supervised by",
    "managed_by": "is managed by",
}


def sentence(change: Facts, names: Names) -> str:
    """A change in words: when, what, by which decisions, and where that is written."""
    told = f"{when(change)} {_what(change, names)}{_decided(change['causes'], names)}."
    return f"{told}{sources(change)}"


def when(change: Facts) -> str:
    """The day of a change in words: that of its latest act."""
    text = dated(change)
    if _corrects(change):
        return CORRECTED
    if text is None:
        return "On a day not stated"
    earliest, latest = window(text)
    if earliest == latest:
        return f"On {text}"
    if earliest == DAWN:
        return f"On or before {iso(latest)}"
    if latest == NEVER:
        return f"On or after {iso(earliest)}"
    return f"Between {iso(earliest)} and {iso(latest)}"


def dated(change: Facts) -> str | None:
    """The EDTF text of the latest act behind a change; None: none of them has a day."""
    given = [cause["effective"] for cause in change["causes"] if cause["effective"]]
    return max(given, key=lambda text: window(text)[::-1], default=None)


def _corrects(change: Facts) -> bool:
    """Whether something is told otherwise, and not only more of it."""
    told_otherwise = change["what"] in ("withdrawn", "restored", "identified")
    return told_otherwise or (
        change["attribute"] is not None and "entry.retracted" in _types(change)
    )


def sources(change: Facts) -> str:
    """Where the decisions behind a change are written, as a sentence after it; nothing: none."""
    titles = dict.fromkeys(
        legible(title)
        for cause in change["causes"]
        for source in cause["sources"]
        if (title := source.get("title") or source.get("url"))
    )
    named = "; ".join(titles)
    return f" Source: {named}." if named else ""


def _what(change: Facts, names: Names) -> str:
    part = change["subject"]
    match change["what"]:
        case "withdrawn":
            return f"it is no longer recorded that {_stated(part, names)}"
        case "restored":
            return f"it is recorded again that {_stated(part, names)}"
        case "identified":
            longer = "no longer shown" if change["after"] is None else "shown"
            person = _name("person", part["id"], names)
            return f"the holder of {_post(part, names)} is {longer} as {person}"
        case _ if change["attribute"] is not None:
            return _turned(change, names)
        case _ if change["after"] is None:
            return _ended(change, names)
    doubt = " (possibly)" if change["after"]["certainty"] == "possible" else ""
    return f"{_begun(change, names)}{doubt}"


def _turned(change: Facts, names: Names) -> str:
    """What became of one attribute."""
    part, before, after = change["subject"], change["before"], change["after"]
    subject = _called(part, names)
    match change["what"], change["attribute"]:
        case "certainty", _:
            sure = "certain" if after == "certain" else "only possible"
            return f"it became {sure} that {_stated(part, names)}"
        case "renamed", "name" | "label" if not _corrects(change):
            return f"{_value(before)} was renamed {_value(after)}{_within(part, names)}"
        case "moved", _:
            out_of = f" out of {_name('body', before, names)}" if before else ""
            into = f" into {_name('body', after, names)}" if after else ""
            return f"{subject} was moved{out_of}{into}"
        case "approved", _:
            return f"{_name('person', part['id'], names)} was approved as {_post(part, names)}"
        case "members_changed", attribute:
            sure = "" if attribute == "activists" else "possible "
            return f"the {sure}activists of {subject} came to number {after}, from {before}"
        case "alternatives", _:
            return f"what else may hold of {subject} is not the same"
        case "grounds", _:
            return f"{subject} rests on other entries"
        case _, "approval":
            before, after = (each and _name("body", each, names) for each in (before, after))
    attribute = change["attribute"]
    named = f"the {_ATTRIBUTES.get(attribute, attribute)} of {subject}"
    if isinstance(before, list) or isinstance(after, list):
        return f"{named} changed"
    if before is None:
        return f"{named} came to be stated: {_value(after)}"
    return f"{named} changed from {_value(before)} to {_value(after)}"


def _begun(change: Facts, names: Names) -> str:
    part = change["subject"]
    match part["kind"]:
        case "body":
            return f"{_called(part, names)} was established"
        case "post":
            return f"the post {_post(part, names)} was created"
        case "tenure":
            took = next((_TAKEN[each] for each in _types(change) if each in _TAKEN), "became")
            return f"{_name('person', part['id'], names)} {took} {_post(part, names)}"
    return f"a line was drawn: {_stated(part, names)}"


def _ended(change: Facts, names: Names) -> str:
    part, causes = change["subject"], change["causes"]
    match part["kind"]:
        case "body":
            manner = next((each["manner"] for each in causes if each["manner"]), None)
            return f"{_called(part, names)} {_ENDS.get(manner, 'is no longer there')}"
        case "post":
            how = "was abolished" if "post.abolished" in _types(change) else "ended"
            return f"the post {_post(part, names)} {how}"
        case "tenure":
            given = (each["reason"] for each in causes if each["type"] == "tenure.ended")
            reason = next((f" ({each})" for each in given if each), "")
            person = _name("person", part["id"], names)
            return f"{person} no longer holds the post {_post(part, names)}{reason}"
    return f"a line ended: {_stated(part, names)} no longer"


def _types(change: Facts) -> list[str]:
    return [cause["type"] for cause in change["causes"]]


def _called(part: Facts, names: Names) -> str:
    """A part as the subject of a sentence."""
    match part["kind"]:
        case "body":
            return _name("body", part["id"], names)
        case "post":
            return _post(part, names)
        case "tenure":
            return f"{_name('person', part['id'], names)} as {_post(part, names)}"
    return f"the line by which {_stated(part, names)}"


def _stated(part: Facts, names: Names) -> str:
    """What is said by there being a part."""
    match part["kind"]:
        case "body":
            return f"{_called(part, names)} exists"
        case "post":
            return f"the post {_post(part, names)} exists"
        case "tenure":
            return f"{_name('person', part['id'], names)} holds the post {_post(part, names)}"
    origin = _post(part, names) if part["post"] else _name("body", part["body"], names)
    return f"{origin} {_LINES[part['line']]} {_name('body', part['id'], names)}"


def _post(part: Facts, names: Names) -> str:
    return f"{_name('post', part['post'], names)} of {_name('body', part['body'], names)}"


def _within(part: Facts, names: Names) -> str:
    return f" in {_name('body', part['body'], names)}" if part["kind"] == "post" else ""


def _name(kind: str, identity: str, names: Names) -> str:
    name = names.get((kind, identity))
    return f"{identity} {legible(name)}" if untold(name) else name or identity


def untold(text: Any) -> str | None:
    """Why an answer does not tell a text: it is `erased`, or `withheld`; None: it tells it."""
    if isinstance(text, Mapping):
        return next((why for why in ("erased", "withheld") if text.get(why) is True), None)
    return None


def legible(text: Any) -> str:
    """A text as people read it."""
    why = untold(text)
    return f"({why})" if why else str(text)


def _value(value: Any) -> str:
    words = {None: "not stated", True: "yes", False: "no"}
    if value is None or isinstance(value, bool):
        return words[value]
    if untold(value):
        return legible(value)
    text = " ".join(str(value).split())
    if len(text) > LENGTH:
        text = f"{text[:LENGTH].rstrip()} \u2026"
    return f"\u201c{text}\u201d" if " " in text else text


def _decided(causes: Iterable[Facts], names: Names) -> str:
    """By which decisions, each once."""
    decisions = {cause["decision"]: cause for cause in causes}
    told = [
        f"{each['decision']}{_taken_by(each, names)}{_mandate(each)}{_voted(each['vote'])}"
        for each in decisions.values()
    ]
    if not told:
        return ""
    return f", by {'decision' if len(told) == 1 else 'decisions'} {' and '.join(told)}"


def _taken_by(cause: Facts, names: Names) -> str:
    return f" of {_name('body', cause['taken_by'], names)}" if cause["taken_by"] else ""


def _mandate(cause: Facts) -> str:
    return f" on mandate {cause['authority']}" if cause["authority"] else ""


def _voted(vote: Facts | None) -> str:
    """A vote in words, in parentheses."""
    words = voted(vote)
    return f" ({words})" if words else ""


def voted(vote: Facts | None) -> str:
    """A vote in words; nothing of it stated: none."""
    given = vote or {}
    counts = [f"{each['option']} {each['value']}" for each in given.get("counts", ())]
    numbers = [f"{given[each]} {each}" for each in ("cast", "eligible") if each in given]
    return ", ".join((*counts, *numbers))
