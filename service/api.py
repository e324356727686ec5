"""The door: the service as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from fastapi import FastAPI
from starlette.middleware import Middleware

from domain.access import Principal
from service import explaining, manners, openapi, problems
from service.access import granting
from service.access.doorkeeper import Doorkeeper
from service.asking import routes as asking
from service.following.tail import Tail
from service.ledger import Ledger
from service.log.cosigning import Cosigning, Watch, Witness
from service.manners.bounds import USUAL, Bounds
from service.operating import routes as operating
from service.operating.health import Health
from service.operating.requests import Observed
from service.recording import posting
from service.recording.writer import Writer
from service.release import release
from service.vault import erasing

PARTS: Final = (posting, erasing, granting, asking, explaining, operating)
"""What the service answers."""

logger = logging.getLogger(__name__)

LULL: Final = 0.2
"""Seconds from one look at what others record to the next; and without recording after which the
views follow, so as not to slow it down."""

TROUBLED: Final = 5.0
"""Seconds until it is tried again when it failed."""

SWEEPING: Final = 3_600.0
"""Seconds from one sweep of the vault to the next."""


def application(
    open_ledger: Callable[[], Ledger],
    *,
    anonymous: Principal | None = None,
    is_public: bool = False,
    witnesses: Sequence[Witness] = (),
    interval: float = 60.0,
    bounds: Bounds = USUAL,
    open_metrics: bool = False,
) -> FastAPI:
    """The service as an ASGI application, over a ledger that it opens and closes, within bounds.

    Whoever shows no key is `anonymous`, if given; else the doorkeeper decides.

    It has witnesses, if any, cosign what is new, at an interval in seconds. Its metrics may be open
    to whoever asks.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with contextlib.closing(open_ledger()) as ledger:
            writer = Writer(ledger.recorder, is_local=ledger.is_local)
            app.state.ledger, app.state.writer = ledger, writer
            app.state.health = health = Health(ledger)
            app.state.tail = tail = Tail(ledger.log, ledger.keys)
            ending = asyncio.Event()
            attending = asyncio.create_task(_attend(ledger, ending))
            keeping = asyncio.create_task(_keep(ledger, writer, ending))
            watch = Watch(Cosigning(ledger.log, ledger.published), witnesses, interval)
            watching = asyncio.create_task(watch.run()) if witnesses else None
            try:
                yield
            finally:
                ending.set()
                health.close()
                await tail.close()
                if watching is not None:
                    watching.cancel()
                    await asyncio.wait([watching])
                await asyncio.gather(attending, keeping)
                await writer.close()

    app = FastAPI(
        title="Curule",
        summary="A governance ledger: who decided what, and what the structure was on any day.",
        version=release(),
        lifespan=lifespan,
        openapi_url=None,  # explained by a page of our own, and told by a route that asks nobody
        docs_url=None,
        redirect_slashes=False,  # an address is as it is written, and no Host leads elsewhere
        redoc_url=None,
        routes=[each for part in PARTS for each in part.router.routes],
        middleware=[
            Middleware(Observed),
            *manners.outer(bounds),
            Middleware(Doorkeeper, anonymous=anonymous, is_public=is_public),
            *manners.inner(bounds),
        ],
    )
    app.state.bounds = bounds
    app.state.open_metrics, app.state.is_ending = open_metrics, False
    problems.install(app)
    openapi.complete(app)
    return app


class _Ending(Exception):
    """The service ends, and what takes long with it."""


async def _attend(ledger: Ledger, ending: asyncio.Event) -> None:
    """Heed what others record, whatever else takes long: a key that they revoke ends here, too."""
    await _repeat(ledger.attend, ending, "what others record cannot be heeded; trying again")


async def _keep(ledger: Ledger, writer: Writer, ending: asyncio.Event) -> None:
    """Bring the views nearer to the log while nobody records; a question does the rest.

    Build them if they must be. And sweep the texts of what was never recorded from the vault, at
    the start and every hour.
    """
    swept, begun = -SWEEPING, ""

    def told(stage: str, done: int, of: int) -> None:
        nonlocal begun
        if ending.is_set():
            raise _Ending
        if stage != begun:
            begun = stage
            logger.info("building the views: %s", stage)

    def keep() -> None:
        nonlocal swept
        ledger.keep(told, is_idle=writer.idle_for > LULL)
        if time.monotonic() - swept > SWEEPING:
            swept = time.monotonic()
            ledger.sweep()

    await _repeat(keep, ending, "the ledger cannot be kept in order; trying again")


async def _repeat(do: Callable[[], None], ending: asyncio.Event, complaint: str) -> None:
    """Do something in each lull, and a last time at the end."""
    pause = LULL
    while not ending.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), pause)
        pause = LULL
        try:
            await asyncio.to_thread(do)  # questions, which may be many, have threads of their own
        except _Ending:
            return
        except Exception:
            pause = TROUBLED  # so as not to fill a disk with the same complaint
            logger.exception("%s", complaint)
