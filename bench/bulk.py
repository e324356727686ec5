"""Admissions a second by one request with a decision a line, against single posts by 32 clients.

Each decision registers a person and admits them to a body. Both ways it is validated, judged,
sealed, hashed and synced to disk before it is acknowledged, its text encrypted, each entry proved;
and both are measured in turn, on one server, for that machine has other things to do, too.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from contextlib import ExitStack

from bench.decisions import curule, load, measured
from tests.postgres import postgres_server

CLIENTS = 32
MOST = 20_000  # single posts a second, at the very most


def main() -> None:
    """Measure both in rounds, and print decisions a second and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--admissions", type=int, default=100_000, help="in bulk, in all rounds")
    parser.add_argument("--seconds", type=float, default=16.0, help="single posts, in all rounds")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--postgresql", action="store_true", help="the log in PostgreSQL, too")
    arguments = parser.parse_args()
    some = arguments.admissions // arguments.rounds
    seconds = arguments.seconds / arguments.rounds
    with ExitStack() as stack:
        logs: dict[str, str | None] = {"SQLite": None}
        if arguments.postgresql:
            logs["PostgreSQL"] = stack.enter_context(postgres_server())()
        for name, url in logs.items():
            single, together, first = [], [], 0
            with curule(url) as port:
                for _ in range(arguments.rounds):
                    rate, _ = load(port, CLIENTS, seconds, first, newcomers=True)
                    single.append(rate)
                    first += int(seconds * MOST)
                    together.append(bulk(port, some, first))
                    first += some
            print(f"decisions a second, {name}; {some * arguments.rounds} admissions in bulk")
            print(f"  single posts, {CLIENTS} clients  {statistics.median(single):7.0f}/s")
            print(f"  application/jsonl, one client {statistics.median(together):7.0f}/s")
            ratios = [one / other for one, other in zip(together, single, strict=True)]
            print(f"  ratio {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})")


def bulk(port: int, admissions: int, first: int) -> float:
    """Run the client in a process of its own; answers a second."""
    command = [sys.executable, "-m", "bench.bulk_load"]
    rate: float = measured([*command, str(port), str(admissions), str(first)], port)
    return rate


if __name__ == "__main__":
    main()
