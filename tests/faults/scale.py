"""How often a fault is tried: a few times in `make test`, and often in `make faults`."""

from __future__ import annotations

import os

import pytest

LONG = os.environ.get("CURULE_FAULTS") == "long"


def times(few: int, many: int) -> int:
    """So often now."""
    return many if LONG else few


long_only = pytest.mark.skipif(not LONG, reason="make faults does it")

on_either_database = pytest.mark.parametrize(
    "shared", ["sqlite", pytest.param("postgresql", marks=long_only)], indirect=True
)
"""On both, where there is time for both."""
