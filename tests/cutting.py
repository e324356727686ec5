"""A proxy in front of PostgreSQL that cuts a connection once something was sent through it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import make_url

PATIENCE = 30.0


class Proxy:
    """Passes on all that is said, until it is told to cut.

    `cut_after` is what a client says; the connection is cut when the database has it. If it
    `awaits`, it is cut when the database has answered, which the client is not told.
    """

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []
        self.cut_after: bytes | None = None
        self.awaits = True
        self.cuts = 0
        self._start(self._accept)

    @property
    def port(self) -> int:
        port: int = self._listening.getsockname()[1]
        return port

    def close(self) -> None:
        self._ending.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _start(self, run: object, *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._ending.is_set():
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            database = socket.socket(socket.AF_UNIX)
            database.connect(self._upstream)
            silenced = threading.Event()
            self._start(self._from_client, client, database, silenced)
            self._start(self._from_database, client, database, silenced)

    def _from_client(
        self, client: socket.socket, database: socket.socket, silenced: threading.Event
    ) -> None:
        with suppress(OSError):
            while data := client.recv(65_536):
                is_last = self.cut_after is not None and self.cut_after in data
                if is_last:
                    self.cut_after = None
                    self.cuts += 1
                    silenced.set()
                database.sendall(data)
                if is_last and not self.awaits:
                    self._end(client)
        self._end(database)

    def _from_database(
        self, client: socket.socket, database: socket.socket, silenced: threading.Event
    ) -> None:
        with suppress(OSError):
            while data := database.recv(65_536):
                if silenced.is_set():
                    break
                client.sendall(data)
        self._end(client)

    def _end(self, connection: socket.socket) -> None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()


@contextmanager
def cutting(url: str) -> Iterator[tuple[str, Proxy]]:
    """The address of a database by way of a proxy, and the proxy."""
    address = make_url(url)
    proxy = Proxy(f"{address.query['host']}/.s.PGSQL.5432")
    try:
        through = f"postgresql+psycopg://postgres@127.0.0.1:{proxy.port}/{address.database}"
        yield through, proxy
    finally:
        proxy.close()
