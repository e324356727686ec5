"""Rates: how many requests one client may send in a time."""

from __future__ import annotations

import time
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Final

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.access import Principal
from service.manners.heads import heading
from service.problems import RATE, problem

UNCOUNTED: Final = ("/livez", "/readyz", "/metrics", "/log/tile/")
"""What is asked by machines of one's own; and tiles, which never change and are many."""


class Rates:
    """Counts the requests of each client, and refuses those that are too many for its window.

    A client is who has given a key, or else an address (of IPv6: a network of 64 bits). Each
    process of the service counts for itself.
    """

    def __init__(self, app: ASGIApp, rate: RateLimitItem) -> None:
        self._app = app
        self._rate = rate
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        policy = f'"default";q={rate.amount};w={rate.get_expiry()}'
        self._policy = (b"ratelimit-policy", policy.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if it is one of those allowed, and tell how many are left."""
        if scope["type"] != "http" or scope["path"].startswith(UNCOUNTED):
            await self._app(scope, receive, send)
            return
        client = _client(scope)
        is_allowed = self._limiter.hit(self._rate, client)
        ends, left = self._limiter.get_window_stats(self._rate, client)
        seconds = max(1, ceil(ends - time.time()))
        count = (b"ratelimit", b'"default";r=%d;t=%d' % (left, seconds))

        def begin(head: Message) -> None:
            head["headers"] = [*head.get("headers", ()), self._policy, count]

        told = heading(send, begin)
        if is_allowed:
            await self._app(scope, receive, told)
            return
        detail = f"{self._rate} and no more: come back in {seconds} s."
        await problem(RATE, detail, {"Retry-After": str(seconds)})(scope, receive, told)


def _client(scope: Scope) -> str:
    principal: Principal | None = scope.get("state", {}).get("principal")
    if principal is not None and principal.is_key:
        return f"principal {principal.id}"
    host = (scope.get("client") or ("nobody", 0))[0]
    try:
        address = ip_address(host)
    except ValueError:  # a socket of this machine
        return f"address {host}"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if isinstance(address, IPv6Address):
        return f"address {ip_network((address, 64), strict=False)}"
    return f"address {address}"
