"""The transparency log: what others need to verify that nothing was altered or left out.

The forms are those of C2SP: tlog-tiles, tlog-checkpoint, tlog-proof; and for the growth of the log
the request by which a witness is asked for its signature.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from domain.transparency.notes import LINES
from domain.transparency.tiles import read_tile_path
from service.access.doorkeeper import needs
from service.log.publication import Publication
from service.manners.parameters import NO_PARAMETERS
from service.problems import NOT_FOUND, Problem

router = APIRouter(tags=["log"])

TEXT: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"
FOR_EVER: Final = "max-age=31536000, immutable"
"""How long what never changes may be kept."""
BRIEFLY: Final = "max-age=1"
"""How long what the next commit replaces, or a witness adds to, may be kept."""

_LEVEL: Final = re.compile(r"[0-9]|[1-5][0-9]|6[0-3]")
_LEVELS: Final = "0: of the leaves; 1: of each 256 of those; and so on"
_TILE: Final = "The number in groups of three digits, as `x001/x234/067`; a part of it: `067.p/42`"


class CheckpointQuery(BaseModel):
    """Which checkpoint."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    cosignatures: int = Field(0, ge=0, le=LINES, examples=[0])
    """The newest that at least so many witnesses have cosigned; default: the newest of all."""


class InclusionQuery(BaseModel):
    """Which entry, and in which tree."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    index: int = Field(ge=0, examples=[0])
    """The number of the leaf: one less than the entry's position."""
    size: int | None = Field(None, ge=1, examples=[2])
    """The size of a checkpoint; default: the newest."""


class ConsistencyQuery(BaseModel):
    """From which tree to which."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    old: int = Field(ge=0, examples=[1])
    """The size of the older tree, as in a checkpoint kept from then."""
    new: int | None = Field(None, ge=0, examples=[2])
    """The size of the newer checkpoint; default: the newest."""


def _texts(description: str) -> dict[int | str, dict[str, object]]:
    return {
        200: {"description": description, "content": {"text/plain": {"schema": {"type": "string"}}}}
    }


def _octets(description: str) -> dict[int | str, dict[str, object]]:
    schema = {"type": "string", "format": "binary"}
    return {200: {"description": description, "content": {BYTES: {"schema": schema}}}}


@router.get(
    "/log/checkpoint",
    summary="The newest checkpoint",
    response_class=Response,
    responses=_texts("The size and root of the log's tree, as a signed note."),
)
def ask_checkpoint(request: Request, query: Annotated[CheckpointQuery, Query()]) -> Response:
    """What the log states of itself now: C2SP tlog-checkpoint. Each commit signs one.

    Below the log's signature are those of witnesses, as far as they have cosigned it by now.
    """
    return _response(_published(request).checkpoint(query.cosignatures), TEXT, BRIEFLY)


@router.get(
    "/log/key",
    summary="The verifier key",
    dependencies=[NO_PARAMETERS],
    response_class=Response,
    responses=_texts("The key that verifies the log's signatures, as C2SP signed-note has it."),
)
def ask_log_key(request: Request) -> Response:
    """Who trusts the log keeps this key, obtained otherwise than from the log alone."""
    return _response(_published(request).verifier_key() + "\n", TEXT, BRIEFLY)


@router.get(
    "/log/tile/entries/{number:path}",
    summary="A bundle of entries",
    dependencies=[needs("ask"), NO_PARAMETERS],
    response_class=Response,
    responses=_octets("Up to 256 entries, each after its length in two bytes."),
)
def ask_entry_bundle(
    request: Request, number: Annotated[str, Path(description=_TILE, examples=["000.p/1"])]
) -> Response:
    """The exact bytes that are the leaves of the tree: C2SP tlog-tiles."""
    at, wide = _tile(request, number)
    return _response(_published(request).entries(at, wide), BYTES, FOR_EVER)


@router.get(
    "/log/tile/{level}/{number:path}",
    summary="A tile of the tree",
    dependencies=[NO_PARAMETERS],
    response_class=Response,
    responses=_octets("Up to 256 hashes of 32 bytes."),
)
def ask_tile(
    request: Request,
    level: Annotated[str, Path(description=_LEVELS, examples=["0"])],
    number: Annotated[str, Path(description=_TILE, examples=["000.p/1"])],
) -> Response:
    """Hashes of the tree: C2SP tlog-tiles."""
    if not _LEVEL.fullmatch(level):
        raise Problem(NOT_FOUND, f"{request.url.path}: there is no level {level!r:.20}")
    at, wide = _tile(request, number)
    return _response(_published(request).tile(int(level), at, wide), BYTES, FOR_EVER)


@router.get(
    "/log/proof/inclusion",
    summary="That an entry is in the log",
    response_class=Response,
    responses=_texts("A C2SP tlog-proof: index, hashes, and the signed checkpoint."),
)
def ask_inclusion_proof(request: Request, query: Annotated[InclusionQuery, Query()]) -> Response:
    """The proof of an entry against the checkpoint of a size, or else the newest."""
    return _response(_published(request).inclusion(query.index, query.size), TEXT, BRIEFLY)


@router.get(
    "/log/proof/consistency",
    summary="That the log only grew",
    response_class=Response,
    responses=_texts("A C2SP add-checkpoint request: old size, hashes, and the signed checkpoint."),
)
def ask_consistency_proof(
    request: Request, query: Annotated[ConsistencyQuery, Query()]
) -> Response:
    """The proof that the log of a size begins the log of a later checkpoint.

    It has the form in which a witness takes it.
    """
    return _response(_published(request).extension(query.old, query.new), TEXT, BRIEFLY)


def _published(request: Request) -> Publication:
    published: Publication = request.app.state.ledger.published
    return published


def _tile(request: Request, number: str) -> tuple[int, int]:
    try:
        return read_tile_path(number)
    except ValueError:
        raise Problem(NOT_FOUND, f"{request.url.path} is the address of no tile") from None


def _response(content: str | bytes, media_type: str, kept: str) -> Response:
    return Response(content, media_type=media_type, headers={"Cache-Control": kept})
