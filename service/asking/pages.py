"""Pages of lists: how many items, where to go on, and the basis that they all share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response
from pydantic import Field

from domain.dates import iso
from projections.basis import Basis
from service.content import plain, with_texts
from service.ledger import Ledger
from service.problems import PARAMETER, Problem
from service.questions import BasisQuery, answer, texts_for

PAGE: Final = 100
"""Items on a page unless told otherwise."""

Item = TypeVar("Item")


class PageQuery(BasisQuery):
    """Which page of a list, and at which basis."""

    cursor: str | None = None
    """Where to go on, from the `next` link of the page before."""
    limit: int = Field(PAGE, ge=1, le=500)
    """How many items on a page."""


class SearchQuery(PageQuery):
    """Which of those that bear a name."""

    q: str | None = Field(None, min_length=1, max_length=200)
    """Only those with such a name: any spelling, each word a beginning, accents left aside."""


def identity(item: Any) -> str:
    """The id by which most lists are ordered."""
    return str(item.id)


def paged(
    request: Request,
    ledger: Ledger,
    basis: Basis,
    query: PageQuery,
    name: str,
    items: Iterable[Item],
    key: Callable[[Item], str] = identity,
    shown: Callable[[Item], Any] = lambda item: item,
) -> Response:
    """A page of items, which come in the order of their keys, from the cursor on."""
    after = query.cursor or ""
    rest = (item for item in items if key(item) > after)
    found = list(islice(rest, query.limit + 1))
    page = found[: query.limit]
    links = following(request, query, basis, key(page[-1])) if len(found) > len(page) else None
    content = with_texts([plain(shown(item)) for item in page], texts_for(request))
    return answer(request, basis, {name: content}, query, links=links)


def following(request: Request, query: PageQuery, basis: Basis, cursor: str) -> str:
    """The link to the next page (RFC 8288), pinned to the basis of this one."""
    given = query.model_dump(
        exclude={"recorded_at", "position", "min_position", "effective_at", "cursor"},
        exclude_none=True,
        by_alias=True,
        mode="json",
    )
    at = {"effective_at": iso(basis.effective_at), "position": basis.position}
    pinned = {**given, **at, "cursor": cursor}
    return f'<{request.url.path}?{urlencode(pinned)}>; rel="next"'


def position_of(cursor: str | None) -> int:
    """The position after which a page of what is ordered by positions begins."""
    if cursor is None:
        return 0
    if not re.fullmatch("[0-9]{1,18}", cursor):
        raise Problem(PARAMETER, f"cursor: {cursor!r} is none of ours")
    return int(cursor)
