"""A network between a service and its database, which can be cut in every way."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

_ABRUPTLY = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset


class Network:
    """Connections on a port of this machine, each led on to the socket of a server.

    What is held up in it arrives later, if at all, as it does in a real one.
    """

    def __init__(self, server: Path) -> None:
        self._server = server
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port: int = self._listening.getsockname()[1]
        self._requests, self._answers = threading.Event(), threading.Event()
        self._ends: list[socket.socket] = []
        self._guard = threading.Lock()
        self._deafening: bytes | None = None
        self.heal()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def is_deaf(self) -> bool:
        """Whether no answer comes through."""
        return not self._answers.is_set()

    def cut(self) -> None:
        """End every connection at once."""
        with self._guard:
            ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABRUPTLY)
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def swallow(self) -> None:
        """Let nothing through, in either direction; whoever sends or connects is told nothing."""
        self._requests.clear()
        self._answers.clear()

    def deafen(self, at: bytes = b"") -> None:
        """Let through what is asked, and no answer, once it is asked what holds some bytes."""
        self._deafening = at

    def heal(self) -> None:
        """Let everything through, and what was held up."""
        self._deafening = None
        self._requests.set()
        self._answers.set()

    def close(self) -> None:
        """End it."""
        self._listening.close()
        self.heal()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._lead, args=(near,), daemon=True).start()

    def _lead(self, near: socket.socket) -> None:
        """Lead one connection on to the server, as long as it lasts."""
        with near, socket.socket(socket.AF_UNIX) as far:
            try:
                far.connect(str(self._server))
            except OSError:  # it is down
                return
            ends = [near, far]
            with self._guard:
                self._ends += ends
            asking = threading.Thread(
                target=self._carry, args=(near, far, self._requests), daemon=True
            )
            asking.start()
            self._carry(far, near, self._answers)
            asking.join()
            with self._guard:
                self._ends = [end for end in self._ends if end not in ends]

    def _carry(self, source: socket.socket, to: socket.socket, flowing: threading.Event) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                at = self._deafening
                if flowing is self._requests and at is not None and at in data:
                    self._answers.clear()
                flowing.wait()
                to.sendall(data)
        flowing.wait()
        for end in (source, to):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def network(server: Path) -> Iterator[Network]:
    """A network while the context lasts."""
    with closing(Network(server)) as made:
        yield made
