"""Uses: when keys were last used. They are remembered here, and noted now and then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from domain.entries import instant
from service.log.appends import now_in_microseconds

USED: Final = 60.0
"""Seconds from one time that the uses of keys are noted to the next."""


class Uses:
    """When keys were used, as far as it is not noted yet. For any thread."""

    def __init__(self, write: Callable[[Mapping[str, int]], None]) -> None:
        self._write = write
        self._turn = threading.Lock()
        self._used: dict[str, int] = {}
        self._noted = time.monotonic()

    def note(self, key: str) -> None:
        """A key is used now."""
        with self._turn:
            self._used[key] = now_in_microseconds()

    def now(self) -> Mapping[str, str]:
        """What is not noted yet, as instants."""
        with self._turn:
            used = dict(self._used)
        return {key: instant(at) for key, at in used.items()}

    def keep(self, *, at_once: bool = False) -> None:
        """Have noted what is to be noted by now; what cannot be is kept for the next time."""
        with self._turn:
            if not self._used or not (at_once or time.monotonic() - self._noted > USED):
                return
            used, self._noted = dict(self._used), time.monotonic()
        self._write(used)
        with self._turn:
            self._used = {key: at for key, at in self._used.items() if used.get(key) != at}
