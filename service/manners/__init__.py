"""Manners: what surrounds every request, whatever it asks for."""

from __future__ import annotations

from starlette.middleware import Middleware

from service.access.doorkeeper import NoStrangers
from service.manners.answers import Answers
from service.manners.bounds import Bounds
from service.manners.compression import Compression
from service.manners.origins import Origins
from service.manners.rates import Rates
from service.manners.requests import Requests


def outer(bounds: Bounds) -> list[Middleware]:
    """What comes before it is known who asks; the first is outermost."""
    origins = [Middleware(Origins, bounds.origins)] if bounds.origins else []
    return [Middleware(Answers), *origins, Middleware(Compression)]


def inner(bounds: Bounds) -> list[Middleware]:
    """What comes after it."""
    rates = [Middleware(Rates, bounds.rate)] if bounds.rate else []
    return [*rates, Middleware(NoStrangers), Middleware(Requests, bounds)]
