"""The stream of entries: the log followed as it grows, by server-sent events."""

from __future__ import annotations

from contextlib import aclosing
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Receive, Scope, Send

from service.asking.entries import WORD
from service.following.tail import Tail
from service.following.wanted import Wanted
from service.ledger import Ledger
from service.problems import FUTURE, Problem

router = APIRouter(tags=["entries"])

Word = Annotated[str, Field(pattern=WORD)]


class StreamQuery(BaseModel):
    """Which entries, from where on, and in which form."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    after: str = Field("0", pattern="^([0-9]{1,18}|newest)$", examples=["42"])
    """Begin after this position, or with what is recorded from now on; default: at the beginning.

    `Last-Event-ID`, if it is sent, takes its place.
    """
    type: list[Word] = Field([], max_length=100, examples=[["election.held"]])
    """Only entries of these types."""
    tag: str | None = Field(None, pattern=WORD, examples=["body:coordination-committee"])
    """Only entries with this tag, as `person:…`, `body:…`, `post:…`, `decision:…`."""
    form: Literal["entry", "cloudevent"] = "entry"
    """Each as it was hashed, or as a CloudEvent."""


class Stream(StreamingResponse):
    """A stream of bytes that are events already, whose end is noticed at once, however it comes."""

    media_type = "text/event-stream"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what there is, until it ends or the client has gone."""
        async with aclosing(self.body_iterator):  # type: ignore[type-var]
            await super().__call__(scope, receive, send)


@router.get(
    "/v1/entries/stream",
    summary="Follow the log",
    response_class=Stream,
    responses={
        200: {
            "description": "Server-sent events, one an entry: `id` is its position, `event` its"
            " type, `data` the entry in one line.",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'event: body.renamed\ndata: {"act":{…},…}\nid: 43\n\n',
                }
            },
        }
    },
)
async def follow(
    request: Request,
    query: Annotated[StreamQuery, Query()],
    last_event_id: Annotated[
        int | None,
        Header(ge=0, le=10**18, description="The last position seen: the stream goes on after it."),
    ] = None,
) -> Response:
    """Every entry once and in order, those there are and then each as it is recorded, for ever.

    The data of an event is the entry to the byte, as it was hashed: personal texts are
    commitments. An event with an `id` and no data tells only how far the log was looked
    through, and comments that the stream lives. When the stream ends, come back: `EventSource`
    does by itself, with `Last-Event-ID`. It ends with the key that was shown, too, and when nothing
    of it is taken for a while. Filters stay as they are in the address.
    """
    ledger: Ledger = request.app.state.ledger
    tail: Tail = request.app.state.tail
    newest = await run_in_threadpool(ledger.log.newest)
    after = newest if query.after == "newest" else int(query.after)
    if last_event_id is not None:
        after = last_event_id
    if after > newest:
        raise Problem(FUTURE, f"position {after} is not recorded yet; the newest is {newest}")
    wanted = Wanted(
        types=frozenset(query.type),
        tag=query.tag,
        origin=ledger.origin if query.form == "cloudevent" else None,
    )
    return Stream(
        tail.follow(after, wanted, request.state.principal),
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )
