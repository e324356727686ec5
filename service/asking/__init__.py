"""Asking: every question has a path, and every answer a basis."""

from fastapi import APIRouter

from service.access.doorkeeper import needs
from service.asking import (
    changes,
    charter,
    decisions,
    elections,
    history,
    log,
    meetings,
    people,
    structure,
)

router = APIRouter()
for each in (structure, changes, elections, meetings, charter):
    router.include_router(each.router, dependencies=[needs("look")])
for each in (people, history, decisions):
    router.include_router(each.router, dependencies=[needs("ask")])
router.include_router(log.router)
