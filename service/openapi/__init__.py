"""The OpenAPI document, completed with what FastAPI does not know.

The docstrings of the domain are the reference: of every act, every field and every answer.
"""

from __future__ import annotations

import re
from typing import Any, Final

from fastapi import FastAPI

from domain.fields import ID_PATTERN
from service import problems
from service.openapi.forms import (
    add_decisions,
    date_instants,
    name_bodies,
    open_texts,
    require_members,
)
from service.openapi.links import link
from service.openapi.written import describe


def complete(app: FastAPI) -> None:
    """Have an app's OpenAPI document complete.

    An operation is called as the function that answers it: so generated clients call theirs. Added
    are the forms of decisions, what is written under the fields of dataclasses, the links from
    lists to what they list, and the form of every problem.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            schemas = document["components"]["schemas"]
            del schemas["HTTPValidationError"], schemas["ValidationError"]
            del schemas["Receipt"]["properties"]["created"]  # the status tells it
            require_members(schemas)
            name_bodies(document)
            open_texts(schemas)
            date_instants(schemas)
            add_decisions(schemas)
            describe(schemas)
            schemas["Problem"] = problems.SCHEMA
            for path, methods in document["paths"].items():
                for method, operation in methods.items():
                    _complete(path, method, operation)
            link(document)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


_PROBLEM: Final = {
    "description": "A problem (RFC 9457).",
    "headers": {
        "Retry-After": {
            "description": "After how many seconds it may be tried again, where that may help.",
            "schema": {"type": "integer", "minimum": 0},
        }
    },
    "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}

_MATCHED: Final = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of an answer that is known: it is not sent again (304).",
    "schema": {"type": "string"},
}


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Say what an operation is asked with and may answer, beside what its function says."""
    added = re.sub(r"\W", "_", f"{path}_{method}")  # by FastAPI, to the function's name
    operation["operationId"] = operation["operationId"].removesuffix(added)
    responses = operation["responses"]
    responses.pop("422", None)
    responses["default"] = _PROBLEM
    for response in responses.values():
        content = response.get("content", {})
        if "application/json" in content:  # first: generated clients read the first that they can
            response["content"] = content = {"application/json": None, **content}
        for media in content.values():
            media["schema"].pop("title", None)
    parameters = operation.get("parameters", [])
    for parameter in parameters:
        schema = parameter["schema"]
        if parameter["in"] == "path" and path.startswith("/v1/"):
            _identify(parameter)
        elif {"type": "null"} in schema.get("anyOf", ()):  # no address has a null
            (only,) = (each for each in schema.pop("anyOf") if each != {"type": "null"})
            schema |= only
    if "304" in responses:
        operation["parameters"] = [*parameters, _MATCHED]


def _identify(parameter: dict[str, Any]) -> None:
    """What is no id is the id of nothing: it is answered with 404."""
    of = re.sub("_id$", "", parameter["name"])
    parameter["description"] = f"The id of the {of}."
    parameter["schema"] |= {"pattern": ID_PATTERN, "maxLength": 64, "examples": [f"a-{of}"]}
