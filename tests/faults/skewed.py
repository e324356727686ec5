"""A service whose clock is an hour slow, and jumps at every look."""

from __future__ import annotations

import random

from service.log import appends

HOUR = 3_600_000_000
now = appends.now_in_microseconds


def wrong() -> int:
    """An hour ago, two hours, or a moment to come."""
    return now() + random.choice((-HOUR, -HOUR, -2 * HOUR, 30_000_000))


if __name__ == "__main__":
    appends.now_in_microseconds = wrong  # before anybody else knows it
    from service import cli

    cli.main()
