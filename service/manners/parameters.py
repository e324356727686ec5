"""Parameters: a path that has none takes none."""

from __future__ import annotations

from typing import Final

from fastapi import Depends, Request

from service.problems import PARAMETER, Problem


async def _none(request: Request) -> None:
    """Refuse every parameter of a request; what has some refuses the others by itself."""
    if wrong := list(request.query_params):
        message = "there is no such parameter"
        detail = "; ".join(f"{name}: {message}" for name in wrong)
        errors = [{"parameter": name, "message": message} for name in wrong]
        raise Problem(PARAMETER, detail, errors=errors)


NO_PARAMETERS: Final = Depends(_none)
