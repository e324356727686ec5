"""Pages of lists: how many items, where to go on, and the basis that they all share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, Final, TypeVar

from fastapi import Request
from fastapi.responses import Response
from pydantic import Field

from domain.dates import iso
from projections.basis import Basis
from service.asking.questions import BasisQuery, address, answer, answers, texts_for
from service.content import plain, with_texts

_AT: Final = "at:"
"""Tells a cursor from what is none."""
_POSITION: Final = r"^[0-9]{1,18}$"
PAGE: Final = 100
"""Items on a page unless told otherwise."""

Item = TypeVar("Item")


class PageQuery(BasisQuery):
    """Which page of a list, and at which basis."""

    cursor: str | None = Field(None, pattern=f"^{_AT}.")
    """Where to go on, from the `next` link of the page before."""
    limit: int = Field(PAGE, ge=1, le=500)
    """How many items on a page."""

    @property
    def place(self) -> str:
        """What the page comes after, by what its list is ordered by: nothing, the first one."""
        return (self.cursor or "").removeprefix(_AT)


class RecordQuery(PageQuery):
    """Which page of a list in the order of the log."""

    cursor: str | None = Field(None, pattern=_POSITION)
    """Where to go on, from the `next` link of the page before."""

    @property
    def after(self) -> int:
        """The position after which the page begins."""
        return int(self.cursor or 0)


class SearchQuery(PageQuery):
    """Which of those that bear a name."""

    q: str | None = Field(None, min_length=1, max_length=200)
    """Only those with such a name: any spelling, each word a beginning, accents left aside."""


LINK: Final = {
    "description": 'The next page, as `<…>; rel="next"` (RFC 8288); absent on the last one.',
    "schema": {"type": "string"},
}


def lists(model: Any) -> dict[int | str, dict[str, Any]]:
    """The responses of a question that is answered page by page, for the OpenAPI document."""
    return answers(model, Link=LINK)


def identity(item: Any) -> str:
    """The id by which most lists are ordered."""
    return str(item.id)


def paged(
    request: Request,
    basis: Basis,
    query: PageQuery,
    name: str,
    items: Iterable[Item],
    key: Callable[[Item], str] | None = identity,
    beside: Mapping[str, Any] | None = None,
) -> Response:
    """A page of items, which come in the order of their keys, from the cursor on.

    Without a key, items go by their place in the list, which is for ever the same at one basis.
    What is given beside them stands on every page.
    """
    keyed = (
        (key(item) if key is not None else f"{place:09}", item)
        for place, item in enumerate(items, 1)
    )
    rest = (each for each in keyed if each[0] > query.place)
    found = list(islice(rest, query.limit + 1))
    page = found[: query.limit]
    following = f"{_AT}{page[-1][0]}" if len(found) > len(page) else None
    links = linked(request, query, basis, following)
    told = {**(beside or {}), name: [item for _, item in page]}
    content = {each: plain(value) for each, value in told.items()}
    return answer(request, basis, with_texts(content, texts_for(request)), query, links=links)


def linked(request: Request, query: PageQuery, basis: Basis, following: str | None) -> str | None:
    """The links of a page, pinned to the basis of this one.

    A cursor is what the last item of a page is ordered by, so that it stays good for as long as
    the ledger does; clients take it from the link.
    """
    given = query.model_dump(
        exclude={"recorded_at", "position", "min_position", "effective_at", "cursor"},
        exclude_none=True,
        by_alias=True,
        mode="json",
    )
    pinned = {**given, "effective_at": iso(basis.effective_at), "position": basis.position}
    return links(request, pinned, following, is_first=query.cursor is None)


def links(
    request: Request, asked: Mapping[str, Any], following: object, *, is_first: bool
) -> str | None:
    """The links to the first page of what is asked, and to the one from a cursor on (RFC 8288)."""
    pages = {} if is_first else {"first": asked}
    if following is not None:
        pages["next"] = {**asked, "cursor": following}
    return ", ".join(f'<{address(request, at)}>; rel="{rel}"' for rel, at in pages.items()) or None
