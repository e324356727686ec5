"""Decisions a second over HTTP while nobody follows the log, and while two hundred do.

The service, the writers and those who follow are a process each, on loopback. Each who follows is
told every entry, over a connection of its own, and at the end all of them must have seen the same
number of entries: the last one recorded is awaited.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bench.decisions import KEYS, ROOT, curule, load, register
from tests.postgres import postgres_server


def main() -> None:
    """Measure in rounds, with nobody and with many who follow, and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=32, help="who write at once")
    parser.add_argument("--followers", type=int, default=200)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        databases = stack.enter_context(postgres_server())
        services = {
            "Curule, SQLite": stack.enter_context(curule(None)),
            "Curule, PostgreSQL": stack.enter_context(curule(databases())),
        }
        print(
            f"decisions a second over HTTP by {arguments.clients} clients (median of rounds):"
            f" nobody follows, {arguments.followers} follow; ratio; MB/s told",
            flush=True,
        )
        for name, port in services.items():
            alone, followed, told = _measure(port, arguments)
            print(
                f"{name:20} {alone:7.0f}/s {followed:7.0f}/s  {followed / alone:5.2f}"
                f"  {told:6.0f} MB/s",
                flush=True,
            )


def _measure(port: int, arguments: argparse.Namespace) -> tuple[float, float, float]:
    rates: dict[bool, list[float]] = {False: [], True: []}
    told, registered = [], 0
    wanted = int(arguments.seconds * 2_500)
    for number in range(2 * arguments.rounds):
        is_followed = number % 4 in (1, 2)  # neither is always the first of two
        register(port, registered, wanted)
        with ExitStack() as stack:
            if is_followed:
                told.append(stack.enter_context(_followers(port, arguments.followers)))
            rate, _ = load(port, arguments.clients, arguments.seconds, registered)
        rates[is_followed].append(rate)
        registered += wanted
    megabytes = statistics.median(each[0] for each in told) / arguments.seconds / 1e6
    return statistics.median(rates[False]), statistics.median(rates[True]), megabytes


@contextmanager
def _followers(port: int, count: int) -> Iterator[list[float]]:
    """Have many follow, in a process of their own; afterwards, the bytes that they were told."""
    told: list[float] = []
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.stream_load", str(port), str(count)],
        cwd=ROOT,
        env={**os.environ, "CURULE_KEY": KEYS[port]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "following\n"
        yield told
        answer, _ = process.communicate("stop\n", timeout=60)
        assert process.returncode == 0
        told.append(json.loads(answer))
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
