"""Decisions a second over HTTP, against a bare FastAPI route that takes the same body.

Each server is a process of its own on loopback; the clients are one other process with keep-alive
connections. Each decision admits one registered person to a body: it is validated, judged, sealed,
hashed and synced to disk before it is acknowledged. The bare route parses the body and answers.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import Body, FastAPI

from tests.postgres import postgres_server

ROOT = Path(__file__).resolve().parent.parent
PERSONS = 1_000  # registered by one decision
PATIENCE = 60.0  # seconds for a server to start

bare = FastAPI(openapi_url=None)


class Served(NamedTuple):
    """A server on loopback, and the key that it takes."""

    port: int
    key: str


@bare.post("/v1/decisions", status_code=201)
async def take(decision: dict[str, object] = Body()) -> dict[str, object]:  # noqa: B008
    """The ceiling: the body is parsed, and a short answer given."""
    return {"acts": len(decision)}


@bare.get("/livez")
async def livez() -> dict[str, str]:
    """Whether the process is alive."""
    return {"status": "alive"}


def main() -> None:
    """Measure every server in rounds, and print decisions a second and their ratio to the bare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="a round of one server")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", default="1,8,32", help="connections at once")
    arguments = parser.parse_args()
    clients = [int(each) for each in arguments.clients.split(",")]
    with ExitStack() as stack:
        databases = stack.enter_context(postgres_server())
        servers = {
            "bare route": stack.enter_context(_bare()),
            "Curule, SQLite": stack.enter_context(curule(None)),
            "Curule, PostgreSQL": stack.enter_context(curule(databases())),
        }
        registered = dict.fromkeys(servers, 0)
        print("decisions a second over HTTP (median of rounds; p99 in ms); ratio to the bare route")
        for count in clients:
            rates: dict[str, list[float]] = {name: [] for name in servers}
            tails: dict[str, list[float]] = {name: [] for name in servers}
            for _ in range(arguments.rounds):
                for name, served in servers.items():
                    if name != "bare route":
                        wanted = int(arguments.seconds * 4_000)
                        register(served, registered[name], wanted)
                    rate, tail = load(served, count, arguments.seconds, registered[name])
                    registered[name] += int(arguments.seconds * 4_000)
                    rates[name].append(rate)
                    tails[name].append(tail)
            ceiling = statistics.median(rates["bare route"])
            for name in servers:
                rate = statistics.median(rates[name])
                print(
                    f"{count:3} clients  {name:20} {rate:7.0f}/s  p99 {max(tails[name]):6.1f} ms"
                    f"  {rate / ceiling:5.2f}",
                    flush=True,
                )


@contextmanager
def _bare() -> Iterator[Served]:
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", "--no-access-log", "--log-level", "warning"]
    with _server([*command, "--port", str(port), "bench.decisions:bare"], port, {}):
        yield Served(port, "")


@contextmanager
def curule(ledger: str | None, folder: Path | None = None) -> Iterator[Served]:
    """Serve a ledger with a council, its log at an address or else in SQLite.

    Vault and views are in a folder, or else new.
    """
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="curule-bench-") as made:
        name = folder or made
        settings = {
            "CURULE_LEDGER": ledger or f"sqlite:///{name}/log.db",
            "CURULE_VAULT": f"sqlite:///{name}/vault.db",
            "CURULE_VIEWS": f"{name}/views.db",
        }
        command = [sys.executable, "-m", "service"]
        key = subprocess.run(
            [*command, "keys", "create", "bench", "--role", "recorder"],
            cwd=ROOT,
            env={**os.environ, **settings},
            check=True,
            capture_output=True,
            text=True,
        )
        served = Served(port, key.stdout.strip())
        with _server([*command, "serve", "--port", str(port)], port, settings):
            established = {
                "type": "body.established",
                "effective": "2020-01-01",
                "body": "council",
                "name": "Council",
                "classification": "organ",
            }
            _post(served, {"acts": [established]})
            yield served


@contextmanager
def _server(command: list[str], port: int, settings: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings})
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def register(served: Served, first: int, count: int) -> None:
    """Register persons, many a decision: they are admitted one by one later.

    Then wait for the views, so that they are not built beside what is measured.
    """
    for start in range(first, first + count, PERSONS):
        acts = [
            {
                "type": "person.registered",
                "effective": "2020-01-01",
                "person": f"p{number}",
                "name": f"Person {number}",
            }
            for number in range(start, min(start + PERSONS, first + count))
        ]
        _post(served, {"acts": acts})
    while not _answers(served):
        time.sleep(0.5)


def _answers(served: Served) -> bool:
    """Whether the views have followed the log; asked, they begin to."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{served.port}/v1/bodies/council",
        headers={"Authorization": f"Bearer {served.key}"},
    )
    try:
        urllib.request.urlopen(request, timeout=PATIENCE).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
            raise
        return False
    return True


def _post(served: Served, decision: object) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{served.port}/v1/decisions",
        data=json.dumps(decision).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {served.key}"},
    )
    urllib.request.urlopen(request, timeout=PATIENCE).close()  # noqa: S310


def load(
    served: Served, clients: int, seconds: float, first: int, *, newcomers: bool = False
) -> tuple[float, float]:
    """Run the clients in a process of their own; answers a second, and p99 in milliseconds."""
    command = [sys.executable, "-m", "bench.decisions_load", str(served.port), str(clients)]
    command += [str(seconds), str(first), *(["newcomers"] if newcomers else [])]
    rate, tail = measured(command, served)
    return rate, tail


def measured(command: Sequence[str], served: Served) -> Any:
    """What clients of a server print as JSON."""
    environment = {**os.environ, "CURULE_KEY": served.key}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
