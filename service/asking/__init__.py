"""Asking: every question has a path, and every answer a basis."""

from fastapi import APIRouter

from service.asking import (
    changes,
    charter,
    decisions,
    elections,
    history,
    meetings,
    people,
    structure,
)

router = APIRouter()
for each in (structure, changes, people, history, elections, meetings, charter, decisions):
    router.include_router(each.router)
