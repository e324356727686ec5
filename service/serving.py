"""Serving: a socket, and a server of the application on it."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn

from service.api import application
from service.client import Unanswered
from service.cosigning import Witness
from service.garbage import collect_seldom
from service.ledger import Ledger
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


class Server(uvicorn.Server):
    """A server that ends the streams of the application when it stops.

    It waits for every response that is open before the application's own end comes.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more requests, end the streams, and finish what is under way."""
        application: Any = self.config.app
        application.state.tail.end()
        await super().shutdown(sockets)


def server(
    ledger: Ledger,
    *,
    access_log: bool = False,
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
        ),
        http=bounded(bounds),
        lifespan="on",
        ws="none",
        headers=[("Server", "Curule")],
        log_level="warning",
        access_log=access_log,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        proxy_headers=behind_proxy,
        timeout_graceful_shutdown=8,
    )
    if access_log:
        logging.getLogger("uvicorn.access").addFilter(_without_query)
        logging.getLogger("uvicorn.access").setLevel(logging.INFO)
    _tune()
    return Server(config)


def _without_query(record: logging.LogRecord) -> bool:
    """Have a request logged without its parameters: who is looked for is looked for by name."""
    match record.args:
        case (client, method, str(path), *rest):
            record.args = (client, method, path.partition("?")[0], *rest)
    return True


def _tune() -> None:
    """Collect garbage seldom, and let threads take turns often.

    A thread that has waited for a database has little left to do.
    """
    collect_seldom()
    sys.setswitchinterval(0.0005)
