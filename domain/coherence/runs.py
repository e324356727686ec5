"""Runs: what starts is not running yet, what ends runs, and a day has one value."""

from __future__ import annotations

from collections.abc import Iterator

from domain.coherence.breach import Breach
from domain.register import Register
from domain.tracks import Track

_FAULTS = {
    "already_running": "{what} starts while it certainly runs",
    "not_running": "{what} ends when it does not run",
    "two_values": "{what} is given two values on the same day",
}


def track_coherent(register: Register, track: Track) -> Iterator[Breach]:
    """What starts is not running yet, what ends runs, and a day gives an attribute one value."""
    for fault in register.timeline(track).faults:
        if track.is_life and fault.rule == "already_running":
            continue  # an id established twice, which says so itself
        message = _FAULTS[fault.rule].format(what=_called(track))
        yield Breach(fault.rule, message, fault.because)


def _called(track: Track) -> str:
    match track.kind:
        case "tenure":
            return f"the tenure of {track.attribute} in post {track.subject}"
        case "membership":
            role, _, person = track.attribute.partition("/")
            return f"the membership of {person} as {role} in body {track.subject}"
        case "approval":
            person = track.attribute.partition("/")[0]
            return f"the approval of {person} in post {track.subject}"
        case "line":
            kind, _, target = track.attribute.partition("/")
            return f"the line {kind} from {track.subject.replace(':', ' ')} to body {target}"
        case "identity":
            return f"the merger of person {track.subject} into {track.attribute}"
        case "affiliation":
            return f"the affiliation of {track.subject} to {track.attribute}"
        case "candidacy" | "attendance":
            return f"the {track.kind} of {track.attribute} at {track.subject}"
        case _ if track.is_life:
            return f"{track.kind} {track.subject}"
        case _:
            return f"the {track.attribute} of {track.kind} {track.subject}"
