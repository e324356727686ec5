"""Asking: every question has a path, and every answer a basis."""

from fastapi import APIRouter

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
for each in (structure, changes, people, history, elections, meetings, charter, decisions, log):
    router.include_router(each.router)
