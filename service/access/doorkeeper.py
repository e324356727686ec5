"""The doorkeeper: finds out who comes, before anything is done with what they want.

Every route says which power it needs; who has it not is refused. A key that is shown must be good,
also where none is needed.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.access import ANYBODY, NOBODY, POWERS, PUBLIC, STRANGER, Power, Principal
from service import problems
from service.loopback import is_loopback
from service.problems import FORBIDDEN, UNAUTHENTICATED, Problem

if TYPE_CHECKING:
    from service.ledger import Ledger

CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="curule"'}
"""How to show a key."""

REFUSED: Final = {"WWW-Authenticate": 'Bearer realm="curule", error="invalid_token"'}
"""The same to whoever showed one that is none."""

_HOST: Final = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]]+))(?::[0-9]+)?")


class Doorkeeper:
    """Middleware that tells who a request is from, as `request.state.principal`.

    Without a key that is `anonymous`, if given; else anybody while there are no keys, and then
    nobody, or the public if the service is open to it.
    """

    def __init__(
        self, app: ASGIApp, *, anonymous: Principal | None = None, is_public: bool = False
    ) -> None:
        self._app = app
        self._anonymous = anonymous
        self._is_public = is_public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find out who comes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ledger: Ledger = scope["app"].state.ledger
        shown = [value for name, value in scope["headers"] if name == b"authorization"]
        try:
            principal = await self._principal(ledger, shown, Headers(scope=scope).get("host", ""))
        except SQLAlchemyError as error:  # nobody within handles it
            await problems.unanswered(error, records=False)(scope, receive, send)
            return
        if principal.is_key:
            ledger.uses.note(principal.id)
        scope.setdefault("state", {})["principal"] = principal
        await self._app(scope, receive, send)

    async def _principal(self, ledger: Ledger, shown: Collection[bytes], host: str) -> Principal:
        if shown:
            (scheme, _, text), *more = [each.decode("latin-1").partition(" ") for each in shown]
            if more or scheme.lower() != "bearer":
                return STRANGER
            key = text.strip()
            if ledger.keys.lacks(key):  # others are served meanwhile
                await run_in_threadpool(ledger.keys.catch_up)
            return ledger.keys.principal(key) or STRANGER
        if self._anonymous is not None:
            return self._anonymous
        if self._is_public:
            return PUBLIC
        # A page's own name may lead here, and then its script could read what it asks for.
        named = _HOST.fullmatch(host)
        is_ours = named is not None and is_loopback(named[1] or named[2])
        return ANYBODY if is_ours and not ledger.keys.are_given else NOBODY


class NoStrangers:
    """Middleware that refuses whoever shows a key that is none: once their requests are counted."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse the key that it shows."""
        if scope["type"] == "http" and scope["state"]["principal"] is STRANGER:
            detail = "The key in `Authorization: Bearer …` is none, or no longer works."
            await problems.problem(UNAUTHENTICATED, detail, REFUSED)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class Needs(SecurityBase):
    """What a route needs: one of some powers, of whoever asks. Its document says that it does."""

    def __init__(self, powers: Collection[Power]) -> None:
        self.powers = powers
        self.scheme_name = "key"
        self.model = HTTPBearer(description="A key, as `curule keys create` prints it.")

    async def __call__(self, request: Request) -> None:
        """Refuse those who do not have it.

        Raises:
            Problem: 401 to whoever shows no key, 403 to whoever shows another one.
        """
        principal: Principal = request.state.principal
        if any(map(principal.may, self.powers)):
            return
        if principal.is_key:
            roles = [role for role in POWERS if not POWERS[role].isdisjoint(self.powers)]
            raise Problem(
                FORBIDDEN, f"This takes another key than this one, of role: {', '.join(roles)}."
            )
        if principal is ANYBODY:
            detail = (
                "This ledger has no keys yet, so nobody can be known, and only questions are "
                "answered. Make a key on its machine: curule keys create NAME --role ROLE"
            )
        elif request.app.state.ledger.keys.are_given:
            detail = "Show a key: `Authorization: Bearer …`."
        else:
            detail = (
                "This ledger has no keys yet, so only who asks for it by a name of loopback, as "
                "127.0.0.1 or localhost, is answered. Make a key on its machine: curule keys "
                "create NAME --role ROLE"
            )
        raise Problem(UNAUTHENTICATED, detail, headers=CHALLENGE)


def needs(*powers: Power) -> Any:
    """The dependency of a route that needs one of some powers."""
    return Depends(Needs(powers))
