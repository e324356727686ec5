"""The forms of decisions: as they are sent, and as they are told, where texts may be gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pydantic import TypeAdapter

from domain.acts import SERVICE_ACTS
from domain.fields import PERSONAL
from service.recording.posting import DECISION

Schemas = dict[str, Any]
"""The schemas of a document, by name."""

SCHEMAS: Final = "#/components/schemas/"
"""Where they stand in it."""

_TEXT: Final = (
    {"type": "string"},
    {"$ref": f"{SCHEMAS}Erased"},
    {"$ref": f"{SCHEMAS}Withheld"},
    {"type": "null"},
)
"""A personal text in an answer: opened, or erased, or withheld, or missing."""

_POSTED: Final = {
    ("DecisionAnswer", "decision"): "DecisionTold",
    ("CauseInFull", "vote"): "Vote",
    ("CauseInFull", "sources"): "SourceTold",
    ("Rule", "applies_to"): "Scope",
    ("Rule", "parameters"): "Parameters",
    ("RuleAnswer", "applies_to"): "Scope",
    ("RuleAnswer", "parameters"): "Parameters",
}
"""Members of answers that are told as they were posted, and in which form."""


def require_members(schemas: Schemas) -> None:
    """Say of answers that every member is told, if only as null."""
    for schema in schemas.values():
        schema["required"] = list(schema["properties"])


def name_bodies(document: dict[str, Any]) -> None:
    """Put the forms of what is sent among the schemas, so that they have names."""
    for methods in document["paths"].values():
        for operation in methods.values():
            for media in operation.get("requestBody", {}).get("content", {}).values():
                form = media["schema"]
                if "title" in form:
                    document["components"]["schemas"][form["title"]] = form
                    media["schema"] = {"$ref": f"{SCHEMAS}{form['title']}"}


def open_texts(schemas: Schemas) -> None:
    """Leave out the commitments, which are opened before anything is answered."""
    commitment = {"type": "object", "additionalProperties": {"type": "string"}}
    for node in _nodes(schemas):
        if commitment in node.get("anyOf", ()):
            node["anyOf"].remove(commitment)


def date_instants(schemas: Schemas) -> None:
    """Say of every `recorded_at` that it is an instant, so that it can be asked with again."""
    for schema in schemas.values():
        told = schema["properties"].get("recorded_at", {})
        for each in (told, *told.get("anyOf", ())):
            if each.get("type") == "string":
                each["format"] = "date-time"


def add_decisions(schemas: Schemas) -> None:
    """Add decisions and all that is in one, as they are sent; and what of it is told otherwise."""
    posted: Schemas = {}
    forms: list[TypeAdapter[Any]] = [DECISION, *(TypeAdapter(act) for act in SERVICE_ACTS.values())]
    for form in forms:
        schema = form.json_schema(ref_template=f"{SCHEMAS}{{model}}")
        posted |= schema.pop("$defs", {})
        posted[schema["title"]] = schema
    speaking = _speaking(posted)
    schemas |= posted
    for name in speaking:
        schemas[f"{name}Told"] = _told(posted[name], speaking) | {"title": f"{name}Told"}
    acts = schemas["DecisionTold"]["properties"]["acts"]["items"]
    for type_, act in SERVICE_ACTS.items():
        suffix = "Told" if act.__name__ in speaking else ""
        acts["discriminator"]["mapping"][type_] = f"{SCHEMAS}{act.__name__}{suffix}"
        acts["oneOf"].append({"$ref": f"{SCHEMAS}{act.__name__}{suffix}"})
    for (answer, member), name in _POSTED.items():
        told = schemas[answer]["properties"][member]
        schemas[answer]["properties"][member] = _formed(told, {"$ref": f"{SCHEMAS}{name}"})


def _speaking(schemas: Schemas) -> set[str]:
    """The names of those in which a personal text may stand, at whatever depth."""
    found: set[str] = set()
    while more := {
        name
        for name in schemas.keys() - found
        if any(PERSONAL in node or _named(node) in found for node in _nodes(schemas[name]))
    }:
        found |= more
    return found


def _told(node: Any, speaking: set[str]) -> Any:
    """A schema of what is sent, as one of what is told."""
    if isinstance(node, str) and _named({"$ref": node}) in speaking:
        return f"{node}Told"
    if isinstance(node, list):
        return [_told(each, speaking) for each in node]
    if not isinstance(node, dict):
        return node
    if PERSONAL in node:
        kept = {name: node[name] for name in ("title", "description") if name in node}
        return {"anyOf": list(_TEXT), **kept}
    if any(PERSONAL in each for each in node.get("anyOf", ())):
        return {**node, "anyOf": list(_TEXT)}
    return {name: _told(each, speaking) for name, each in node.items()}


def _formed(node: Any, form: Any) -> Any:
    """A schema with a form in place of objects of any form."""
    match node:
        case {"type": "object", "additionalProperties": True}:
            return {**form, **{each: node[each] for each in ("description",) if each in node}}
        case {"anyOf": list(several)}:
            return {**node, "anyOf": [_formed(each, form) for each in several]}
        case {"items": items}:
            return {**node, "items": _formed(items, form)}
    return node


def _named(node: dict[str, Any]) -> str:
    """The name of the schema that a node refers to, if any."""
    return str(node.get("$ref", "")).removeprefix(SCHEMAS)


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in a schema, the outer before the inner."""
    if isinstance(node, dict):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _nodes(each)
