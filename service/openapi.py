"""The OpenAPI document, completed with what FastAPI does not know.

The docstrings of the domain are the reference: of every act, every field and every answer.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from itertools import pairwise
from types import ModuleType
from typing import Any

from fastapi import FastAPI

from domain import acts as a
from domain import answers, decisions, recording
from domain.acts import act
from service import posting, problems, questions, recorder
from service.asking import charter, elections, meetings, people, structure
from service.asking import decisions as record
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


def _modules() -> Iterator[ModuleType]:
    """The modules whose classes clients see, bases before what builds on them."""
    yield act
    yield from (sys.modules[module] for module in {each.__module__ for each in a.ACTS.values()})
    yield from (decisions, answers, recording, questions, recorder, posting)
    yield from (structure, people, elections, meetings, charter, record)


def _written() -> dict[str, dict[str, str]]:
    """What is written under each field of each class that clients see, bases included."""
    written: dict[str, dict[str, str]] = {}
    for module in _modules():
        for each in ast.parse(inspect.getsource(module)).body:
            if isinstance(each, ast.ClassDef):
                own: dict[str, str] = {}
                written[each.name] = written[
                    f"{module.__name__}.{each.name}".replace(".", "__")
                ] = own
                for base in each.bases:
                    own |= written.get(base.id, {}) if isinstance(base, ast.Name) else {}
                for pair in pairwise(each.body):
                    match pair:
                        case (
                            ast.AnnAssign(target=ast.Name(id=field)),
                            ast.Expr(value=ast.Constant(value=str(text))),
                        ):
                            own[field] = inspect.cleandoc(text)
    return written
