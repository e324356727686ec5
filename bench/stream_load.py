"""Those who follow in `bench.stream`: connections that read all that they are told."""

from __future__ import annotations

import os
import re
import selectors
import socket
import sys
import time
import urllib.request

PATIENCE = 30.0


class Follower:
    """A connection, and the newest position that it was told of."""

    def __init__(self, port: int, after: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        ask = f"GET /v1/entries/stream?after={after} HTTP/1.1\r\nHost: localhost\r\n"
        ask += f"Authorization: Bearer {os.environ['CURULE_KEY']}\r\n\r\n"
        self.socket.sendall(ask.encode())
        self.told = b""
        self.bytes = 0

    def read(self, buffer: memoryview) -> None:
        """Read what there is."""
        size = self.socket.recv_into(buffer)
        if not size:
            raise SystemExit("a stream ended")
        self.bytes += size
        self.told = self.told[-64:] + buffer[max(0, size - 512) : size].tobytes()

    @property
    def position(self) -> int:
        """The last position told, as far as it is in the end of what was read."""
        found = re.findall(rb"\nid: ([0-9]+)\n", self.told)
        return int(found[-1]) if found else -1


def _newest(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/log/checkpoint") as answer:
        return int(answer.read().splitlines()[1])


def main(port: int, count: int) -> None:
    """Follow until told to stop, and then until all have seen the newest entry."""
    newest = _newest(port)
    followers = [Follower(port, newest) for _ in range(count)]
    buffer = memoryview(bytearray(1 << 20))
    waiting = selectors.EpollSelector()
    for follower in followers:
        waiting.register(follower.socket, selectors.EVENT_READ, follower)
        while follower.position != newest:
            follower.read(buffer)
    waiting.register(sys.stdin, selectors.EVENT_READ, None)
    print("following", flush=True)
    until, deadline = -1, float("inf")
    while until < 0 or any(each.position < until for each in followers):
        for key, _ in waiting.select(1):
            if key.data is None:
                waiting.unregister(sys.stdin)
                until, deadline = _newest(port), time.monotonic() + PATIENCE
            else:
                key.data.read(buffer)
        if time.monotonic() > deadline:
            raise SystemExit("not all were told of the last entry")
    sizes = {each.bytes for each in followers}
    if max(sizes) - min(sizes) > max(sizes) / 100:  # chunks and signs of life differ a little
        raise SystemExit(f"some were told less than others: {min(sizes)} bytes of {max(sizes)}")
    print(sum(each.bytes for each in followers))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
