"""Corrections, act by act: what is retracted never was, and what was answered stays answered.

Every act on the structure has a row here. It is recorded, retracted, recorded anew with what rests
on it, and corrected; the door is asked for everything that it may have changed all the while.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from domain import dates
from domain.acts import ACTS as EVERY_ACT
from domain.acts import RemarkMade, StructureAct
from domain.answers import Body
from domain.coherence import Scope, breaches, posts_of
from domain.entries import Entry
from domain.register import Register, without_retracted
from domain.shape import mentions
from service.ledger import Ledger
from service.recording.recorder import Refusal
from tests.ledgers import act, decision, entries, ledger_in, projected, record, sent, told, trace
from tests.strategies import ACTS, any_act, examples
from tests.strategies import GROUND as RANDOM_GROUND
from tests.test_door import Door, opened
from tests.test_histories import QUICK
from tests.test_history import LIKELY, MORE_GROUND

Act = dict[str, Any]

BEFORE, DAY, LATER, LAST = "2020-05-01", "2020-06-01", "2020-07-01", "2020-08-01"


def person(name: str) -> Act:
    return act("person.registered", "2020-01-01", person=name, name=name.title())


def body(name: str, day: str = "2020-01-01", **given: Any) -> Act:
    stated = {"body": name, "name": name.title(), "classification": "organ"}
    return act("body.established", day, **stated, **given)


def post(name: str, of: str, day: str = "2020-01-01", **given: Any) -> Act:
    return act("post.created", day, post=name, body=of, label=name.title(), **given)


def holds(who: str, what: str, day: str) -> Act:
    return act("tenure.started", day, person=who, post=what)


def leaves(who: str, what: str, day: str) -> Act:
    return act("tenure.ended", day, person=who, post=what, reason="resigned")


def admitted(who: str, where: str, day: str) -> Act:
    return act("activist.admitted", day, person=who, body=where)


def left(who: str, where: str, day: str) -> Act:
    return act("activist.left", day, person=who, body=where)


def joins(who: str, where: str, day: str, **given: Any) -> Act:
    return act("membership.started", day, person=who, body=where, role="member", **given)


def quits(who: str, where: str, day: str) -> Act:
    return act("membership.ended", day, person=who, body=where, role="member")


def line(type_: str, day: str) -> Act:
    return act(type_, day, body="club", to="council", kind="reports_to")


def moved(what: str, into: str, day: str) -> Act:
    return act("body.moved", day, body=what, within=into)


def dissolved(what: str, day: str) -> Act:
    return act("body.dissolved", day, body=what, manner="dissolved")


def merger(type_: str, day: str) -> Act:
    return act(type_, day, person="bo", into="ann")


def elected(election: str, who: str, day: str) -> Act:
    contests = [{"post": "chair", "elected": [who]}]
    return act("election.held", day, election=election, contests=contests)


def called(day: str) -> Act:
    return act("election.called", day, election="vote", body="council", opens=LATER)


def convened(meeting: str, day: str, **given: Any) -> Act:
    return act("meeting.convened", day, meeting=meeting, body="council", **given)


def scheduled(day: str) -> Act:
    return act("meeting.scheduled", day, meeting="spring", body="council", opens=LATER)


def attended(who: str, day: str) -> Act:
    return act("meeting.attended", day, meeting="spring", attendees=[{"person": who}])


def resolved(name: str, day: str, **given: Any) -> Act:
    return act("resolution.adopted", day, resolution=name, items=[name.title()], **given)


def granted(day: str) -> Act:
    return act("mandate.granted", day, mandate="may", holder="council", power="establish")


def ruled(day: str) -> Act:
    return act("rule.adopted", day, rule="size", kind="size", parameters={"most": 9})


def banned(day: str) -> Act:
    return act("sanction.imposed", day, sanction="ban", person="cy", kind="suspension")


def appealed(day: str) -> Act:
    return act("appeal.lodged", day, sanction="ban")


def joined(type_: str, day: str) -> Act:
    return act(type_, day, person="ann", organisation="Mill")


GROUND: tuple[Act, ...] = (
    *map(person, ("ann", "bo", "cy")),
    body("council"),
    body("bureau", within="council"),
    body("club"),
    post("chair", "council", seats=1),
    post("clerk", "bureau"),
)


@dataclass(frozen=True)
class Row:
    """An act, and what is recorded around it."""

    made: Act
    """The act that turns out to be wrong."""
    rightly: Mapping[str, Any]
    """What it ought to have said."""
    after: tuple[Act, ...] = ()
    """What it needs before it."""
    resting: tuple[Act, ...] = ()
    """What cannot stand without it, told later."""
    citing: tuple[tuple[Act, dict[str, Any]], ...] = ()
    """Acts told later by decisions that cannot stand without it, with their envelopes."""
    beside: tuple[Act, ...] = ()
    """What is told later on the same subjects, and stands without it."""


ROWS = (
    Row(
        act("person.registered", DAY, person="di", name="Di"),
        {"name": "Dee"},
        resting=(
            holds("di", "clerk", LATER),
            act("person.renamed", LATER, person="di", name="Diana"),
            act("person.merged", LATER, person="cy", into="di"),
        ),
        beside=(holds("ann", "clerk", LATER),),
    ),
    Row(act("person.renamed", DAY, person="ann", name="Anna"), {"effective": BEFORE}),
    Row(
        act("person.died", DAY, person="ann"),
        {"effective": "2020-05"},
        after=(holds("ann", "chair", BEFORE),),
        resting=(holds("bo", "chair", LATER),),
        beside=(holds("cy", "clerk", LATER),),
    ),
    Row(
        merger("person.merged", DAY),
        {"person": "cy"},
        after=(holds("ann", "chair", BEFORE),),
        resting=(merger("person.separated", LATER),),
        beside=(holds("bo", "clerk", LATER),),
    ),
    Row(
        merger("person.merged", DAY),
        {"person": "cy"},
        after=(holds("ann", "chair", BEFORE),),
        resting=(holds("bo", "chair", LATER),),
    ),
    Row(
        merger("person.separated", DAY),
        {"note": "By the register."},
        after=(merger("person.merged", BEFORE), holds("ann", "clerk", BEFORE)),
        resting=(act("person.merged", LATER, person="bo", into="cy"),),
    ),
    Row(
        body("cell", DAY, within="council"),
        {"within": "club"},
        resting=(
            post("guard", "cell", LATER),
            admitted("ann", "cell", LATER),
            body("nook", LATER, within="cell"),
            act("line.drawn", LATER, body="club", to="cell", kind="reports_to"),
            act("rule.adopted", LATER, rule="size", kind="size", applies_to={"body": "cell"}),
        ),
        citing=((resolved("plan", LATER), {"taken_by": "cell", "date": LATER}),),
    ),
    Row(act("body.renamed", DAY, body="club", name="Circle"), {"name": "Round"}),
    Row(
        moved("bureau", "club", DAY),
        {"within": None},
        after=(body("yard"), moved("bureau", "yard", BEFORE)),
        resting=(dissolved("yard", LATER),),
        beside=(act("body.renamed", LATER, body="bureau", name="Desk"),),
    ),
    Row(act("body.changed", DAY, body="club", permanence="permanent"), {"permanence": "temporary"}),
    Row(
        dissolved("bureau", DAY),
        {"manner": "merged", "succeeded_by": ["club"]},
        after=(holds("ann", "clerk", BEFORE), admitted("bo", "bureau", BEFORE)),
        resting=(dissolved("council", LATER),),
        beside=(admitted("bo", "club", LATER), post("scribe", "club", LATER)),
    ),
    Row(line("line.drawn", DAY), {"kind": "managed_by"}, resting=(line("line.ended", LATER),)),
    Row(
        line("line.ended", DAY),
        {"effective": BEFORE},
        after=(line("line.drawn", "2020-02-01"),),
        resting=(line("line.drawn", LATER),),
    ),
    Row(
        post("guard", "club", DAY),
        {"label": "Warden", "seats": 2},
        resting=(
            holds("ann", "guard", LATER),
            act("post.renamed", LATER, post="guard", label="Watch"),
            act("mandate.granted", LATER, mandate="may", holder="guard", power="speak"),
            act("candidate.nominated", LATER, election="vote", person="bo", post="guard"),
        ),
        after=(called(BEFORE),),
    ),
    Row(
        act("post.changed", DAY, post="chair", seats=2),
        {"seats": 3},
        after=(holds("ann", "chair", BEFORE),),
        resting=(holds("bo", "chair", LATER),),
    ),
    Row(act("post.renamed", DAY, post="chair", label="Head"), {"label": "Speaker"}),
    Row(
        act("post.abolished", DAY, post="clerk"),
        {"effective": "2020-05-15"},
        after=(holds("ann", "clerk", BEFORE),),
    ),
    Row(
        act("appointment.made", DAY, person="ann", post="chair", by="council"),
        {"person": "cy"},
        resting=(leaves("ann", "chair", LATER),),
        beside=(holds("bo", "clerk", LATER),),
    ),
    Row(
        act("appointment.approved", DAY, person="ann", post="clerk", by="council"),
        {"effective": "2020-05-15"},
        after=(
            act("post.changed", BEFORE, post="clerk", approval="council"),
            holds("ann", "clerk", BEFORE),
        ),
    ),
    Row(
        holds("ann", "chair", DAY),
        {"person": "bo"},
        resting=(leaves("ann", "chair", LATER),),
    ),
    Row(
        leaves("ann", "chair", DAY),
        {"reason": "recalled", "effective": "2020-05-15"},
        after=(holds("ann", "chair", BEFORE),),
        resting=(holds("bo", "chair", LATER),),
        beside=(holds("ann", "clerk", LATER),),
    ),
    Row(
        act("tenure.attested", DAY, person="ann", post="chair"),
        {"effective": "2020-05-15"},
        resting=(leaves("ann", "chair", LATER),),
    ),
    Row(
        called(DAY),
        {"opens": LAST},
        resting=(
            act("election.rescheduled", LATER, election="vote", opens=LAST),
            act("candidate.nominated", DAY, election="vote", person="ann", post="chair"),
        ),
    ),
    Row(
        act("election.rescheduled", DAY, election="vote", opens=LAST),
        {"opens": "2020-09"},
        after=(called(BEFORE),),
        beside=(act("candidate.nominated", DAY, election="vote", person="ann"),),
    ),
    Row(
        act("candidate.nominated", DAY, election="vote", person="ann", post="chair"),
        {"person": "bo"},
        after=(called(BEFORE),),
        resting=(act("candidate.withdrawn", LATER, election="vote", person="ann"),),
        beside=(elected("vote", "ann", LATER),),
    ),
    Row(
        act("candidate.withdrawn", DAY, election="vote", person="ann"),
        {"effective": "2020-05-15"},
        after=(
            called(BEFORE),
            act("candidate.nominated", BEFORE, election="vote", person="ann", post="chair"),
        ),
        resting=(act("candidate.nominated", LATER, election="vote", person="ann", post="chair"),),
    ),
    Row(
        elected("poll", "ann", DAY),
        {"contests": [{"post": "chair", "elected": ["bo"]}]},
        resting=(
            leaves("ann", "chair", LATER),
            act("election.annulled", LAST, election="poll"),
        ),
        beside=(act("election.held", LATER, election="ballot", body="club"),),
    ),
    Row(
        act("election.annulled", DAY, election="poll"),
        {"effective": "2020-05-15"},
        after=(elected("poll", "ann", BEFORE),),
        resting=(holds("ann", "chair", LATER),),
    ),
    Row(admitted("ann", "club", DAY), {"person": "bo"}, resting=(left("ann", "club", LATER),)),
    Row(
        act("activist.assigned", DAY, person="ann", body="club"),
        {"body": "bureau"},
        resting=(
            act("activist.excluded", LATER, person="ann", body="club"),
        ),
    ),
    Row(
        act("activist.transferred", DAY, person="ann", body="club", from_body="council"),
        {"body": "bureau"},
        after=(admitted("ann", "council", BEFORE),),
        resting=(admitted("ann", "council", LATER), left("ann", "club", LATER)),
    ),
    Row(
        act("activist.excluded", DAY, person="ann", body="club"),
        {"effective": "2020-05-15"},
        after=(admitted("ann", "club", BEFORE),),
        resting=(admitted("ann", "club", LATER),),
    ),
    Row(
        left("ann", "club", DAY),
        {"effective": "2020-05-15"},
        after=(admitted("ann", "club", BEFORE),),
        resting=(admitted("ann", "club", LATER),),
    ),
    Row(joins("ann", "club", DAY), {"voting": True}, resting=(quits("ann", "club", LATER),)),
    Row(
        quits("ann", "club", DAY),
        {"effective": "2020-05-15"},
        after=(joins("ann", "club", BEFORE),),
        resting=(joins("ann", "club", LATER),),
    ),
    Row(
        act("membership.attested", DAY, person="ann", body="club", role="member"),
        {"role": "advisor"},
        resting=(quits("ann", "club", LATER),),
    ),
    Row(
        joined("affiliation.started", DAY),
        {"kind": "employer"},
        resting=(joined("affiliation.ended", LATER),),
    ),
    Row(
        joined("affiliation.ended", DAY),
        {"effective": "2020-05-15"},
        after=(joined("affiliation.started", BEFORE),),
        resting=(joined("affiliation.started", LATER),),
    ),
    Row(
        scheduled(DAY),
        {"name": "Assembly"},
        resting=(act("meeting.rescheduled", LATER, meeting="spring", opens=LAST),),
        beside=(convened("autumn", LATER),),
    ),
    Row(
        act("meeting.rescheduled", DAY, meeting="spring", opens=LAST),
        {"opens": "2020-09"},
        after=(scheduled(BEFORE),),
        beside=(convened("spring", LATER), attended("ann", LATER)),
    ),
    Row(
        act("meeting.cancelled", DAY, meeting="spring"),
        {"effective": "2020-05-15"},
        after=(scheduled(BEFORE),),
    ),
    Row(
        convened("spring", DAY),
        {"ordinal": 3},
        resting=(
            attended("ann", DAY),
            act("meeting.closed", LATER, meeting="spring"),
            convened("committee", DAY, within="spring"),
            act("election.held", DAY, election="vote", meeting="spring"),
        ),
        citing=((resolved("plan", DAY), {"meeting": "spring", "date": DAY}),),
    ),
    Row(
        attended("ann", DAY),
        {"attendees": [{"person": "bo"}]},
        after=(convened("spring", DAY),),
        beside=(attended("cy", DAY),),
    ),
    Row(
        act("meeting.closed", DAY, meeting="spring"),
        {"effective": "2020-06-02"},
        after=(convened("spring", BEFORE),),
        beside=(attended("ann", DAY),),
    ),
    Row(
        resolved("plan", DAY),
        {"items": ["Sow", "Reap"]},
        resting=(
            act("resolution.repealed", LATER, resolution="plan"),
            resolved("further", LATER, follows=["plan"]),
        ),
    ),
    Row(
        act("resolution.repealed", DAY, resolution="plan"),
        {"effective": "2020-05-15"},
        after=(resolved("plan", BEFORE),),
        beside=(resolved("further", LATER, follows=["plan"]),),
    ),
    Row(
        act("declaration.made", DAY, declaration="letter", items=["Peace"]),
        {"items": ["Bread"]},
    ),
    Row(
        granted(DAY),
        {"power": "speak"},
        resting=(
            act("mandate.confirmed", LATER, mandate="may"),
            act("mandate.revoked", LAST, mandate="may"),
        ),
        citing=((body("cell", LATER), {"taken_by": "council", "authority": "may", "date": LATER}),),
    ),
    Row(
        act("mandate.confirmed", DAY, mandate="may"),
        {"effective": "2020-06-02"},
        after=(granted(BEFORE),),
        beside=(act("mandate.revoked", LATER, mandate="may"),),
    ),
    Row(
        act("mandate.revoked", DAY, mandate="may"),
        {"effective": "2020-05-15"},
        after=(granted(BEFORE),),
    ),
    Row(
        ruled(DAY),
        {"parameters": {"most": 8}},
        resting=(
            act("rule.amended", LATER, rule="size", parameters={"most": 7}),
            act("rule.repealed", LAST, rule="size"),
        ),
    ),
    Row(
        act("rule.amended", DAY, rule="size", parameters={"most": 7}),
        {"parameters": {"most": 6}},
        after=(ruled(BEFORE),),
        beside=(act("rule.repealed", LATER, rule="size"),),
    ),
    Row(
        act("rule.repealed", DAY, rule="size"),
        {"effective": "2020-05-15"},
        after=(ruled(BEFORE),),
    ),
    Row(
        banned(DAY),
        {"person": "bo"},
        resting=(
            appealed(LATER),
            act("sanction.lifted", LAST, sanction="ban"),
        ),
    ),
    Row(
        act("sanction.lifted", DAY, sanction="ban"),
        {"effective": "2020-05-15"},
        after=(banned(BEFORE),),
    ),
    Row(
        appealed(DAY),
        {"suspends": True},
        after=(banned(BEFORE),),
        resting=(act("appeal.decided", LATER, sanction="ban", outcome="upheld"),),
    ),
    Row(
        act("appeal.decided", DAY, sanction="ban", outcome="reversed"),
        {"outcome": "upheld"},
        after=(banned(BEFORE), appealed(BEFORE)),
    ),
)  # fmt: skip

LISTS = (
    "structure",
    "people",
    "elections",
    "meetings",
    "mandates",
    "rules",
    "resolutions",
    "declarations",
    "findings",
)
PATHS = {
    "person": ("people/{}", "people/{}/history"),
    "body": ("bodies/{}", "bodies/{}/history", "bodies/{}/members", "bodies/{}/authority"),
    "post": ("posts/{}", "posts/{}/history"),
    "election": ("elections/{}",),
    "meeting": ("meetings/{}",),
    "resolution": ("resolutions/{}",),
    "declaration": ("declarations/{}",),
    "mandate": ("mandates/{}",),
    "rule": ("rules/{}",),
    "sanction": (),
}
"""Where a subject is told of; sanctions stand in what is told of persons."""


@dataclass
class Asking:
    """Everything that may be told of the subjects of some acts, and what was."""

    door: Door
    paths: tuple[str, ...]

    def __init__(self, door: Door, *acts: Act) -> None:
        self.door = door
        about = {
            (kind, each.id): None
            for payload in decision(*acts).acts
            for each in mentions(payload)
            for kind in each.kinds
        }
        details = (path.format(each) for kind, each in about for path in PATHS[kind])
        self.paths = (*LISTS, *dict.fromkeys(details))

    def __call__(self, position: int | None = None) -> dict[str, bytes]:
        """Every answer after the act, the structure on an earlier day too, as known now or then."""
        known = {} if position is None else {"position": position}
        return {
            f"{path} {day}": self.door.client.get(
                f"/v1/{path}", params={"effective_at": day, **known}
            ).content
            for path in self.paths
            for day in (("2020-06-15", LAST) if path == "structure" else (LAST,))
        }


def but_the_basis(answers: Mapping[str, bytes]) -> dict[str, Any]:
    """Answers without the basis that they state."""
    told = {path: json.loads(content) for path, content in answers.items()}
    for each in told.values():
        each.pop("basis", None)
    return told


def but_the_positions(value: Any) -> Any:
    """Answers without what depends on the order of recording: positions, and decisions' ids."""
    if isinstance(value, dict):
        placed = {"basis", "digest", "position", "because", "decision", "version"}
        return {
            name: but_the_positions(member) for name, member in value.items() if name not in placed
        }
    if isinstance(value, list):
        return [but_the_positions(item) for item in value]
    return value


def retracted(entry: int | dict[str, Any]) -> Act:
    return act("entry.retracted", entry=entry, reason="A slip of the pen.")


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with opened(tmp_path) as it:
        it.record(*GROUND)
        yield it


def test_every_act_has_a_row() -> None:
    on_the_structure = [name for name, each in EVERY_ACT.items() if issubclass(each, StructureAct)]
    assert list(dict.fromkeys(row.made["type"] for row in ROWS)) == on_the_structure


def prepared(door: Door, row: Row) -> tuple[Asking, Act]:
    """The ground of a row, with the questions to ask about it and the act as it ought to be."""
    if row.after:
        door.record(*row.after)
    right = {name: value for name, value in {**row.made, **row.rightly}.items() if value}
    return Asking(door, row.made, right, *row.after), right


def position_of(receipt: dict[str, Any], number: int = 1) -> int:
    position: int = receipt["entries"][number - 1]["position"]
    return position


BY_TYPE = pytest.mark.parametrize("row", ROWS, ids=[row.made["type"] for row in ROWS])


@BY_TYPE
def test_what_is_retracted_never_was_and_what_was_answered_stays(door: Door, row: Row) -> None:
    ask, right = prepared(door, row)
    before, ground = ask(), door.newest()

    door.record(right, id="alone")
    rightly = ask()
    assert but_the_basis(rightly) != but_the_basis(before), "nothing tells of this act"
    door.record(retracted({"decision": "alone", "act": 1}))

    made = position_of(door.record(row.made))
    wrongly = ask()
    assert but_the_basis(wrongly) != but_the_basis(before)
    corrected = door.record({**right, "corrects": made}, retracted(made))
    now = ask()
    assert but_the_positions(parsed(now)) == but_the_positions(parsed(rightly))

    door.record(retracted(position_of(corrected)))
    assert but_the_basis(ask()) == but_the_basis(before)
    then = {ground: before, made: wrongly, made + 3: now}
    for position, answers in then.items():
        assert ask(position) == answers


def parsed(answers: Mapping[str, bytes]) -> Any:
    return {path: json.loads(content) for path, content in answers.items()}


@BY_TYPE
def test_a_retraction_names_what_rests_on_it_and_stores_nothing(tmp_path: Path, row: Row) -> None:
    with ledger_in(tmp_path) as ledger:
        told(ledger, *GROUND)
        told(ledger, *row.after, act("remark.made", body="club", text="So far, so good."))
        made = told(ledger, row.made).entries[0].position
        for each in row.beside:
            told(ledger, each)
        before = at_last(ledger)
        resting = [told(ledger, each).entries[0].position for each in row.resting]
        citing = [told(ledger, each, **envelope).position for each, envelope in row.citing]
        if not resting:
            told(ledger, retracted(made))
            return
        traces = trace(ledger)
        answer = record(ledger, retracted(made))
        assert isinstance(answer, Refusal)
        named = {position for each in answer.violations for position in each.because}
        assert {position for position in named if position > made} == {*resting, *citing}
        assert {each.pointer for each in answer.violations} == {"/acts/0"}
        assert trace(ledger) == traces
        if not citing:
            told(ledger, *map(retracted, resting))
            assert at_last(ledger) == before
            told(ledger, retracted(made))
        else:  # what decisions cite is corrected, or they are amended; it does not just go
            told(ledger, retracted(made), {**row.made, "corrects": made})


def at_last(ledger: Ledger) -> Sequence[Body]:
    """The structure on the last day, as now known."""
    return projected(ledger, dates.day(LAST), ledger.log.head()[0])


def structure(door: Door) -> Any:
    """The bodies now known to have been there at last."""
    return door.ask("/v1/structure", effective_at=LAST)["bodies"]


@pytest.mark.parametrize(
    "made",
    [
        retracted({"decision": "admissions", "act": 1}),
        act("decision.amended", decision="admissions", taken_by="council"),
        act("remark.made", body="club", text="A fine club."),
    ],
    ids=lambda made: str(made["type"]),
)
def test_what_acts_on_the_record_alone_is_not_retracted(door: Door, made: Act) -> None:
    assert not issubclass(EVERY_ACT[made["type"]], StructureAct)
    door.record(admitted("ann", "club", DAY), id="admissions")
    entry = position_of(door.record(made, id="made"))
    for named in (entry, {"decision": "made", "act": 1}, entry - 1):
        (violation,) = door.post(retracted(named)).json()["violations"]
        assert (violation["rule"], violation["pointer"]) == ("not_retractable", "/acts/0/entry")


def test_every_act_on_the_record_alone_is_tried() -> None:
    on_the_record = {name for name, each in EVERY_ACT.items() if not issubclass(each, StructureAct)}
    assert on_the_record == {"entry.retracted", "decision.amended", "remark.made"}


def test_an_entry_is_retracted_once_however_it_is_named(door: Door) -> None:
    entry = position_of(door.record(admitted("ann", "club", DAY), id="admitted"))
    named = retracted({"decision": "admitted", "act": 1})
    twice = door.post(retracted(entry), named)
    assert [each["pointer"] for each in twice.json()["violations"]] == ["/acts/1/entry"]
    door.record(named)
    for again in (retracted(entry), named):
        (violation,) = door.post(again).json()["violations"]
        assert (violation["rule"], violation["because"]) == ("already_retracted", [entry])


def test_a_decision_does_not_retract_its_own_acts(door: Door) -> None:
    own = {"decision": "itself", "act": 1}
    next_position = door.newest() + 2
    for entry in (own, next_position):
        traces = door.traces()
        response = door.post(admitted("ann", "club", DAY), retracted(entry), id="itself")
        assert [each["rule"] for each in response.json()["violations"]] == ["entry_unknown"]
        assert door.traces() == traces


def test_one_act_of_a_decision_is_retracted_and_the_others_stay(door: Door) -> None:
    """Beside other acts, in whatever order, and with what takes the freed id."""
    door.record(
        body("cell", DAY),
        admitted("ann", "cell", DAY),
        admitted("bo", "club", DAY),
        id="founding",
    )
    before = door.newest()
    answered = door.client.get("/v1/structure", params={"position": before}).content
    door.record(
        post("cell", "club", DAY),
        admitted("cy", "club", DAY),
        retracted({"decision": "founding", "act": 2}),
        holds("ann", "cell", DAY),
        retracted({"decision": "founding", "act": 1}),
        id="amends",
    )
    club = door.ask("/v1/structure", effective_at=DAY, root="club")["bodies"][0]
    assert [each["id"] for each in structure(door)] == ["bureau", "club", "council"]
    assert [(each["id"], each["holders"][0]["person"]) for each in club["posts"]] == [
        ("cell", "ann")
    ]
    assert club["activists"] == 2
    assert door.client.get("/v1/structure", params={"position": before}).content == answered
    freed = body("cell", LATER)  # a post has it now
    assert {each["rule"] for each in door.post(freed).json()["violations"]} == {"id_taken"}


def test_a_correction_may_shift_what_others_rest_on_as_far_as_they_bear(door: Door) -> None:
    """What rests on an act bears its correction, unless the correction leaves it in the air."""
    founded = position_of(door.record(body("cell", DAY)))
    resting = position_of(door.record(admitted("ann", "cell", LATER)))
    for day, refused in (("2020-06-15", set()), (LAST, {resting})):
        response = door.post(retracted(founded), {**body("cell", day), "corrects": founded})
        named = {
            position
            for each in response.json().get("violations", ())
            for position in each["because"]
        }
        assert (response.status_code == 409, named) == (bool(refused), refused)
        if response.status_code == 201:
            founded = position_of(response.json(), 2)


def test_a_refusal_names_all_that_rests_on_an_entry_at_once(door: Door) -> None:
    """Not only what names an id that would be gone."""
    held = position_of(door.record(elected("poll", "ann", DAY)))
    resting = [
        position_of(door.record(leaves("ann", "chair", LATER))),
        position_of(door.record(act("election.annulled", LAST, election="poll"))),
    ]
    violations = door.post(retracted(held)).json()["violations"]
    assert {each["rule"] for each in violations} == {"id_unknown", "not_running"}
    assert sorted(each for one in violations for each in one["because"]) == resting


def test_a_refused_annulment_is_pointed_to(door: Door) -> None:
    """It names none of those whose tenures it would end."""
    door.record(elected("poll", "ann", BEFORE))
    end = position_of(door.record(leaves("ann", "chair", LATER)))
    annulled = act("election.annulled", DAY, election="poll")
    (violation,) = door.post(body("cell", DAY), annulled).json()["violations"]
    assert (violation["rule"], violation["pointer"]) == ("not_running", "/acts/1")
    assert violation["because"] == [end]


# Random histories


def disagreements(recorded: Sequence[Entry]) -> set[int]:
    """The entries in any breach of coherence, where everything is checked and nothing left out."""
    standing = [
        each for each in without_retracted(recorded) if not isinstance(each.act, RemarkMade)
    ]
    by_tag: dict[str, list[Entry]] = defaultdict(list)
    for entry in recorded:
        for tag in entry.tags:
            by_tag[tag].append(entry)

    def found(tag: str, types: frozenset[str]) -> Sequence[Entry]:
        return [each for each in by_tag[tag] if not types or each.type in types]

    tracks = frozenset(moment.track for entry in standing for moment in entry.moments)
    broken = breaches(Register(found), Scope(tuple(standing), tracks, posts_of(tracks)))
    return {position for breach in broken for position in breach.because}


@examples(10, phases=QUICK, suppress_health_check=list(HealthCheck))
@given(
    history=st.lists(LIKELY | LIKELY | ACTS | any_act(), min_size=5, max_size=25),
    going=st.sets(st.integers(2, 60), max_size=6),
)
def test_an_entry_may_go_if_and_only_if_all_else_stands_without_it(
    history: list[Act], going: set[int]
) -> None:
    """Judging a retraction by what it touches comes to the same as judging the whole ledger."""
    with TemporaryDirectory() as directory, ledger_in(Path(directory)) as ledger:
        told(ledger, *RANDOM_GROUND)
        told(ledger, *MORE_GROUND)
        for each in history:
            record(ledger, each)
        for position in going:
            record(ledger, retracted(position))
        recorded = entries(ledger)
        assert disagreements(recorded) == set()
        for entry in without_retracted(recorded):
            if isinstance(entry.act, StructureAct):
                judged, _ = ledger.recorder.check(sent(decision(retracted(entry.position))))
                named = {position for each in judged for position in each.because}
                without = [each for each in recorded if each is not entry]
                assert named == disagreements(without), entry
                assert bool(judged) == bool(named)
