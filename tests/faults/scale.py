"""How often a fault is tried: a few times in `make test`, and often in `make faults`."""

from __future__ import annotations

import os

LONG = os.environ.get("CURULE_FAULTS") == "long"


def times(few: int, many: int) -> int:
    """So often now."""
    return many if LONG else few
