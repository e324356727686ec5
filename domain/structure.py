"""The structure of an organisation on a day: bodies, posts and who holds them.

`structure` is the *oracle*: the pure fold of entries that defines every answer. `assemble` puts the
spells of one day together; the projections, which find those spells by index, share it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from domain import acts as a
from domain.answers import Alternative, Body, Holder, Line, Post
from domain.dates import window
from domain.decisions import DecisionTaken
from domain.entries import Entry
from domain.moments import Moment
from domain.register import without_retracted
from domain.timelines import Certainty, Ending, Spell, fold
from domain.tracks import ACTIVIST, LIFE, Track


def structure(entries: Iterable[Entry], day: int, position: int) -> tuple[Body, ...]:
    """The structure on a day as the entries up to a position tell it: the definition of the answer.

    A position inside a decision is read as the end of the decision before.
    """
    recorded = whole(entries, position)
    return assemble((each for each in spells(recorded) if each.on(day)), day)


def whole(entries: Iterable[Entry], position: int) -> list[Entry]:
    """The entries up to a position, less those of a decision that is not whole by then."""
    recorded: list[Entry] = []
    last = 0
    for entry in entries:
        if isinstance(entry.act, DecisionTaken):
            last = entry.position + entry.act.acts
        if last <= position:
            recorded.append(entry)
    return recorded


def spells(entries: Sequence[Entry]) -> list[Spell]:
    """Every spell of every track that the entries tell of, those retracted left out."""
    tracks: dict[Track, list[Moment]] = defaultdict(list)
    annulled: dict[str, Ending] = {}
    for entry in without_retracted(entries):
        if isinstance(entry.act, a.ElectionAnnulled):
            ending = Ending(window(entry.act.effective), entry.act.effective, entry.position)
            annulled.setdefault(entry.act.election, ending)
        for moment in entry.moments:
            tracks[moment.track].append(moment)
    return [spell for each in tracks.values() for spell in fold(each, annulled.get).spells]


def _by_subject() -> dict[str, dict[str, list[Spell]]]:
    return defaultdict(lambda: defaultdict(list))


@dataclass(slots=True)
class _Day:
    """The spells of one day, by what they are about."""

    bodies: dict[str, dict[str, list[Spell]]] = field(default_factory=_by_subject)
    posts: dict[str, dict[str, list[Spell]]] = field(default_factory=_by_subject)
    persons: dict[str, dict[str, list[Spell]]] = field(default_factory=_by_subject)
    tenures: dict[str, list[Spell]] = field(default_factory=lambda: defaultdict(list))
    approvals: dict[Track, list[Spell]] = field(default_factory=lambda: defaultdict(list))
    lines: dict[str, list[Spell]] = field(default_factory=lambda: defaultdict(list))
    activists: dict[str, list[Spell]] = field(default_factory=lambda: defaultdict(list))


def assemble(
    present: Iterable[Spell],
    day: int,
    activists: Mapping[str, tuple[int, int]] | None = None,
) -> tuple[Body, ...]:
    """Put the spells present on a day together, bodies in the order of their ids.

    What is contained is at most as certain as its container. `activists` gives each body's certain
    and possible activists where they have been counted already.
    """
    on = _sorted(present)
    lives = {body: facts[LIFE][0] for body, facts in on.bodies.items() if LIFE in facts}
    places = {body: _place(on.bodies[body]["within"], lives, day) for body in lives}
    certainty = {body: _certainty(body, lives, places, day) for body in lives}
    posts: dict[str, list[tuple[str, Spell]]] = defaultdict(list)
    for post, facts in on.posts.items():
        if LIFE in facts:
            posts[facts[LIFE][0].value["body"]].append((post, facts[LIFE][0]))
    bodies = []
    for body in sorted(lives):
        sure = certainty[body]
        if sure is None:
            continue
        counted = activists.get(body, (0, 0)) if activists is not None else _count(on, body, day)
        own = [_post(on, *each, lives[body], sure, day) for each in sorted(posts[body], key=_id)]
        bodies.append(
            _body(
                body,
                on.bodies[body],
                places[body],
                day,
                sure,
                posts=tuple(post for post in own if post is not None),
                lines=_lines(on, body, [name for name, _ in posts[body]], certainty, day),
                activists=counted if sure == "certain" else (0, sum(counted)),
            )
        )
    return tuple(bodies)


def _id(pair: tuple[str, Spell]) -> str:
    return pair[0]


def _sorted(present: Iterable[Spell]) -> _Day:
    on = _Day()
    for spell in present:
        kind, subject, attribute = spell.track
        match kind:
            case "body":
                on.bodies[subject][attribute].append(spell)
            case "post":
                on.posts[subject][attribute].append(spell)
            case "person":
                on.persons[subject][attribute].append(spell)
            case "tenure":
                on.tenures[subject].append(spell)
            case "approval":
                person = attribute.partition("/")[0]
                on.approvals[Track("tenure", subject, person)].append(spell)
            case "line":
                on.lines[subject].append(spell)
            case "membership" if attribute.startswith(f"{ACTIVIST}/"):
                on.activists[subject].append(spell)
    return on


def _shown(present: Sequence[Spell], day: int, made_by: int | None = None) -> Spell | None:
    """Of values that change, the last whose start is certain, else the first possible one.

    "Not stated" is a value too: where `made_by` names the entry that made the subject, nothing but
    what that entry states is shown before a later one is certain.
    """
    certain = [spell for spell in present if spell.since.latest <= day]
    if certain:
        return max(certain, key=_start)
    first = present if made_by is None else [each for each in present if each.because[0] == made_by]
    return min(first, key=_start, default=None)


def _place(present: Sequence[Spell], lives: Mapping[str, Spell], day: int) -> Spell | None:
    """Where a body stands: in a body that is there, as long as it may have been put into one."""
    there = [spell for spell in present if spell.value is None or spell.value in lives]
    return _shown(there or present, day)


def _start(spell: Spell) -> tuple[int, int, int]:
    return (spell.since.latest, spell.since.earliest, spell.because[0])


def _certainty(
    body: str, lives: Mapping[str, Spell], places: Mapping[str, Spell | None], day: int
) -> Certainty | None:
    """A body's certainty: its own, no more than that of any body that it stands in."""
    certainty: Certainty | None = "certain"
    seen = set()
    here: str | None = body
    while here is not None and here not in seen:
        seen.add(here)
        if here not in lives:
            return None
        certainty = _least(certainty, lives[here].on(day))
        place = places[here]
        here = place.value if place is not None else None
    return certainty


def _least(*certainties: Certainty | None) -> Certainty | None:
    if None in certainties:
        return None
    return "possible" if "possible" in certainties else "certain"


def _body(
    body: str,
    facts: Mapping[str, Sequence[Spell]],
    place: Spell | None,
    day: int,
    certainty: Certainty,
    *,
    posts: tuple[Post, ...],
    lines: tuple[Line, ...],
    activists: tuple[int, int],
) -> Body:
    life = facts[LIFE][0]
    made_by = life.because[0]
    shown = {name: _shown(each, day, made_by) for name, each in facts.items() if name != LIFE}
    shown["within"] = place
    values = {name: spell.value for name, spell in shown.items() if spell is not None}
    return Body(
        id=body,
        name=values.get("name"),
        classification=values.get("classification"),
        permanence=values.get("permanence"),
        area=values.get("area"),
        within=values.get("within"),
        formed_from=tuple(life.value.get("formed_from", ())),
        certainty=certainty,
        since=life.since_text,
        until=life.until_text,
        because=_because(life, *shown.values()),
        alternatives=_alternatives(facts, shown),
        lines=lines,
        posts=posts,
        activists=activists[0],
        activists_possible=activists[1],
    )


def _post(
    on: _Day, post: str, life: Spell, around: Spell, certainty: Certainty, day: int
) -> Post | None:
    sure = _least(certainty, life.on(day))
    if sure is None:
        return None
    facts, made_by = on.posts[post], life.because[0]
    shown = {name: _shown(each, day, made_by) for name, each in facts.items() if name != LIFE}
    values = {name: spell.value for name, spell in shown.items() if spell is not None}
    until, because = _soonest_end(life, around)
    approval = values.get("approval")
    holders = _holders(on, post, approval, (life, around), sure, day)
    seats = values.get("seats")
    certain = sum(holder.certainty == "certain" for holder in holders)
    return Post(
        id=post,
        label=values.get("label"),
        seats=seats,
        voting=values.get("voting"),
        head=values.get("head"),
        area=values.get("area"),
        approval=approval,
        certainty=sure,
        since=life.since_text,
        until=until,
        because=tuple(sorted({*_because(life, *shown.values()), *because})),
        alternatives=_alternatives(facts, shown),
        holders=holders,
        vacant=max(seats - certain, 0) if seats is not None else None,
    )


def _holders(
    on: _Day,
    post: str,
    approval: str | None,
    around: tuple[Spell, ...],
    certainty: Certainty,
    day: int,
) -> tuple[Holder, ...]:
    """Who holds a post; a person whose spells overlap in doubt is listed once, at the surest."""
    holders: dict[str, Holder] = {}
    for tenure in sorted(on.tenures[post], key=_start):
        person = tenure.track.attribute
        alive = on.persons[person].get(LIFE, [])
        if not alive:
            continue
        sure = _least(certainty, tenure.on(day), alive[0].on(day))
        if sure is None:
            continue
        until, because = _soonest_end(tenure, *around, alive[0])
        name = _shown(on.persons[person]["name"], day)
        approved, approvals = _approved(on, tenure, approval, day)
        holder = Holder(
            person=person,
            name=name.value if name is not None else None,
            since=tenure.since_text,
            until=until,
            term_until=tenure.value.get("term_until"),
            certainty=sure,
            approved=approved,
            because=tuple(sorted({*tenure.because, *because, *approvals})),
        )
        if person not in holders or holders[person].certainty == "possible":
            holders[person] = holder
    return tuple(holders[person] for person in sorted(holders))


def _approved(
    on: _Day, tenure: Spell, approval: str | None, day: int
) -> tuple[bool | None, tuple[int, ...]]:
    """Whether the body that must approve a holder has done so since the tenure began."""
    if approval is None:
        return None, ()
    given = [
        spell.because[0]
        for spell in on.approvals[tenure.track]
        if spell.value.get("by", approval) == approval
        and spell.since.latest <= day
        and spell.since.latest >= tenure.since.earliest
    ]
    return bool(given), tuple(given[:1])


def _lines(
    on: _Day,
    body: str,
    posts: Iterable[str],
    certainty: Mapping[str, Certainty | None],
    day: int,
) -> tuple[Line, ...]:
    lines = []
    origins = [(f"body:{body}", None), *((f"post:{post}", post) for post in sorted(posts))]
    for origin, post in origins:
        around = [on.bodies[body][LIFE][0], *(on.posts[post][LIFE] if post is not None else ())]
        for spell in sorted(on.lines[origin], key=lambda line: line.track):
            kind, _, target = spell.track.attribute.partition("/")
            lives = [spell, *around, *on.bodies[target].get(LIFE, ())]
            own = _least(*(life.on(day) for life in lives))
            sure = _least(own, certainty[body], certainty.get(target))
            if sure is not None:
                until, because = _soonest_end(*lives)
                lines.append(
                    Line(
                        kind=kind,  # type: ignore[arg-type]
                        to=target,
                        post=post,
                        since=spell.since_text,
                        until=until,
                        certainty=sure,
                        because=tuple(sorted({*spell.because, *because})),
                    )
                )
    return tuple(lines)


def _count(on: _Day, body: str, day: int) -> tuple[int, int]:
    """A body's certain and possible activists, each person once."""
    sure: dict[str, Certainty] = {}
    for spell in on.activists[body]:
        person = spell.track.attribute.partition("/")[2]
        alive = on.persons[person].get(LIFE, [])
        each = _least(spell.on(day), alive[0].on(day) if alive else None)
        if each is not None and sure.get(person) != "certain":
            sure[person] = each
    certain = sum(each == "certain" for each in sure.values())
    return certain, len(sure) - certain


def _soonest_end(*lives: Spell) -> tuple[str | None, tuple[int, ...]]:
    """The text of the end that comes first, with the entries behind it."""
    first = min(lives, key=lambda life: life.until)
    if first.until_text is None:
        return None, ()
    return first.until_text, first.because[1:]


def _because(*causes: Spell | None) -> tuple[int, ...]:
    return tuple(sorted({each for cause in causes if cause is not None for each in cause.because}))


def _alternatives(
    facts: Mapping[str, Sequence[Spell]], shown: Mapping[str, Spell | None]
) -> tuple[Alternative, ...]:
    others = (
        (name, spell)
        for name in sorted(shown)
        for spell in sorted(facts[name], key=_start)
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
