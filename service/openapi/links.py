"""Links: what an answer gives to ask on with."""

from __future__ import annotations

import re
from typing import Any, Final

_ONE: Final = re.compile(r"(?P<list>/v1/(?P<of>[a-z]+))/\{(?P<id>[a-z_]+)\}(/[a-z]+)?")
"""The path of something that is listed, or of what is told of it."""


def link(document: dict[str, Any]) -> None:
    """Link each list to the questions about what it lists, and what is recorded to its place."""
    paths = document["paths"]
    for path, methods in paths.items():
        one = _ONE.fullmatch(path)
        if one is None or one["list"] not in paths:
            continue
        first = f"$response.body#/{one['of']}/0/id"
        for operation in methods.values():
            _add(paths[one["list"]]["get"], "200", operation, {one["id"]: first})
    record = paths["/v1/decisions"]["post"]
    ask = paths["/v1/decisions/{decision}"]["get"]
    _add(record, "201", ask, {"decision": "$response.body#/decision"})
    for path in ("/v1/structure", "/v1/entries"):
        at = {"position": "$response.header.Ledger-Position"}
        _add(record, "201", paths[path]["get"], at)


def _add(
    answered: dict[str, Any], status: str, operation: dict[str, Any], given: dict[str, str]
) -> None:
    links = answered["responses"][status].setdefault("links", {})
    links[operation["operationId"]] = {
        "operationId": operation["operationId"],
        "description": operation["summary"],
        "parameters": given,
    }
