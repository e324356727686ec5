"""Explaining: the OpenAPI document, and a page made of it, without scripts or other hosts."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from service.explaining.page import page
from service.manners.parameters import NO_PARAMETERS

router = APIRouter(include_in_schema=False, dependencies=[NO_PARAMETERS])

POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
"""What a browser may load for the page: its own stylesheet."""
KEPT: Final = "max-age=300"
"""How long what a new release replaces may be kept."""


@router.get("/openapi.json")
def document(request: Request) -> Response:
    """The OpenAPI document."""
    text = json.dumps(request.app.openapi(), ensure_ascii=False)
    return Response(text, media_type="application/json", headers={"Cache-Control": KEPT})


@router.get("/docs")
def explained(request: Request) -> Response:
    """The page."""
    state = request.app.state
    if not hasattr(state, "page"):
        state.page = page(request.app.openapi())
    headers = {"Cache-Control": KEPT, "Content-Security-Policy": POLICY}
    return Response(state.page, media_type="text/html", headers=headers)


@router.get("/docs/style.css")
def style() -> Response:
    """Its stylesheet."""
    text = files("service.explaining").joinpath("style.css").read_text(encoding="utf-8")
    return Response(text, media_type="text/css", headers={"Cache-Control": KEPT})
