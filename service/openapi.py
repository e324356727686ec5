"""The OpenAPI document, completed with what FastAPI does not know.

The docstrings of the domain are the reference: of every act, every field and every answer.
"""

from __future__ import annotations

import ast
import inspect
import sys
from itertools import pairwise
from typing import Any, Final

from fastapi import FastAPI

from service import problems
from service.posting import DECISION


def complete(app: FastAPI) -> None:
    """Have an app's OpenAPI document complete.

    Added is the schema of decisions, what is written under the fields of dataclasses, and the form
    of every problem.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            schemas = document["components"]["schemas"]
            decision = DECISION.json_schema(ref_template="#/components/schemas/{model}")
            schemas |= {**decision.pop("$defs"), "Decision": decision}
            del schemas["Receipt"]["properties"]["created"]  # the status tells it
            schemas["DecisionAnswer"]["properties"]["decision"] = {  # built once is enough
                "$ref": "#/components/schemas/Decision"
            }
            written = _written()
            for name, schema in schemas.items():
                for field, described in schema["properties"].items():
                    if field in written.get(name, ()):
                        described.setdefault("description", written[name][field])
            schemas["Problem"] = problems.SCHEMA
            for operations in document["paths"].values():
                for operation in operations.values():
                    operation["responses"].pop("422", None)
                    operation["responses"]["default"] = _PROBLEM
            del schemas["HTTPValidationError"], schemas["ValidationError"]
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


_PROBLEM = {
    "description": "A problem (RFC 9457).",
    "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


_TOLD: Final = (
    "domain.acts.",
    "domain.answers.",
    "domain.decisions",
    "domain.recording",
    "service.access.",
    "service.asking.",
    "service.erasing",
    "service.posting",
    "service.questions",
    "service.recorder",
)
"""Modules whose classes clients see."""


def _written() -> dict[str, dict[str, str]]:
    """What is written under each field of each class that clients see, by each of its names."""
    own: dict[type, dict[str, str]] = {}
    for module in (sys.modules[name] for name in list(sys.modules) if name.startswith(_TOLD)):
        for each in ast.parse(inspect.getsource(module)).body:
            if isinstance(each, ast.ClassDef):
                own[getattr(module, each.name)] = _under(each)
    written = {}
    for told in own:
        lines = [own.get(base, {}) for base in reversed(told.__mro__)]
        fields = {field: text for line in lines for field, text in line.items()}
        full = f"{told.__module__}.{told.__name__}".replace(".", "__")
        written[told.__name__] = written[full] = fields
    return written


def _under(told: ast.ClassDef) -> dict[str, str]:
    """What is written under each field of one class."""
    found = {}
    for pair in pairwise(told.body):
        match pair:
            case (
                ast.AnnAssign(target=ast.Name(id=field)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[field] = inspect.cleandoc(text)
    return found
