"""Serving: a socket, and a server of the application on it."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from service.api import application
from service.client import Unanswered
from service.garbage import collect_seldom
from service.ledger import Ledger
from service.log.cosigning import Witness
from service.manners.bounds import USUAL, Bounds
from service.manners.connection import bounded


def listen(host: str, *ports: int) -> socket.socket:
    """A socket that listens on the first of the ports that is free."""
    for port in ports:
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            return socket.create_server((host, port), family=family, backlog=2048)
        except OSError as error:
            why = error.strerror
    raise Unanswered(f"{host}, port {ports[-1]}: {why}")


def address(listening: socket.socket, scheme: str = "http") -> str:
    """The address of a service that listens there."""
    host, port = listening.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


logger = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """A server that ends in good order when it is told to (SIGTERM, SIGINT), within its grace.

    It is not ready at once, takes requests for as long as it may linger, then no more, ends the
    streams of the application and finishes what is under way: it waits for every response that is
    open before the application's own end comes. When the grace is over, or a second signal comes,
    it ends as it is: what was acknowledged is durable, and what was not is recorded whole or not at
    all.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        grace: int = 8,
        linger: float = 0.0,
        begun: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(config)
        self._begun = begun
        self._grace = grace
        self._linger = linger
        self._lingers_until = 0.0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and say so."""
        await super().startup(sockets)
        if self.started:
            self._begun()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_DFL)
        application: Any = self.config.app
        application.state.is_ending = True
        self._lingers_until = time.monotonic() + self._linger
        last = threading.Timer(self._linger + self._grace, self._end_as_it_is)
        last.daemon = True
        last.start()
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Whether it is time to take no more requests."""
        return await super().on_tick(counter) and time.monotonic() >= self._lingers_until

    def _end_as_it_is(self) -> None:
        logger.error("not everything was finished within %d s; ending as it is", self._grace)
        os._exit(1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more requests, end the streams, and finish what is under way."""
        application: Any = self.config.app
        application.state.tail.end()
        await super().shutdown(sockets)


def server(
    ledger: Ledger,
    *,
    grace: int = 8,
    linger: float = 0.0,
    begun: Callable[[], None] = lambda: None,
    open_metrics: bool = False,
    is_public: bool = False,
    tls: tuple[Path, Path] | None = None,
    behind_proxy: bool = False,
    witnesses: Sequence[Witness] = (),
    interval: float = 60.0,
    bounds: Bounds = USUAL,
) -> Server:
    """A server of the application, ready to run; TLS takes a certificate and its key."""
    certificate, key = tls or (None, None)
    config = uvicorn.Config(
        application(
            lambda: ledger,
            is_public=is_public,
            witnesses=witnesses,
            interval=interval,
            bounds=bounds,
            open_metrics=open_metrics,
        ),
        http=bounded(bounds),
        lifespan="on",
        ws="none",
        headers=[("Server", "Curule")],
        log_config=None,  # its loggers go the way of all
        access_log=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        proxy_headers=behind_proxy,
        timeout_graceful_shutdown=grace * 3 // 4,  # the rest is for what the application ends with
    )
    _tune()
    return Server(config, grace=grace, linger=linger, begun=begun)


def _tune() -> None:
    """Collect garbage seldom, and let threads take turns often.

    A thread that has waited for a database has little left to do.
    """
    collect_seldom()
    sys.setswitchinterval(0.0005)
