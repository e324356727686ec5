"""A real server for tests: HTTP on 127.0.0.1, with a ledger of its own."""

import base64
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from domain.access import LOCAL, Principal, Role
from service.access import keys
from service.api import application
from service.ledger import Ledger
from service.manners.bounds import USUAL, Bounds
from service.manners.connection import bounded
from service.serving import Server
from service.settings import Settings

Env = dict[str, str]
"""Settings as a process has them in its environment."""

PATIENCE = 30.0
"""Seconds that a server has to start, and to stop."""


def settings_in(directory: Path, ledger_url: str | None = None, **more: Any) -> Settings:
    """The settings of a ledger in a directory, its log elsewhere if told so."""
    return Settings(
        ledger=ledger_url or f"sqlite:///{directory / 'curule.db'}",
        vault=f"sqlite:///{directory / 'curule-vault.db'}",
        views=directory / "curule-views.db",
        **more,
    )


def made_keys() -> Env:
    """The keys with which a vault is locked and a log signed, where no files are to hold them."""
    keys = ("CURULE_MASTER_KEY", "CURULE_LOG_KEY")
    return {name: base64.b64encode(secrets.token_bytes(32)).decode() for name in keys}


def new_key(settings: Settings, role: Role = "recorder", within: str | None = None) -> str:
    """A key to the ledger of these settings."""
    with closing(Ledger(settings)) as ledger:
        return keys.give(ledger.recorder, "a test", role, within)


def showing(key: str) -> dict[str, str]:
    """The headers of whoever has a key."""
    return {"Authorization": f"Bearer {key}"}


@contextmanager
def serving(
    directory: Path,
    *,
    ledger_url: str | None = None,
    anonymous: Principal | None = LOCAL,
    is_public: bool = False,
    bounds: Bounds = USUAL,
    **more: Any,
) -> Iterator[str]:
    """Serve the ledger in a directory while the context lasts, and give the server's address.

    Whoever shows no key may do everything, unless told otherwise. The log may be elsewhere
    (`ledger_url`), and there may be more settings; served again, the same directory is the same
    ledger.
    """
    settings = settings_in(directory, ledger_url, **more)
    app = application(
        lambda: Ledger(settings), anonymous=anonymous, is_public=is_public, bounds=bounds
    )
    with running(app, bounds) as url:
        yield url


@contextmanager
def running(app: ASGIApp, bounds: Bounds = USUAL) -> Iterator[str]:
    """Run an application while the context lasts, and give the address of its server."""
    config = uvicorn.Config(
        app,
        http=bounded(bounds),
        headers=[("Server", "Curule")],
        log_config=None,
        timeout_graceful_shutdown=5,
        ws="none",
    )
    server = Server(config) if isinstance(app, FastAPI) else uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        running = threading.Thread(
            target=server.run, args=([listening],), name="serving", daemon=True
        )
        running.start()
        try:
            _wait_until_started(server, running)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            running.join(PATIENCE)
            assert not running.is_alive(), "the server does not stop"


def _wait_until_started(server: uvicorn.Server, running: threading.Thread) -> None:
    deadline = time.monotonic() + PATIENCE
    while not server.started:
        assert running.is_alive(), "the server failed to start"
        assert time.monotonic() < deadline, "the server does not start"
        time.sleep(0.01)
