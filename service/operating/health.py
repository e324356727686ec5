"""Health: whether the service can do its work, as its stores answer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from service.ledger import Ledger
from service.log.databases import LOG
from service.vault.vault import VAULT

PATIENCE: Final = 2.0
"""Seconds that a check may take."""

KEPT: Final = 1.0
"""Seconds for which what was found holds, however often it is asked for."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, and what was found."""

    name: str
    """What was looked at."""
    ok: bool
    """Whether it is as it should be."""
    figure: float | None
    """What was found; null if nothing."""
    meaning: str
    """What the figure tells."""
    detail: str | None
    """What is wrong, or going on."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether requests should be sent to this process."""

    ready: bool
    """Whether every check is ok, and the process goes on serving."""
    ending: bool
    """Whether the process was told to end."""
    checks: Sequence[Check]
    """What was looked at, a second ago at most."""

    def figure(self, name: str) -> int | None:
        """The figure of a check, if it has one."""
        found = next((each.figure for each in self.checks if each.name == name), None)
        return None if found is None else int(found)


Found = tuple[bool, float | None, str | None]
"""Whether it is ok, its figure, and what is wrong or going on."""


def log_answers(ledger: Ledger) -> Found:
    """The log answers."""
    return True, ledger.log.newest(), None


def log_is_signed(ledger: Ledger) -> Found:
    """Everything recorded is signed, and everything that was signed is there."""
    signed = ledger.log.signed  # asked first: it may grow meanwhile
    newest = ledger.log.newest()
    if newest < signed:
        return False, newest, f"{signed} entries were signed, and the log has lost its end"
    size = ledger.log.checkpoint()[0] if newest else 0
    return size >= newest, size, None if size >= newest else f"{newest} entries are recorded"


def vault_answers(ledger: Ledger) -> Found:
    """The vault answers, and the master key opens it."""
    began = time.perf_counter()
    ledger.vault.expect()
    return True, round((time.perf_counter() - began) * 1_000, 1), None


def views_follow(ledger: Ledger) -> Found:
    """The views follow the log; those that are being built, or have to be, answer nothing."""
    newest = ledger.log.newest()
    is_following = not ledger.follower.must_build(newest)
    followed = ledger.views.followed()
    lag = max(0, newest - (followed[0] if followed else 0))
    if is_following:
        return True, lag, None
    doing = ledger.follower.doing
    return False, lag, f"being built: {doing}" if doing else "to be built"


def schemas_suffice(ledger: Ledger) -> Found:
    """Log and vault are not behind what this release needs; what is newer, it can ignore."""
    found = ((LOG, ledger.log.schema()), (VAULT, ledger.vault.schema()))
    behind = [schema.name for schema, revision in found if revision < schema.newest]
    detail = f"older than this release: {', '.join(behind)}" if behind else None
    return not behind, found[0][1], detail


CHECKS: Final[Mapping[str, tuple[Callable[[Ledger], Found], str]]] = {
    "log": (log_answers, "newest position"),
    "signed": (log_is_signed, "entries under the newest checkpoint"),
    "vault": (vault_answers, "milliseconds until it answered"),
    "schema": (schemas_suffice, "revision of the log"),
    "views": (views_follow, "entries behind the log"),
}
"""What is looked at, and what its figure means."""


class Health:
    """Looks at the stores of a ledger: each by itself, within a bound of time, and seldom."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._checks: Sequence[Check] = ()
        self._looked = -KEPT
        self._turn = asyncio.Lock()
        # Threads of its own: those of the questions may all be busy, and that is no illness.
        self._threads = ThreadPoolExecutor(len(CHECKS), "curule-health")
        self._running: dict[str, asyncio.Future[Found]] = {}

    async def readiness(self, *, is_ending: bool = False) -> Readiness:
        """Whether the service can do its work, and goes on doing it."""
        async with self._turn:
            if time.monotonic() - self._looked >= KEPT:
                self._checks = await asyncio.gather(*map(self._look, CHECKS))
                self._looked = time.monotonic()
        is_ready = not is_ending and all(each.ok for each in self._checks)
        found = Readiness(is_ready, is_ending, self._checks)
        self._ledger.metrics.stands(found.figure("log"), found.figure("views"), is_ready=is_ready)
        return found

    def close(self) -> None:
        """Look no more; what hangs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _look(self, name: str) -> Check:
        ask, meaning = CHECKS[name]
        running = self._running.get(name)
        if running is None or running.done():  # one that hangs is not begun again
            loop = asyncio.get_running_loop()
            running = loop.run_in_executor(self._threads, ask, self._ledger)
            running.add_done_callback(_retrieve)
            self._running[name] = running
        try:
            async with asyncio.timeout(PATIENCE):
                is_ok, figure, detail = await asyncio.shield(running)
            found = Check(name, is_ok, figure, meaning, detail)
        except TimeoutError:
            found = Check(name, False, None, meaning, f"no answer within {PATIENCE:g} s")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not well
            found = Check(name, False, None, meaning, type(error).__name__)
        self._tell(found)
        return found

    def _tell(self, found: Check) -> None:
        """Have it logged if it is not as it was before."""
        before = next((each.ok for each in self._checks if each.name == found.name), True)
        if before and not found.ok:
            logger.warning("not ready: %s: %s", found.name, found.detail)
        elif found.ok and not before:
            logger.info("ready again: %s", found.name)


def _retrieve(done: asyncio.Future[Found]) -> None:
    """Whoever asked may have gone."""
    if not done.cancelled():
        done.exception()
