"""Uses: when keys were last used. They are remembered here, and noted now and then."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from domain.entries import instant
from service.log.appends import now_in_microseconds

USED: Final = 60.0
"""Seconds from one time that the uses of keys are noted to the next."""


class Uses:
    """When keys were used, as far as it is not noted yet."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}
        self._noted = time.monotonic()

    def note(self, key: str) -> None:
        """A key is used now."""
        self._used[key] = now_in_microseconds()

    def now(self) -> Mapping[str, str]:
        """What is not noted yet, as instants."""
        return {key: instant(at) for key, at in self._used.items()}

    def due(self, *, at_once: bool = False) -> Mapping[str, int]:
        """What is to be noted by now."""
        if not self._used or not (at_once or time.monotonic() - self._noted > USED):
            return {}
        used, self._used, self._noted = self._used, {}, time.monotonic()
        return used
