"""What is written under the fields of the classes that clients see."""

from __future__ import annotations

import ast
import inspect
import sys
from itertools import pairwise
from typing import Any, Final

_TOLD: Final = (
    "domain.acts.",
    "domain.answers.",
    "domain.decisions",
    "domain.recording",
    "service.access.",
    "service.asking.",
    "service.vault.erasing",
    "service.operating.health",
    "service.recording.posting",
    "service.asking.questions",
    "service.recording.recorder",
)
"""Modules whose classes clients see."""


def describe(schemas: dict[str, Any]) -> None:
    """Say of each member of each schema what is written under its field."""
    written = _written()
    for name, schema in schemas.items():
        fields = written.get(name) or written.get(name.removesuffix("Told"), {})
        for field, described in schema["properties"].items():
            if field in fields:
                described.setdefault("description", fields[field])


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
