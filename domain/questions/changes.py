"""What changed between two structures, and why.

`changes` compares two answers and `applied` is its inverse: applied(a, changes(a, b)) == b. Why
something changed is a question to what is known at the two bases: `explained` finds the acts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final, NamedTuple

from domain import acts as a
from domain.answers import Body, CauseInFull, Change, Holder, Line, Part, Post, What
from domain.entries import Entry
from domain.questions.facts import Day, Known, cause, start
from domain.questions.structure import post as post_on
from domain.shape import to_json
from domain.timelines import Spell
from domain.tracks import ACTIVIST, LIFE, Track

UNDOING: Final = ("entry.retracted", "election.annulled", "person.separated")
"""The acts after which something may never have been; they leave no trace on its track."""

Piece = Body | Post | Holder | Line
"""A part of a structure without the parts in it."""

_BEGUN: Final[dict[str, What]] = {
    "body": "established",
    "post": "post_created",
    "tenure": "took_post",
    "line": "line_drawn",
}
_ENDED: Final[dict[str, What]] = {
    "body": "dissolved",
    "post": "post_abolished",
    "tenure": "left_post",
    "line": "line_ended",
}
_OF_ATTRIBUTE: Final[dict[str, What]] = {
    "name": "renamed",
    "other_names": "renamed",
    "label": "renamed",
    "within": "moved",
    "approved": "approved",
    "activists": "members_changed",
    "activists_possible": "members_changed",
    "certainty": "certainty",
    "since": "dated",
    "until": "dated",
    "term_until": "dated",
    "alternatives": "alternatives",
    "because": "grounds",
}
_APART: Final = frozenset({"because", "lines", "posts", "holders", "vacant"})
"""Members that follow from others, or are parts of their own."""
_TELLING_OF_ENDS: Final = frozenset({"since", "until", "term_until", "alternatives", "because"})
"""Members that change as the days of a beginning or an end do, wherever these lie."""


def changes(before: Sequence[Body], after: Sequence[Body]) -> tuple[Change, ...]:
    """What differs, body by body: what is in a body comes after it. The causes are not told."""
    old, new = _taken_apart(before), _taken_apart(after)
    return tuple(
        change
        for part in sorted(old.keys() | new.keys(), key=_order)
        for change in _differing(part, old.get(part), new.get(part))
    )


def applied(before: Sequence[Body], changes: Iterable[Change]) -> tuple[Body, ...]:
    """The structure after changes.

    Raises:
        KeyError: a change is of something that is not there.
    """
    pieces = _taken_apart(before)
    for change in changes:
        if change.attribute is not None:
            changed = {change.attribute: change.after, "because": change.because}
            pieces[change.subject] = replace(pieces[change.subject], **changed)
        elif change.after is not None:
            pieces[change.subject] = change.after
        else:
            del pieces[change.subject]
    return _put_together(pieces)


def _taken_apart(bodies: Iterable[Body]) -> dict[Part, Piece]:
    pieces: dict[Part, Piece] = {}
    for body in bodies:
        pieces[Part("body", body.id, body.id, None, None, 0)] = replace(body, lines=(), posts=())
        for line in body.lines:
            part = Part("line", line.to, body.id, line.post, line.kind, 0)
            while part in pieces:
                part = replace(part, number=part.number + 1)
            pieces[part] = line
        for post in body.posts:
            pieces[Part("post", post.id, body.id, post.id, None, 0)] = replace(post, holders=())
            for each in post.holders:
                pieces[Part("tenure", each.person, body.id, post.id, None, 0)] = each
    return pieces


def _put_together(pieces: Mapping[Part, Piece]) -> tuple[Body, ...]:
    bodies: list[Body] = []
    lines: dict[str, list[Line]] = defaultdict(list)
    posts: dict[str, list[Post]] = defaultdict(list)
    holders: dict[tuple[str, str | None], list[Holder]] = defaultdict(list)
    for part in sorted(pieces, key=_order):
        match pieces[part]:
            case Body() as body:
                bodies.append(body)
            case Line() as line:
                lines[part.body].append(line)
            case Post() as post:
                posts[part.body].append(post)
            case holder:
                holders[part.body, part.post].append(holder)
    return tuple(
        replace(
            body,
            lines=tuple(lines[body.id]),
            posts=tuple(_held(post, holders[body.id, post.id]) for post in posts[body.id]),
        )
        for body in bodies
    )


def _held(post: Post, holders: Sequence[Holder]) -> Post:
    certain = sum(holder.certainty == "certain" for holder in holders)
    vacant = max(post.seats - certain, 0) if post.seats is not None else None
    return replace(post, holders=tuple(holders), vacant=vacant)


def _order(part: Part) -> tuple[str, int, str, str, str, int]:
    """The order in which answers list parts: a body, its lines, its posts with their holders."""
    rank = {"body": 0, "line": 1}.get(part.kind, 2)
    named = f"{part.line}/{part.id}" if part.line else part.id
    return (part.body, rank, part.post or "", part.kind, named, part.number)


def _differing(part: Part, old: Piece | None, new: Piece | None) -> Iterator[Change]:
    if old is None or new is None:
        for piece, what in ((old, _ENDED), (new, _BEGUN)):
            if piece is not None:
                yield Change(what[part.kind], part, None, old, new, piece.because)
        return
    names = [each.name for each in fields(new) if each.name not in _APART]
    differing = [name for name in names if getattr(old, name) != getattr(new, name)]
    if not differing and old.because != new.because:
        differing = ["because"]
    for name in differing:
        values = getattr(old, name), getattr(new, name)
        kind = _OF_ATTRIBUTE.get(name, "changed")
        if name == "approved" and values[1] is not True:
            kind = "changed"
        yield Change(kind, part, name, *values, new.because)


# Why


class _Bases(NamedTuple):
    """What is known at both bases, and what was undone between them."""

    before: Day
    after: Day
    undoing: tuple[Entry, ...]


def explained(
    changes: Iterable[Change], before: Day, after: Day, undoing: Iterable[Entry]
) -> tuple[Change, ...]:
    """Changes with the acts behind them.

    `undoing` are the entries of the types in `UNDOING` that were recorded between the two bases,
    of which the second is no earlier than the first on either clock.
    """
    bases = _Bases(before, after, tuple(undoing))
    found = [(change, *_causing(change, bases)) for change in changes]
    after.known.expect_told({each for *_, positions in found for each in positions})
    return tuple(_explained(*each, bases) for each in found)


def _causing(change: Change, bases: _Bases) -> tuple[bool, set[int]]:
    """The positions of the acts behind a change, and whether a holder has another id by them."""
    identifying = _identifying(change, bases)
    each_day = (_grounds(day, change, bases) for day in (bases.before, bases.after))
    levels = zip(*each_day, strict=True)
    found = (_behind(old, new, bases, change.attribute) for old, new in levels)
    positions = identifying or next((some for some in found if some), set(change.because))
    return bool(identifying), positions


def _explained(change: Change, identified: bool, positions: set[int], bases: _Bases) -> Change:
    causes = tuple(cause_in_full(bases.after.known, each) for each in sorted(positions))
    types = {each.type for each in causes}
    what = change.what
    if identified:
        what = "identified"
    elif change.attribute is None and "entry.retracted" in types:
        what = "withdrawn" if change.after is None else "restored"
    return replace(change, what=what, causes=causes)


def _identifying(change: Change, bases: _Bases) -> set[int]:
    """The entries by which a holder is shown under another id; none: another person holds."""
    part = change.subject
    if part.kind != "tenure" or part.post is None or change.attribute is not None:
        return set()
    here, there = bases.before, bases.after
    if change.after is not None:
        here, there = there, here
    others = {there.person(each) for each in here.ids(part.id)} - {part.id}
    held = post_on(there, part.post) if others else None
    if held is None or others.isdisjoint(holder.person for holder in held.holders):
        return set()
    old, new = (
        [spell for each in here.ids(part.id) for spell in day.known.about("identity", each)]
        for day in (bases.before, bases.after)
    )
    return _behind(old, new, bases)


def _grounds(day: Day, change: Change, bases: _Bases) -> Iterator[list[Spell]]:
    """The spells on which a part rests, whatever the day: what it is itself, then all around."""
    part, attribute = change.subject, change.attribute
    known = day.known
    match part.kind, attribute:
        case "tenure", "name":
            yield _about(known, "person", day.ids(part.id), ("name",))
        case "tenure", "approved":
            approvals = known.about("approval", part.post or "")
            ids = day.ids(part.id)
            yield [one for one in approvals if one.track.attribute.partition("/")[0] in ids]
            yield _about(known, "post", (part.post or "",), ("approval",))
        case "body", ("activists" | "activists_possible"):
            yield list(_admissions(day, part.id))
            ids = _activists(bases, part.id)
            yield [
                *_about(known, "person", ids, (LIFE,)),
                *(spell for each in ids for spell in known.about("identity", each)),
            ]
        case ("body" | "post") as kind, ("alternatives" | "because"):
            yield [one for one in known.about(kind, part.id) if one.track.attribute != LIFE]
        case ("body" | "post") as kind, str(name):
            yield _about(known, kind, (part.id,), (name,))
    if part.kind == "tenure":
        ids = day.ids(part.id)
        yield _about(known, "tenure", (part.post or "",), ids)
        yield _about(known, "person", ids, (LIFE,))
    if part.kind == "line":
        start = f"post:{part.post}" if part.post else f"body:{part.body}"
        yield _about(known, "line", (start,), (f"{part.line}/{part.id}",))
        yield _around(day, part.id)
    if part.post is not None:
        yield _about(known, "post", (part.post,), (LIFE,))
    yield _about(known, "body", (part.body,), (LIFE,))
    yield _around(day, part.body)
    if part.kind == "tenure":
        yield [spell for each in day.ids(part.id) for spell in known.about("identity", each)]


def _admissions(day: Day, body: str) -> Iterator[Spell]:
    for spell in day.known.about("membership", body):
        if spell.track.attribute.partition("/")[0] == ACTIVIST:
            yield spell


def _activists(bases: _Bases, body: str) -> tuple[str, ...]:
    """Every id of those who are in a body as activists at either basis, living or dead."""
    found = {
        each
        for day in (bases.before, bases.after)
        for spell in _admissions(day, body)
        if spell.on(day.day)
        for each in day.ids(day.person(spell.track.attribute.partition("/")[2]))
    }
    return tuple(sorted(found))


def _about(
    known: Known, kind: str, subjects: Iterable[str], attributes: Sequence[str]
) -> list[Spell]:
    return [
        spell
        for subject in subjects
        for spell in known.about(kind, subject)
        if spell.track.attribute in attributes
    ]


def _around(day: Day, body: str) -> list[Spell]:
    """The lives of a body and of those that it stands in, and what places them there."""
    found: dict[str, list[Spell]] = {}
    here: str | None = body
    while here is not None and here not in found:
        found[here] = _about(day.known, "body", (here,), (LIFE, "within"))
        place = day.place(here)
        here = place.value if place is not None else None
    return [spell for spells in found.values() for spell in spells]


def _behind(
    old: Sequence[Spell], new: Sequence[Spell], bases: _Bases, attribute: str | None = None
) -> set[int]:
    """The positions of the entries by which spells hold otherwise at the second basis.

    What turned is an attribute of what goes on; none: something began or ended.
    """
    was = {(spell.track, spell.because[0]): spell for spell in old}
    now = {(spell.track, spell.because[0]): spell for spell in new}
    fresh = [now[key] for key in now.keys() - was.keys()]
    found: set[int] = set()
    for key in was.keys() | now.keys():
        instead = now.get(key) or _instead(was[key], fresh, bases)
        found.update(_turned(was.get(key), instead, bases, attribute))
    return found


def _instead(old: Spell, new: Iterable[Spell], bases: _Bases) -> Spell | None:
    """What is recorded anew in the place of a spell, and over: so that is not withdrawn."""
    over = (
        spell for spell in new if spell.track == old.track and spell.until.latest <= bases.after.day
    )
    return max(over, key=start, default=None)


def _turned(
    old: Spell | None, new: Spell | None, bases: _Bases, attribute: str | None
) -> Iterator[int]:
    """The entries by which one spell, by the entry that begins it, holds otherwise than before.

    Where it holds at both bases, an end to come matters to what tells of ends, and how surely it
    holds to any attribute; neither begins or ends anything now.
    """
    held = old.on(bases.before.day) if old is not None else None
    holds = new.on(bases.after.day) if new is not None else None
    if old is not None and new is None and held:
        yield from _undone(old, old.because[0], bases)
    elif old is None and new is not None and holds:
        yield new.because[0]
    elif old is not None and new is not None:
        ends = new.because[1:]
        undone = [each for each in old.because[1:] if each not in ends]
        if held and not holds:
            yield from ends or new.because[:1]
        elif holds and not held:
            yield new.because[0]
            if old.until.latest <= bases.before.day:
                yield from (by for each in undone for by in _undone(old, each, bases))
        elif held and holds and attribute is not None:
            if attribute in _TELLING_OF_ENDS:
                yield from (each for each in ends if each not in old.because)
                yield from (by for each in undone for by in _undone(old, each, bases))
            if held != holds:
                yield from new.because[:1] if holds == "certain" or not ends else ends


def _undone(spell: Spell, position: int, bases: _Bases) -> Iterator[int]:
    """The entries by which an entry no longer begins or ends a spell."""
    entry, _ = bases.after.known.told(position)
    for each in bases.undoing:
        match each.act:
            case a.EntryRetracted(entry=target):
                number = (entry.decision, entry.number)
                by_number = not isinstance(target, int) and (target.decision, target.act) == number
                undone = target == position or by_number
            case a.ElectionAnnulled(election=election):
                undone = isinstance(spell.value, dict) and spell.value.get("election") == election
            case a.PersonSeparated(person=person, into=into):
                undone = spell.track == Track("identity", person, into)
            case _:
                undone = False
        if undone:
            yield each.position


def cause_in_full(known: Known, position: int) -> CauseInFull:
    """The act at a position, and its decision with its vote, its authority and its sources."""
    entry, taken = known.told(position)
    short = cause(known, position)
    given: dict[str, Any] = {each.name: getattr(short, each.name) for each in fields(short)}
    retracts = isinstance(entry.act, a.EntryRetracted)
    return CauseInFull(
        **given,
        effective=None if retracts else getattr(entry.act, "effective", None),
        manner=entry.act.manner if isinstance(entry.act, a.BodyDissolved) else None,
        title=to_json(taken.title),
        authority=taken.authority,
        vote=to_json(taken.vote),
        sources=tuple(to_json(taken.sources)),
    )
