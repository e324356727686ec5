"""The page: what the OpenAPI document says, and the problems, for people to read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from domain.fields import ID_PATTERN
from service.asking.pages import PageQuery
from service.asking.questions import BasisQuery
from service.problems import KINDS, TYPES

Schema = Mapping[str, Any]

CLOCKS: Final = frozenset(BasisQuery.model_fields)
"""Parameters that nearly every question has."""
PAGES: Final = frozenset(PageQuery.model_fields) - CLOCKS
"""Parameters that every list has."""

LARGEST: Final = 2**53 - 1
"""The largest integer that JSON carries everywhere; that one is no larger goes without saying."""

_REFERENCE: Final = "#/components/schemas/"
_CODE: Final = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a member of an object: its form, and what it means."""

    name: str
    form: Markup
    is_required: bool
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of an operation."""

    status: str
    text: str
    form: Markup


@dataclass(frozen=True, slots=True)
class Operation:
    """What can be asked or done at a path."""

    method: str
    path: str
    summary: str
    text: str
    fields: Sequence[Field]
    has_clocks: bool
    has_pages: bool
    body: Markup | None
    example: str | None
    answers: Sequence[Answer]

    @property
    def anchor(self) -> str:
        """Where it stands on the page."""
        return re.sub(r"[^a-z0-9]+", "-", f"{self.method} {self.path}".lower()).strip("-")


@dataclass(frozen=True, slots=True)
class Object:
    """An act, or another object: its fields, and an example."""

    name: str
    text: str
    fields: Sequence[Field]
    example: str | None = None


def page(document: Mapping[str, Any]) -> str:
    """The page of an OpenAPI document."""
    schemas = document["components"]["schemas"]
    kinds = schemas["Decision"]["properties"]["acts"]["items"]["discriminator"]["mapping"]
    acts = {name: _named(reference) for name, reference in kinds.items()}
    others = sorted(schemas.keys() - set(acts.values()))
    tags = _tagged(document)
    common = {each.name: each for some in tags.values() for one in some for each in one.fields}
    template = _environment().get_template("page.html")
    return template.render(
        info=document["info"],
        tags=tags,
        clocks=[common[name] for name in BasisQuery.model_fields],
        pages=[common[name] for name in PageQuery.model_fields if name in PAGES],
        common=CLOCKS | PAGES,
        acts=[_object(name, schemas[acts[name]], schemas) for name in acts],
        objects=[_object(name, schemas[name]) for name in others],
        kinds=KINDS,
        prefix=TYPES,
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("service.explaining", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["prose"] = prose
    return environment


def prose(text: str) -> Markup:
    """Text with its `code` and its paragraphs."""
    paragraphs = (" ".join(each.split()) for each in text.split("\n\n"))
    shown = (_CODE.sub(r"<code>\1</code>", str(escape(each))) for each in paragraphs if each)
    return Markup("</p>\n<p>".join(shown))  # noqa: S704  (escaped above)


def _tagged(document: Mapping[str, Any]) -> dict[str, list[Operation]]:
    tags: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            tag = told.get("tags", ["other"])[0]
            tags.setdefault(tag, []).append(_operation(method, path, told))
    return tags


def _operation(method: str, path: str, told: Mapping[str, Any]) -> Operation:
    fields = [
        Field(
            each["name"],
            sent(each["schema"]),
            each.get("required", False),
            each.get("description") or each["schema"].get("description", ""),
        )
        for each in told.get("parameters", ())
    ]
    names = {each.name for each in fields}
    body, example = _body(told.get("requestBody", {}).get("content", {}))
    return Operation(
        method=method.upper(),
        path=path,
        summary=told.get("summary", ""),
        text=told.get("description", ""),
        fields=fields,
        has_clocks=names >= CLOCKS,
        has_pages=names >= PAGES,
        body=body,
        example=example,
        answers=list(_answers(told["responses"])),
    )


def _body(content: Mapping[str, Any]) -> tuple[Markup | None, str | None]:
    """The form of what is sent, of the first of its media types, and an example."""
    if not content:
        return None, None
    media_type, told = next(iter(content.items()))
    examples = [_json(each["value"]) for each in told.get("examples", {}).values()]
    body = Markup("<code>{}</code>, {}").format(media_type, form(told["schema"]))
    return body, next(iter(examples), None)


def _answers(responses: Mapping[str, Any]) -> Iterator[Answer]:
    for status, told in sorted(responses.items()):
        for media_type, content in told.get("content", {}).items():
            if status != "default":
                schema = content.get("schema")
                shown = form(schema) if schema else Markup("<code>{}</code>").format(media_type)
                yield Answer(status, told.get("description", ""), shown)


def _object(name: str, schema: Schema, schemas: Mapping[str, Schema] | None = None) -> Object:
    members, needed = schema.get("properties", {}), set(schema.get("required", ()))
    of = form if schemas is None else sent
    if needed == set(members):  # as in every answer: it goes without saying
        needed = set()
    fields = [
        Field(each, of(told), each in needed, told.get("description", ""))
        for each, told in members.items()
    ]
    text = schema.get("description", "")
    if schemas is None:
        return Object(name, text, fields)
    return Object(name, text, fields, _json(_example(schema, schemas)))


def sent(schema: Schema) -> Markup:
    """The form of a value that is sent: there, null is the same as nothing."""
    forms = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    return form({**schema, "anyOf": forms} if forms else schema)


def form(schema: Schema) -> Markup:
    """The form of a value, with links to the objects in it."""
    if "$ref" in schema:
        name = _named(schema["$ref"])
        return Markup('<a href="#{0}">{0}</a>').format(name)
    for several in ("anyOf", "oneOf"):
        if several in schema:
            if "discriminator" in schema:
                return Markup('an <a href="#acts">act</a>')
            forms = dict.fromkeys(form(each) for each in schema[several])
            return Markup(" or ").join(forms)
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return Markup(" or ").join(Markup("<code>{}</code>").format(_json(each)) for each in values)
    if schema.get("type") == "array":
        return Markup("list of {}").format(form(schema.get("items", {})))
    told = schema.get("format") or schema.get("type") or "anything"
    if schema.get("pattern") == ID_PATTERN:
        told = "id"
    return Markup("{}{}").format({"edtf": "date"}.get(told, told), _span(schema))


def _span(schema: Schema) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most not in (None, LARGEST):
        return f" {least} to {most}"
    return f", at least {least}" if least is not None else ""


def _example(schema: Schema, schemas: Mapping[str, Schema]) -> Any:
    """A value of a form: of an object, with what it needs and what is shown by an example."""
    if "$ref" in schema:
        return _example(schemas[_named(schema["$ref"])], schemas)
    if "const" in schema:
        return schema["const"]
    for shown in ("examples", "enum", "anyOf", "oneOf"):
        if schema.get(shown):
            first = schema[shown][0]
            return first if shown in ("examples", "enum") else _example(first, schemas)
    match schema.get("type"):
        case "object":
            needed = schema.get("required", ())
            members = schema.get("properties", {})
            return {name: _example(members[name], schemas) for name in members if name in needed}
        case "array":
            return [_example(schema["items"], schemas)]
        case "boolean":
            return True
        case "integer":
            return schema.get("minimum", 1)
    return "…"


def _named(reference: str) -> str:
    return reference.removeprefix(_REFERENCE)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2 if isinstance(value, dict) else None)
