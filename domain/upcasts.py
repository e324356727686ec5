"""Upcasts: how acts stored in an older form are read today.

The log never changes: an act that was recorded keeps its bytes, and its version says their form.
Whoever changes what an act's fields are raises its `version`, and says here how the JSON of the
version before becomes that of the next. No entry is written anew, and nothing is guessed: the
registry is closed, and what no step leads on from cannot be read.

A step keeps the type of the act, and adds no text: what is not in the log, no step can know. Tags
stay as they were stored, so that a step lets an act name no subject that it did not name before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Json = Any
Upcast = Callable[[Json], Json]
"""Gives the JSON of an act in the next version, and leaves what it is given as it is."""

UPCASTS: Final[dict[tuple[str, int], Upcast]] = {}
"""The step from each earlier version of each type to the version after it."""


def upcast(act: Json, version: int, newest: int) -> Json:
    """An act stored in a version, in the form of the newest.

    Raises:
        ValueError: the version is newer than the newest, or no step leads on from it.
    """
    type_ = act["type"]
    if version > newest:
        raise ValueError(
            f"version {version} of {type_} is newer than this release, which has {newest}"
        )
    for each in range(version, newest):
        if (type_, each) not in UPCASTS:
            raise ValueError(f"version {each} of {type_} is not known")
        act = UPCASTS[type_, each](act)
    return act


def gaps(versions: dict[str, int]) -> set[tuple[str, int]]:
    """The steps that lack or that lead nowhere, where these are the newest versions by type."""
    needed = {(type_, each) for type_, newest in versions.items() for each in range(1, newest)}
    return needed ^ UPCASTS.keys()
