"""Acts at random, on a few subjects and a few days, so that they meet."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.ledgers import act, decision


def examples(few: int, **more: Any) -> settings:
    """A few examples, others each time; with CURULE_FUZZ=200 so many."""
    return settings(max_examples=int(os.environ.get("CURULE_FUZZ", few)), deadline=None, **more)


exact = st.integers(1, 12).map(lambda number: f"2020-01-{number:02}")
uncertain = st.sampled_from(
    [
        "2020",
        "2020-01",
        "2019-12~",
        "[..2020-01-05]",
        "[2020-01-03..]",
        "[2020-01-02..2020-01-06]",
        "[2020-01-05..2020-01-09]",
        "2020-01-04~",
        "2020-01-07%",
        "2020-01-08?",
    ]
)
days = st.one_of(exact, exact, exact, uncertain)
persons = st.sampled_from(["ann", "bo", "cy", "di"])
bodies = st.sampled_from(["council", "bureau", "cell", "club"])
posts = st.sampled_from(["chair", "clerk", "guard"])
elections = st.sampled_from(["vote-1", "vote-2"])
roles = st.sampled_from(["member", "candidate"])
names = st.sampled_from(["Amber", "Birch", "Cedar"])
kinds = st.sampled_from(["reports_to", "supervised_by"])


def acts_of(type_: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Acts of a type that a client may post at all."""
    return st.builds(
        lambda effective, given: act(type_, effective, **given), days, st.fixed_dictionaries(fields)
    ).filter(may_be_posted)


def may_be_posted(posted: dict[str, Any]) -> bool:
    """Whether an act is refused on its face, as when it closes before it opens."""
    try:
        decision(posted)
    except ValidationError:
        return False
    return True


contests = st.builds(
    lambda post, elected: {"post": post, "elected": elected},
    posts,
    st.lists(persons, unique=True, max_size=2),
) | st.builds(
    lambda body, role, elected: {"body": body, "role": role, "elected": elected},
    bodies,
    roles,
    st.lists(persons, unique=True, max_size=2),
)
optional_body = st.none() | bodies

ACTS = st.one_of(
    acts_of("person.renamed", person=persons, name=names),
    acts_of("person.died", person=persons),
    acts_of(
        "body.established",
        body=bodies,
        name=names,
        classification=st.just("committee"),
        within=optional_body,
    ),
    acts_of("body.renamed", body=bodies, name=names),
    acts_of("body.moved", body=bodies, within=optional_body),
    acts_of("body.changed", body=bodies, permanence=st.sampled_from(["permanent", "temporary"])),
    acts_of("body.dissolved", body=bodies, manner=st.just("dissolved")),
    acts_of("line.drawn", body=bodies, to=bodies, kind=kinds),
    acts_of("line.ended", body=bodies, to=bodies, kind=kinds),
    acts_of("line.drawn", post=posts, to=bodies, kind=kinds),
    acts_of(
        "post.created",
        post=posts,
        body=bodies,
        label=names,
        seats=st.none() | st.integers(0, 2),
        approval=optional_body,
    ),
    acts_of("post.changed", post=posts, seats=st.integers(0, 3)),
    acts_of("post.renamed", post=posts, label=names),
    acts_of("post.abolished", post=posts),
    acts_of("election.held", election=elections, contests=st.lists(contests, max_size=2)),
    acts_of("election.annulled", election=elections),
    acts_of("appointment.made", person=persons, post=posts),
    acts_of("appointment.approved", person=persons, post=posts, by=optional_body),
    acts_of("tenure.started", person=persons, post=posts),
    acts_of("tenure.ended", person=persons, post=posts, reason=st.just("resigned")),
    acts_of("tenure.attested", person=persons, post=posts),
    acts_of("activist.admitted", person=persons, body=bodies),
    acts_of("activist.assigned", person=persons, body=bodies),
    acts_of("activist.transferred", person=persons, body=bodies, from_body=bodies).filter(
        lambda posted: posted["body"] != posted["from_body"]
    ),
    acts_of("activist.excluded", person=persons, body=bodies),
    acts_of("activist.left", person=persons, body=bodies),
    acts_of("membership.started", person=persons, body=bodies, role=roles),
    acts_of("membership.ended", person=persons, body=bodies, role=roles),
)

meetings = st.sampled_from(["congress", "sitting"])
optional_day = st.none() | days
two_persons = st.tuples(persons, persons).filter(lambda pair: pair[0] != pair[1])


def on_two(type_: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda effective, pair: act(type_, effective, person=pair[0], into=pair[1]),
        days,
        two_persons,
    )


MORE = st.one_of(
    on_two("person.merged"),
    on_two("person.separated"),
    acts_of("membership.attested", person=persons, body=bodies, role=roles),
    acts_of("affiliation.started", person=persons, organisation=names),
    acts_of("affiliation.ended", person=persons, organisation=names),
    acts_of("election.called", election=elections, body=bodies, opens=optional_day),
    acts_of("election.rescheduled", election=elections, opens=optional_day),
    acts_of("candidate.nominated", election=elections, person=persons, post=st.none() | posts),
    acts_of("candidate.withdrawn", election=elections, person=persons),
    acts_of(
        "meeting.scheduled",
        meeting=meetings,
        body=optional_body,
        ordinal=st.none() | st.integers(1, 3),
        opens=optional_day,
    ),
    acts_of("meeting.rescheduled", meeting=meetings, closes=optional_day),
    acts_of("meeting.cancelled", meeting=meetings),
    acts_of(
        "meeting.convened",
        meeting=meetings,
        body=optional_body,
        ordinal=st.none() | st.integers(1, 3),
        within=st.none() | st.just("congress"),
        closes=optional_day,
    ),
    acts_of(
        "meeting.attended",
        meeting=meetings,
        attendees=st.lists(persons, min_size=1, max_size=2, unique=True).map(
            lambda present: [{"person": person} for person in present]
        ),
        count=st.none() | st.integers(0, 9),
    ),
    acts_of("meeting.closed", meeting=meetings),
    acts_of("resolution.adopted", resolution=st.just("plan"), items=st.just(["grow"])),
    acts_of("resolution.repealed", resolution=st.just("plan")),
    acts_of("declaration.made", declaration=st.just("letter"), items=st.just(["we grow"])),
    acts_of(
        "mandate.granted",
        mandate=st.just("may"),
        holder=bodies | posts,
        power=st.sampled_from(["establish", "elect"]),
        within=optional_body,
    ),
    acts_of("mandate.confirmed", mandate=st.just("may")),
    acts_of("mandate.revoked", mandate=st.just("may")),
    acts_of(
        "rule.adopted",
        rule=st.just("size"),
        kind=st.sampled_from(
            ["quorum", "size", "head", "cardinality", "cadence", "mandate", "term", "cap", "voting"]
        ),
        parameters=st.sampled_from(
            [{"most": 1}, {"least": 3}, {"days": 2, "power": "establish"}, {"voting": True}]
        ),
        applies_to=st.none() | st.sampled_from([{"post": "chair"}, {"within": "council"}]),
    ),
    acts_of("rule.amended", rule=st.just("size"), parameters=st.just({"most": 2, "days": 4})),
    acts_of("rule.repealed", rule=st.just("size")),
    acts_of(
        "sanction.imposed", sanction=st.just("ban"), person=persons, kind=st.just("suspension")
    ),
    acts_of("sanction.lifted", sanction=st.just("ban")),
    acts_of("appeal.lodged", sanction=st.just("ban"), suspends=st.none() | st.booleans()),
    acts_of(
        "appeal.decided", sanction=st.just("ban"), outcome=st.sampled_from(["upheld", "reversed"])
    ),
)


votes = st.builds(lambda cast: {"eligible": 5, "cast": cast}, st.integers(0, 5))
amendable: dict[str, st.SearchStrategy[Any]] = {
    "taken_by": bodies,
    "meeting": meetings,
    "authority": st.just("may"),
    "vote": votes,
}
likely: dict[str, st.SearchStrategy[Any]] = {"taken_by": st.just("council"), "vote": votes}
ENVELOPES = st.fixed_dictionaries({"date": exact}, optional=likely) | st.fixed_dictionaries(
    {"date": days}, optional=amendable
)
AMENDED = (
    st.fixed_dictionaries({}, optional=likely) | st.fixed_dictionaries({}, optional=amendable)
).filter(bool)


@st.composite
def any_act(draw: st.DrawFn) -> dict[str, Any]:
    """Any act on the structure; those on bodies, posts and elections more often."""
    return draw(st.one_of(ACTS, ACTS, MORE))


GROUND = (
    *(
        act("person.registered", "2020-01-03", person=person, name=person.title())
        for person in ("ann", "bo", "cy", "di")
    ),
    act("body.established", "2020-01-01", body="council", name="Council", classification="organ"),
    act(
        "body.established",
        "2020-01-02",
        body="bureau",
        name="Bureau",
        classification="organ",
        within="council",
    ),
    act("post.created", "2020-01-01", post="chair", body="council", label="Chair", seats=1),
    act("post.created", "2020-01-02", post="clerk", body="bureau", label="Clerk"),
)
