"""What those ask who run the service: is it alive, is it ready, what has it done."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from domain.access import ANYBODY
from service.access.doorkeeper import Needs
from service.ledger import Ledger
from service.manners.parameters import NO_PARAMETERS
from service.operating.health import Health, Readiness

router = APIRouter(tags=["operations"])


class Measuring(Needs):
    """What it needs to read the metrics: nothing where they are open, or while nobody has a key."""

    async def __call__(self, request: Request) -> None:
        """Refuse those who may not.

        Raises:
            Problem: 401 to whoever shows no key, 403 to whoever shows another one.
        """
        is_open: bool = request.app.state.open_metrics
        if not (is_open or request.state.principal is ANYBODY):
            await super().__call__(request)


MEASURING: Final = Depends(Measuring(("review", "grant")))


@router.get("/livez", summary="Whether the process is alive", dependencies=[NO_PARAMETERS])
async def livez() -> dict[str, str]:
    """Whether the process is alive."""
    return {"status": "alive"}


@router.get(
    "/readyz",
    dependencies=[NO_PARAMETERS],
    summary="Whether the service is ready",
    responses={
        200: {"model": Readiness, "description": "It is."},
        503: {"model": Readiness, "description": "It is not, or no longer."},
    },
)
async def readyz(request: Request) -> Response:
    """Whether requests should be sent to this process: log, vault and views answer."""
    found = await _readiness(request)
    return JSONResponse(
        asdict(found),
        status_code=200 if found.ready else 503,
        headers={"Cache-Control": "no-store"},
    )


async def _readiness(request: Request) -> Readiness:
    health: Health = request.app.state.health
    return await health.readiness(is_ending=request.app.state.is_ending)


@router.get(
    "/metrics",
    summary="What the service has done",
    dependencies=[MEASURING, NO_PARAMETERS],
    responses={
        200: {
            "content": {"text/plain": {"schema": {"type": "string"}}},
            "description": "Every metric, in Prometheus's text format.",
        }
    },
    response_class=Response,
)
async def metrics(request: Request) -> Response:
    """Figures for Prometheus, without personal data: docs/operations.md tells of each."""
    ledger: Ledger = request.app.state.ledger
    await _readiness(request)
    return Response(
        ledger.metrics.text(),
        media_type=CONTENT_TYPE_PLAIN_0_0_4,
        headers={"Cache-Control": "no-store"},
    )
