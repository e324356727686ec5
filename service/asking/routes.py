"""Asking: every question has a path, and every answer a basis."""

from fastapi import APIRouter

from service.access.doorkeeper import needs
from service.asking import (
    changes,
    charter,
    decisions,
    elections,
    entries,
    history,
    log,
    meetings,
    people,
    stream,
    structure,
)

router = APIRouter()
for each in (structure, changes, elections, meetings, charter):
    router.include_router(each.router, dependencies=[needs("look")])
for each in (people, history, decisions, stream, entries):  # the stream is none of the entries
    router.include_router(each.router, dependencies=[needs("ask")])
router.include_router(log.router)
