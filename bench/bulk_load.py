"""The client of `bench.bulk`: a request with a decision a line, read while it is being written."""

from __future__ import annotations

import asyncio
import json
import sys
import time

import uvloop

from bench.decisions_load import KEY, admission

AT_ONCE = 200  # lines in a chunk


async def _run(port: int, admissions: int, first: int) -> None:
    """Print the answers a second."""
    chunks = [
        b"".join(
            admission(number, newcomer=True) + b"\n"
            for number in range(start, min(start + AT_ONCE, first + admissions))
        )
        for start in range(first, first + admissions, AT_ONCE)
    ]
    begun = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    writer.write(
        b"POST /v1/decisions?stop=true HTTP/1.1\r\nHost: localhost\r\n"
        b"Authorization: Bearer %s\r\nContent-Type: application/jsonl\r\n"
        b"Content-Length: %d\r\n\r\n" % (KEY, sum(map(len, chunks)))
    )

    async def send() -> None:
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()

    sending = asyncio.create_task(send())
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"{head!r}")
    answered = 0
    while size := int(await reader.readuntil(b"\r\n"), 16):
        some = await reader.readexactly(size + 2)
        receipts = some.count(b', "created": true}\n')
        if receipts != some.count(b"\n") - 1:
            raise SystemExit(f"{some!r}")
        answered += receipts
    spent = time.perf_counter() - begun
    await sending
    writer.close()
    if answered != admissions:
        raise SystemExit(f"{answered} of {admissions} are answered")
    print(json.dumps(answered / spent))


if __name__ == "__main__":
    uvloop.run(_run(*map(int, sys.argv[1:4])))
