"""The structure of an organisation on a day: bodies, posts and who holds them.

`structure` is the *oracle*: the pure fold of entries that defines every answer. `bodies` puts
together what is there on one day; the projections, which find the same facts by index, share it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final, NamedTuple

from domain import acts as a
from domain.answers import Alternative, Body, Holder, Line, OtherName, Post
from domain.changes import moments
from domain.constructors import constructor
from domain.dates import window
from domain.decisions import DecisionTaken
from domain.entries import Entry
from domain.moments import Moment
from domain.questions.facts import Day, Facts, because, least, soonest, soonest_end, start
from domain.timelines import Certainty, Ending, Spell, fold
from domain.tracks import ACTIVIST, LIFE, Track


def structure(entries: Iterable[Entry], day: int, position: int) -> tuple[Body, ...]:
    """The structure on a day as the entries up to a position tell it: the definition of the answer.

    A position inside a decision is read as the end of the decision before.
    """
    return bodies(Day(Facts(spells(up_to(entries, position))), day))


def whole(entries: Iterable[Entry], position: int) -> list[Entry]:
    """The entries up to a position, less those of a decision that is not whole by then."""
    return list(up_to(entries, position))


def up_to(entries: Iterable[Entry], position: int) -> Iterator[Entry]:
    """The entries of the decisions that are whole at a position, one by one."""
    for entry in entries:
        if isinstance(entry.act, DecisionTaken) and entry.position + entry.act.acts > position:
            return
        yield entry


def spells(entries: Iterable[Entry]) -> list[Spell]:
    """Every spell of every track that the entries tell of, those retracted left out.

    The entries are read once, in order, and not kept.
    """
    tracks: dict[Track, list[Moment]] = defaultdict(list)
    annulments: list[tuple[str, Ending]] = []
    began: dict[str, int] = {}
    gone: set[int] = set()
    for entry in entries:
        act = entry.act
        if isinstance(act, a.StructureAct):
            for moment in moments(act, entry.position):
                tracks[moment.track].append(moment)
            if isinstance(act, a.ElectionAnnulled):
                ending = Ending(window(act.effective), act.effective, entry.position)
                annulments.append((act.election, ending))
        elif isinstance(act, DecisionTaken):
            began[entry.decision] = entry.position
        elif isinstance(act, a.EntryRetracted):
            target = act.entry
            gone.add(target if isinstance(target, int) else began[target.decision] + target.act)
    standing = [each for each in annulments if each[1].position not in gone]
    annulled = dict(reversed(standing))  # the first of an election counts
    return [
        spell
        for told in tracks.values()
        for spell in fold([each for each in told if each.position not in gone], annulled.get).spells
    ]


def bodies(day: Day) -> tuple[Body, ...]:
    """Every body there on a day, in the order of their ids."""
    ids = day.known.there("body", day.day)
    expect(day, ids)
    return tuple(found for each in ids if (found := body(day, each)) is not None)


def expect(day: Day, bodies: Sequence[str]) -> None:
    """These bodies will be put together: find what that takes in a few goes."""
    known = day.known
    known.expect_named("post", bodies)
    posts = [post for each in bodies for post in known.named_by("post", each)]
    starts = (*(f"body:{each}" for each in bodies), *(f"post:{each}" for each in posts))
    day.expect(
        *((kind, each) for each in bodies for kind in ("body", "membership")),
        *(("line", each) for each in starts),
        *_of_posts(posts),
    )
    _expect_persons(day, bodies, posts)


def expect_post(day: Day, post: str) -> None:
    """This post will be put together: find what that takes."""
    day.expect(*_of_posts([post]))
    _expect_persons(day, (), [post])


def _of_posts(posts: Sequence[str]) -> Iterator[tuple[str, str]]:
    return ((kind, post) for post in posts for kind in ("post", "tenure", "approval"))


def _expect_persons(day: Day, bodies: Sequence[str], posts: Sequence[str]) -> None:
    """Who holds these posts and is in these bodies will be asked for."""
    holders = (written for post in posts for written in day.of("tenure", post))
    members = (each for body in bodies for each in day.of("membership", body))
    written = {*holders, *(each.partition("/")[2] for each in members)}
    day.expect(*(("person", each) for one in written for each in day.ids(day.person(one))))


class BodyThere(NamedTuple):
    """What a body is on a day, but for whom its posts and itself consist of."""

    told: tuple[Any, ...]
    """In the order of `_BODY`."""
    posts: Sequence[str]
    """The posts that it ever has."""
    certainty: Certainty


class PostThere(NamedTuple):
    """What a post is on a day, but for who holds it."""

    told: tuple[Any, ...]
    """In the order of `_POST`."""
    seats: int | None
    approval: str | None
    certainty: Certainty
    ends: Sequence[Spell]
    """Its life or that of its body, whichever ends first."""


_BODY: Final = tuple(
    each.name
    for each in fields(Body)
    if each.name not in ("posts", "activists", "activists_possible")
)
_POST: Final = tuple(each.name for each in fields(Post) if each.name not in ("holders", "vacant"))
_new_body = constructor(Body, (*_BODY, "posts", "activists", "activists_possible"))
_new_post = constructor(Post, (*_POST, "holders", "vacant"))
_new_holder = constructor(Holder)


def body(day: Day, identity: str) -> Body | None:
    """One body as it is on a day, None where it is not there."""
    there = day.known.kept(_body_there, day, identity)
    return _body(day, identity, there) if there is not None else None


def body_of(day: Day, life: Spell, sure: Certainty) -> Body:
    """A body of which it is known whether it is there, as the day has it."""
    return _body(day, life.track.subject, _body_told(day, life, sure))


def _body_there(day: Day, identity: str) -> BodyThere | None:
    life, sure = day.life("body", identity), day.certainty(identity)
    return _body_told(day, life, sure) if life is not None and sure is not None else None


def _body_told(day: Day, life: Spell, sure: Certainty) -> BodyThere:
    identity = life.track.subject
    facts = day.of("body", identity)
    shown = _shown(day, facts, life)
    shown["within"] = day.place(identity)
    values = _values(shown)
    told = {
        "id": identity,
        "name": values.get("name"),
        "other_names": other_names(values.get("other_names", ())),
        "classification": values.get("classification"),
        "permanence": values.get("permanence"),
        "area": values.get("area"),
        "purpose": values.get("purpose"),
        "within": values.get("within"),
        "formed_from": tuple(life.value.get("formed_from", ())),
        "certainty": sure,
        "since": life.since_text,
        "until": life.until_text,
        "because": because(life, *shown.values()),
        "alternatives": _alternatives(facts, shown),
        "lines": tuple(_lines(day, identity)),
    }
    own = day.known.named_by("post", identity)
    return BodyThere(tuple(told[each] for each in _BODY), own, sure)


def _body(day: Day, identity: str, there: BodyThere) -> Body:
    found = (post(day, each) for each in there.posts)
    certain, possible = day.kept(count, identity)
    if there.certainty == "possible":
        certain, possible = 0, certain + possible
    return _new_body(
        *there.told, tuple(each for each in found if each is not None), certain, possible
    )


def post(day: Day, identity: str) -> Post | None:
    """One post as it is on a day, None where it is not there."""
    there = day.known.kept(_post_there, day, identity)
    return _post(day, identity, there) if there is not None else None


def post_of(day: Day, life: Spell, around: Spell, sure: Certainty) -> Post:
    """A post of which it is known whether it is there, as the day has it."""
    return _post(day, life.track.subject, _post_told(day, life, around, sure))


def _post_there(day: Day, identity: str) -> PostThere | None:
    life = day.life("post", identity)
    if life is None:
        return None
    around = day.life("body", life.value["body"])
    sure = least(day.certainty(life.value["body"]), life.on(day.day))
    return _post_told(day, life, around, sure) if sure is not None and around is not None else None


def _post_told(day: Day, life: Spell, around: Spell, sure: Certainty) -> PostThere:
    identity = life.track.subject
    facts = day.of("post", identity)
    shown = _shown(day, facts, life)
    values = _values(shown)
    until, ended_by = soonest_end(life, around)
    told = {
        "id": identity,
        "body": life.value["body"],
        "label": values.get("label"),
        "seats": values.get("seats"),
        "voting": values.get("voting"),
        "head": values.get("head"),
        "area": values.get("area"),
        "powers": values.get("powers"),
        "approval": values.get("approval"),
        "certainty": sure,
        "since": life.since_text,
        "until": until,
        "because": tuple(sorted({*because(life, *shown.values()), *ended_by})),
        "alternatives": _alternatives(facts, shown),
    }
    return PostThere(
        tuple(told[each] for each in _POST),
        values.get("seats"),
        values.get("approval"),
        sure,
        soonest(life, around),
    )


def _post(day: Day, identity: str, there: PostThere) -> Post:
    holders = _holders(day, identity, there)
    certain = sum(holder.certainty == "certain" for holder in holders)
    vacant = max(there.seats - certain, 0) if there.seats is not None else None
    return _new_post(*there.told, holders, vacant)


def _shown(day: Day, facts: Mapping[str, Sequence[Spell]], life: Spell) -> dict[str, Spell | None]:
    made_by = life.because[0]
    return {name: day.shown(each, made_by) for name, each in facts.items() if name != LIFE}


def _values(shown: Mapping[str, Spell | None]) -> dict[str, Any]:
    return {name: spell.value for name, spell in shown.items() if spell is not None}


def other_names(stored: Iterable[Mapping[str, Any]]) -> tuple[OtherName, ...]:
    """Other names as acts state them."""
    return tuple(
        OtherName(name=each["name"], scheme=each.get("scheme"), lang=each.get("lang"))
        for each in stored
    )


def _holders(day: Day, post: str, there: PostThere) -> tuple[Holder, ...]:
    """Who holds a post; a person whose spells overlap in doubt is listed once, at the surest."""
    holders: dict[str, Holder] = {}
    tenures = day.known.on("tenure", post, day.day)
    for tenure in sorted(tenures, key=start) if len(tenures) > 1 else tenures:
        person = day.person(tenure.track.attribute)
        who = day.someone(person)
        sure = least(there.certainty, tenure.on(day.day), who.alive)
        if sure is None or (person in holders and holders[person].certainty == "certain"):
            continue
        until, ended_by = soonest_end(tenure, *there.ends, *who.ends)
        approved, approvals = approval_of(day, tenure, there.approval)
        holders[person] = _new_holder(
            person,
            who.name.value if who.name is not None else None,
            tenure.since_text,
            until,
            tenure.value.get("term_until"),
            sure,
            approved,
            tuple(sorted({*tenure.because, *ended_by, *approvals})),
        )
    return tuple(holders[person] for person in sorted(holders))


def approval_of(
    day: Day, tenure: Spell, approval: str | None
) -> tuple[bool | None, tuple[int, ...]]:
    """Whether the body that must approve a holder has done so since the tenure began."""
    if approval is None:
        return None, ()
    _, post, written = tenure.track
    ids = set(day.ids(day.person(written)))
    given = sorted(
        spell.because[0]
        for attribute, each in day.of("approval", post).items()
        if attribute.partition("/")[0] in ids
        for spell in each
        if spell.value.get("by", approval) == approval
        and spell.since.latest <= day.day
        and spell.since.latest >= tenure.since.earliest
    )
    return bool(given), tuple(given[:1])


def _lines(day: Day, body: str) -> Iterator[Line]:
    own = day.known.named_by("post", body)
    origins = [(f"body:{body}", None), *((f"post:{post}", post) for post in own)]
    for origin, post in origins:
        drawn = day.known.on("line", origin, day.day)
        if not drawn:
            continue
        around = [day.life("body", body)]
        if post is not None:
            around.append(day.life("post", post))
        for spell in sorted(drawn, key=lambda line: (line.track, start(line))):
            kind, _, target = spell.track.attribute.partition("/")
            found = [spell, *around, day.life("body", target)]
            lives = [each for each in found if each is not None]
            if len(lives) < len(found):
                continue
            own_certainty = least(*(life.on(day.day) for life in lives))
            sure = least(own_certainty, day.certainty(body), day.certainty(target))
            if sure is not None:
                until, ended_by = soonest_end(*lives)
                yield Line(
                    kind=kind,  # type: ignore[arg-type]
                    to=target,
                    post=post,
                    since=spell.since_text,
                    until=until,
                    certainty=sure,
                    because=tuple(sorted({*spell.because, *ended_by})),
                )


def count(day: Day, body: str) -> tuple[int, int]:
    """A body's certain and possible activists, each person once."""
    sure: dict[str, Certainty] = {}
    for spell in day.known.on("membership", body, day.day):
        role, _, written = spell.track.attribute.partition("/")
        if role != ACTIVIST:
            continue
        person = day.person(written)
        each = least(spell.on(day.day), day.alive(person))
        if each is not None and sure.get(person) != "certain":
            sure[person] = each
    certain = sum(each == "certain" for each in sure.values())
    return certain, len(sure) - certain


def _alternatives(
    facts: Mapping[str, Sequence[Spell]], shown: Mapping[str, Spell | None]
) -> tuple[Alternative, ...]:
    others = (
        (name, spell)
        for name in sorted(shown)
        for spell in sorted(facts.get(name, ()), key=start)
        if spell is not shown[name]
    )
    return tuple(
        Alternative(
            attribute=name,
            value=spell.value,
            since=spell.since_text,
            until=spell.until_text,
            because=spell.because,
        )
        for name, spell in others
    )


def below(bodies: Sequence[Body], root: str | None, depth: int | None) -> tuple[Body, ...]:
    """The bodies within `root` (none: all), down to a depth: 0 is the root alone.

    Without a root, the bodies at depth 0 are those that stand in no body shown.
    """
    children: dict[str | None, list[Body]] = defaultdict(list)
    known = {body.id for body in bodies}
    for body in bodies:
        children[body.within if body.within in known else None].append(body)
    level = [body for body in bodies if body.id == root] if root else children[None]
    kept: set[str] = set()
    left = depth if depth is not None else len(bodies)
    while level and left >= 0:
        kept.update(body.id for body in level)
        level = [below for body in level for below in children[body.id] if below.id not in kept]
        left -= 1
    return tuple(body for body in bodies if body.id in kept)
