"""Acts followed: a memory that takes in what the log says of some matter, up to any position."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from domain.entries import Entry, read
from service.log.log import Log


class ActsFollowed(ABC):
    """What the acts of some types come to, each taken in once and in order, by any thread."""

    types: ClassVar[frozenset[str]]
    """The types of the acts that are followed."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._following = threading.Lock()
        self._position = 0

    def follow(self, until: int) -> None:
        """Take in what the log says up to a position; on return it is done, by whomever."""
        if until <= self._position:
            return
        with self._following:
            if until <= self._position:
                return
            found = self._log.entries(types=self.types, after=self._position, until=until)
            if found:
                self._take([read(one.entry) for one in found])
            self._position = until

    def catch_up(self) -> None:
        """Take in what the log says by now."""
        self.follow(self._log.newest())

    @abstractmethod
    def _take(self, entries: Sequence[Entry]) -> None:
        """Take in what is new. If that fails, the same comes again."""
