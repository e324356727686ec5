"""What the OpenAPI document promises of answers, held against real ones."""

from __future__ import annotations

import copy
import re
from typing import Any

import httpx
from openapi_schema_validator import OAS31Validator


class Promises:
    """The forms that a document promises; an answer that has a member more breaks them, too."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._schemas = copy.deepcopy(document["components"]["schemas"])
        for schema in self._schemas.values():
            if "properties" in schema and schema["title"] != "Problem":
                schema["additionalProperties"] = False

    def broken_by(self, response: httpx.Response) -> list[str]:
        """What of an answer was not promised: its status, its headers, its members."""
        template, operation = self._asked(response.request)
        told = operation["responses"].get(str(response.status_code))
        told = operation["responses"]["default"] if told is None else told
        headers = [
            f"{template}: no {name}"
            for name, header in told.get("headers", {}).items()
            if header.get("required") and name not in response.headers
        ]
        media = response.headers.get("content-type", "").partition(";")[0]
        if media not in told.get("content", {}):
            return [*headers, f"{template}: {response.status_code} with {media!r}"]
        schema = {**told["content"][media]["schema"], "components": {"schemas": self._schemas}}
        members = [
            f"{template}: {'/'.join(map(str, each.absolute_path))}: {each.message:.300}"
            for each in OAS31Validator(schema).iter_errors(response.json())
        ]
        return headers + members

    def _asked(self, request: httpx.Request) -> tuple[str, dict[str, Any]]:
        """The path that a request fits, the one with the fewest parameters first."""
        paths = sorted(self.document["paths"], key=lambda path: path.count("{"))
        for path in paths:
            if re.fullmatch(re.sub(r"\{[a-z_]+\}", "[^/]+", path), request.url.path):
                return path, self.document["paths"][path][request.method.lower()]
        raise LookupError(f"the document has no {request.url.path}")
