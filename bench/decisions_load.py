"""The clients of `bench.decisions`: keep-alive connections that post one decision after another."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import time

import uvloop

KEY = os.environ.get("CURULE_KEY", "").encode()


def admission(number: int, *, newcomer: bool) -> bytes:
    """The decision that admits a person to the council, and registers them if they are new."""
    person = f"p{number}"
    acts: list[dict[str, str]] = [
        {
            "type": "activist.admitted",
            "effective": "2020-02-01",
            "person": person,
            "body": "council",
        }
    ]
    if newcomer:
        named = {"person": person, "name": f"Person {number}"}
        acts.insert(0, {"type": "person.registered", "effective": "2020-02-01", **named})
    return json.dumps({"id": f"admission-of-{person}", "acts": acts}).encode()


async def _client(
    port: int,
    until: float,
    numbers: itertools.count[int],
    latencies: list[float],
    *,
    newcomers: bool,
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        body = admission(next(numbers), newcomer=newcomers)
        start = time.perf_counter()
        writer.write(
            b"POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\n"
            b"Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (KEY, len(body), body)
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answer = await reader.readexactly(length)
        latencies.append(time.perf_counter() - start)
        if not head.startswith(b"HTTP/1.1 201"):
            raise SystemExit(f"{head!r} {answer!r}")
    writer.close()


async def _run(port: int, clients: int, seconds: float, first: int, *, newcomers: bool) -> None:
    numbers = itertools.count(first)
    latencies: list[float] = []
    start = time.perf_counter()
    await asyncio.gather(
        *(
            _client(port, start + seconds, numbers, latencies, newcomers=newcomers)
            for _ in range(clients)
        )
    )
    spent = time.perf_counter() - start
    latencies.sort()
    print(json.dumps([len(latencies) / spent, latencies[int(len(latencies) * 0.99)] * 1_000]))


if __name__ == "__main__":
    port, clients, seconds, first, *new = sys.argv[1:]
    uvloop.run(_run(int(port), int(clients), float(seconds), int(first), newcomers=bool(new)))
