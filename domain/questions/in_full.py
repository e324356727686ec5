"""Bodies and posts in full: there on the day or not, with what began and ended them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from domain import acts as a
from domain.answers import BodyInFull, PostInFull
from domain.questions.charter import mandates
from domain.questions.facts import Day, cause, lifetime, soonest_end
from domain.questions.people import holders
from domain.questions.structure import body, body_of, expect, expect_post, post, post_of
from domain.timelines import Spell


def body_in_full(day: Day, identity: str) -> BodyInFull | None:
    """A body; where it is not there on the day, as it was last or will be first. None: unknown."""
    expect(day, [identity])
    life = _life(day, "body", identity)
    if life is None:
        return None
    there = body(day, identity)
    shown = there or body_of(_nearest(day, life), life, "possible")
    ended = cause(day.known, life.because[-1]) if life.until_text is not None else None
    act = day.known.told(life.because[-1])[0].act if ended is not None else None
    dissolved = act if isinstance(act, a.BodyDissolved) else None
    told = _members(shown) | {"certainty": there.certainty if there else None}
    return BodyInFull(
        **told,
        began=cause(day.known, life.because[0]),
        ended=ended,
        manner=dissolved.manner if dissolved else None,
        succeeded_by=dissolved.succeeded_by if dissolved else (),
        mandates=mandates(day, identity),
    )


def post_in_full(day: Day, identity: str) -> PostInFull | None:
    """A post; where it is not there on the day, as it was last or will be first. None: unknown."""
    expect_post(day, identity)
    life = _life(day, "post", identity)
    around = _life(day, "body", life.value["body"]) if life is not None else None
    if life is None or around is None:
        return None
    there = post(day, identity)
    shown = there or post_of(_nearest(day, life, around), life, around, "possible")
    _, ended = soonest_end(life, around)
    told = _members(shown) | {"certainty": there.certainty if there else None}
    if there is None:
        told |= {"holders": (), "vacant": None}
    return PostInFull(
        **told,
        began=cause(day.known, life.because[0]),
        ended=cause(day.known, ended[0]) if ended else None,
        tenures=holders(day, identity),
        mandates=mandates(day, identity),
    )


def _life(day: Day, kind: str, subject: str) -> Spell | None:
    return next(iter(lifetime(day.known, kind, subject)), None)


def _nearest(day: Day, *lives: Spell) -> Day:
    """The day nearest to the one asked for on which all of these may hold."""
    first = max(life.since.latest for life in lives)
    last = min(life.until.earliest for life in lives) - 1
    if last < first:
        first = max(life.since.earliest for life in lives)
        last = max(min(life.until.latest for life in lives) - 1, first)
    return Day(day.known, first if day.day < first else min(day.day, last))


def _members(value: Any) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in fields(value)}
