"""Origins: of whose pages a browser lets the answers be read (CORS)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from service.problems import ORIGIN, problem

_ASKED: Final = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
)
_TOLD: Final = (
    "Content-Location",
    "ETag",
    "Ledger-Position",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
)


class Origins(CORSMiddleware):
    """Lets pages of some origins ask and record; what they may not is a problem document."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=("GET", "HEAD", "POST"),
            allow_headers=_ASKED,
            expose_headers=_TOLD,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Whether a page may send what its browser asks for."""
        response = super().preflight_response(request_headers)
        if response.status_code == 200:
            return Response(status_code=204, headers=_without_length(response))
        told = bytes(response.body).decode()
        return problem(ORIGIN, f"{told}.", _without_length(response))


def _without_length(response: Response) -> dict[str, str]:
    own = ("content-length", "content-type")
    return {name: value for name, value in response.headers.items() if name not in own}
