"""Handlers: whatever fails in an application is answered by a problem document."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as Crowded
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from projections.views import TookTooLong, ViewsBehind
from service.log.publication import NotPublished
from service.log.signing import LogRewound
from service.problems.documents import Problem, problem, problem_of
from service.problems.kinds import (
    BEHIND,
    HTTP,
    KEY_RUNNING,
    METHOD,
    NOT_FOUND,
    PARAMETER,
    TOOK_TOO_LONG,
)
from service.problems.unrecorded import unanswered
from service.recording.writer import KeyRunning, OutOfTime
from service.vault.master import VaultLocked


def install(app: FastAPI) -> None:
    """Make every error of an app a problem document."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, error: Problem) -> Response:
        return problem_of(error)

    @app.exception_handler(ViewsBehind)
    async def _behind(_: Request, behind: ViewsBehind) -> Response:
        detail = f"The views do not answer yet: {behind}. Ask again."
        return problem(BEHIND, detail)

    @app.exception_handler(TookTooLong)
    async def _interrupted(_: Request, __: TookTooLong) -> Response:
        return problem(TOOK_TOO_LONG, "The question was interrupted. Ask for less, or later.")

    @app.exception_handler(LogRewound)
    @app.exception_handler(VaultLocked)
    async def _closed(_: Request, failure: Exception) -> Response:
        return unanswered(failure, records=True)

    @app.exception_handler(KeyRunning)
    async def _running(_: Request, running: KeyRunning) -> Response:
        detail = "Send it again once that one is answered: then you get the same answer."
        return problem(KEY_RUNNING, detail, {"Retry-After": "1"})

    @app.exception_handler(NotPublished)
    async def _unpublished(_: Request, missing: NotPublished) -> Response:
        return problem(NOT_FOUND, str(missing))

    @app.exception_handler(RequestValidationError)
    async def _parameters(_: Request, error: RequestValidationError) -> Response:
        errors = [
            {
                "parameter": str(each["loc"][-1]),
                "message": str(each["msg"]).removeprefix("Value error, "),
            }
            for each in error.errors()
        ]
        detail = "; ".join(f"{each['parameter']}: {each['message']}" for each in errors)
        return problem(PARAMETER, detail, errors=errors)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        other = HTTP._replace(status=error.status_code)
        kind = {404: NOT_FOUND, 405: METHOD}.get(error.status_code, other)
        detail = f"{request.method} {request.url.path}: {error.detail}"
        headers = {**(error.headers or {})}
        if error.status_code == 405:
            told = headers.get("Allow", "")  # the document may have to be made: that takes long
            headers["Allow"] = await run_in_threadpool(_allowed, app, request.url.path, told)
        return problem(kind, detail, headers)

    @app.exception_handler(DBAPIError)
    @app.exception_handler(Crowded)
    @app.exception_handler(OutOfTime)
    async def _database(request: Request, error: Exception) -> Response:
        return unanswered(error, records=request.method == "POST")


def _allowed(app: FastAPI, path: str, of_the_route: str) -> str:
    """The methods of a path: each route knows its own alone, and HEAD goes with GET."""
    methods = {each.strip() for each in of_the_route.split(",")}
    for template, operations in app.openapi()["paths"].items():
        if compile_path(template)[0].fullmatch(path):
            methods |= {method.upper() for method in operations}
    if "GET" in methods:
        methods.add("HEAD")
    return ", ".join(sorted(methods - {""}))
