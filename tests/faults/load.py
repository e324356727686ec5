"""Clients under load: each records one decision after another, sent until it is answered."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from service.verifying import Trusted
from service.verifying.ledger import verify_ledger
from tests.serving import Env, new_key, showing
from tests.test_two_services import (
    GRANT,
    PATIENCE,
    ROOT,
    all_entries,
    check_log,
    founding,
    settings_of,
    stop,
)
from tests.test_two_services import address as said_by

CLIENTS = 8
ANSWERED = 10.0
"""Seconds in which a service answers, whatever happens to it or its databases."""

NOWHERE = "http://127.0.0.1:9"


def client(key: str, url: str = "") -> httpx.Client:
    """A client that waits for no answer longer than that."""
    shown = showing(key)
    return httpx.Client(base_url=url, headers=shown, trust_env=False, timeout=ANSWERED)


@contextmanager
def serving(
    stores: Env, directory: Path, name: str = "service", *, program: str = "service"
) -> Iterator[subprocess.Popen[str]]:
    """A service in a process of its own, or something in its place, just started."""
    inherited = {name: value for name, value in os.environ.items() if "CURULE" not in name}
    with (directory / f"{name}.log").open("a") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", program, "serve", "--port", "0"],
            cwd=ROOT,
            env={**inherited, **stores, "CURULE_VIEWS": str(directory / f"{name}-views.db")},
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
        )
    try:
        yield process
    finally:
        stop(process)


def address(process: subprocess.Popen[str]) -> str:
    """Where a service is to be found, once it says so."""
    return said_by(process)


def load_of(stores: Env, directory: Path) -> Load:
    """Clients with a key to a ledger."""
    return Load(new_key(settings_of(stores, directory)))


@dataclass
class Load:
    """What eight clients send, and what they are answered."""

    key: str
    """The key that they show."""
    name: str = "client"
    """What their decisions begin with."""
    url: str = ""
    """Where the service is now; empty: nowhere."""
    acknowledged: list[dict[str, Any]] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    """How often each answer came: a status, a type of problem, or an error of the network."""
    _ending: threading.Event = field(default_factory=threading.Event)
    _given_up: bool = False
    _failed: list[BaseException] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Have them record while the context lasts, or until they are to settle."""
        self._threads = [
            threading.Thread(target=self._record, args=(number,), name=f"client-{number}")
            for number in range(CLIENTS)
        ]
        self._threads.append(threading.Thread(target=self._ask, name="reader"))
        for thread in self._threads:
            thread.start()
        try:
            yield
        except BaseException:
            self._given_up = True
            self._ending.set()
            raise
        self.settle()

    def settle(self) -> None:
        """Have each of them bring to its end what it has begun, and see that all went well."""
        self._ending.set()
        for thread in self._threads:
            thread.join(5 * PATIENCE)
            assert not thread.is_alive(), f"it never settles: {self.answers}"
        assert not self._failed, self._failed

    def reach(self, acknowledged: int) -> None:
        """Wait until so many more are acknowledged."""
        wanted, deadline = len(self.acknowledged) + acknowledged, time.monotonic() + 4 * PATIENCE
        while len(self.acknowledged) < wanted:
            assert not self._failed, self._failed
            assert time.monotonic() < deadline, f"nothing goes on: {self.answers}"
            time.sleep(0.01)

    def _record(self, number: int) -> None:
        turn = 0
        try:
            with client(self.key) as asked:
                while not self._ending.is_set():
                    turn += 1
                    decision = founding(f"{self.name}-{number}-{turn}")
                    self.acknowledged.append(self._settled(asked, decision))
        except BaseException as error:  # noqa: BLE001 (the test raises it)
            self._failed.append(error)

    def _ask(self) -> None:
        """Ask what the structure is, time and again."""
        try:
            with client(self.key) as asked:
                while not self._ending.wait(0.2):
                    try:
                        answer = asked.get(f"{self.url or NOWHERE}/v1/bodies", params={"limit": 5})
                    except httpx.TimeoutException:
                        raise
                    except httpx.TransportError:
                        continue
                    assert answer.status_code in (200, 503), answer.text
                    self.answers[f"asked: {answer.status_code}"] += 1
        except BaseException as error:  # noqa: BLE001 (the test raises it)
            self._failed.append(error)

    def _settled(self, asked: httpx.Client, decision: dict[str, Any]) -> dict[str, Any]:
        """Send a decision again and again, and return its receipt."""
        deadline = time.monotonic() + 4 * PATIENCE
        while time.monotonic() < deadline and not self._given_up:
            try:
                answer = asked.post(f"{self.url or NOWHERE}/v1/decisions", json=decision)
            except httpx.TimeoutException:
                raise  # it has no answer within the time
            except httpx.TransportError as error:
                self.answers[type(error).__name__] += 1
                time.sleep(0.02)
                continue
            if answer.status_code in (200, 201):
                self.answers[str(answer.status_code)] += 1
                receipt: dict[str, Any] = answer.json()
                return receipt
            assert answer.status_code == 503, answer.text  # above all, no conflict
            assert answer.headers["Retry-After"], answer.text
            self.answers[answer.json()["type"]] += 1
            time.sleep(0.05)
        raise AssertionError(f"{decision['id']} never settles: {self.answers}")

    def check(self, url: str) -> None:
        """The log has what was acknowledged, each once, and nothing else."""
        with client(self.key, url) as asked:
            entries = all_entries(asked)
        check_log(entries, self.acknowledged)
        assert len(entries) == GRANT + 5 * len(self.acknowledged)


def verify(stores: Env, directory: Path, name: str = "service") -> None:
    """The ledger is whole: its log, the texts in the vault, the views."""
    settings = settings_of(stores, directory)
    settings.views = directory / f"{name}-views.db"
    verdict = verify_ledger(settings, Trusted(), lambda *_: None, log_only=False)
    assert not verdict.faults
    assert not verdict.left
