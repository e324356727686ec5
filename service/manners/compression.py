"""Compression: long answers come as gzip to whoever takes it."""

from __future__ import annotations

from typing import Final

from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

SHORT: Final = 4_096
"""Bytes below which it saves no packet worth the time."""


class Compression(GZipMiddleware):
    """Compresses answers to questions where they are long, and fast rather than small.

    Tiles and bundles of entries are left as they are: they are exact bytes, which caches keep for
    good. An ETag holds for an answer in either form, and is a weak one for that reason.
    """

    def __init__(self, app: ASGIApp) -> None:
        exact = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/octet-stream")
        super().__init__(app, SHORT, compresslevel=4, exclude_content_types=exact)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""
        if scope["type"] == "http" and scope["method"] != "POST":
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)
