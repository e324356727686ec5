"""What breaks a rule: a value, never an exception."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule broken: which, how, by which entries, and in which field of the first, if in one."""

    rule: str
    message: str
    because: tuple[int, ...]
    pointer: str = ""

    @property
    def identity(self) -> tuple[str, frozenset[int], str]:
        """What makes it the same breach before and after a decision."""
        return (self.rule, frozenset(self.because), self.pointer)
