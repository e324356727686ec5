"""Work that several processes share, and that one does alone where there is little of it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, Final

Each = Callable[..., Iterator[Any]]
"""Calls a function for each of some arguments, as `map` does."""

SHARED: Final = 50_000
"""Entries from which on work is shared: starting a process takes as long as reading so many."""
_SEED: Final = "PYTHONHASHSEED"


@contextmanager
def sharing(entries: int) -> Iterator[Each]:
    """What calls functions, in so many processes as the work is worth."""
    processors = os.cpu_count() or 1
    if entries < SHARED or processors == 1:
        yield map
        return
    # They key strings alike, and nobody can have known how (`Reading.tags`).
    given, os.environ[_SEED] = os.environ.get(_SEED), str(secrets.randbelow(2**32 - 1) + 1)
    try:
        with ProcessPoolExecutor(processors, get_context("spawn")) as pool:
            try:
                yield pool.map
            finally:
                pool.shutdown(cancel_futures=True)  # what was not begun is left, whatever is raised
    finally:
        del os.environ[_SEED]
        if given is not None:
            os.environ[_SEED] = given
