"""What goes wrong, told in one shape: a page for people, problem details (RFC 9457) for programs."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from dashboard import faults
from dashboard.rendering import render
from eventlog.base import LogAwayError
from learning.errors import EngagementError
from projections.store import StoreAwayError
from registry.errors import RegistryAwayError, RegistryBusyError
from registry.signing_in import NotLetInError, TooManyFailuresError

PROBLEM_JSON = "application/problem+json"
_AWAY_SECONDS = 5
_log = structlog.get_logger("engagement.dashboard")


class ProblemError(EngagementError):
    """A request that cannot be answered; its message goes to whoever asked."""

    status = HTTPStatus.BAD_REQUEST

    def __init__(self, detail: str = "", *, headers: dict[str, str] | None = None, **members: Any) -> None:
        """Tell why.

        Args:
            detail: A sentence or two for whoever asked.
            headers: Headers that the answer has besides.
            members: Members of the problem details besides, such as `errors`.
        """
        super().__init__(detail or self.status.phrase)
        self.headers = headers or {}
        self.members = members


class NotSignedInError(ProblemError):
    """Only somebody who has signed in may see it."""

    status = HTTPStatus.UNAUTHORIZED


class ForbiddenError(ProblemError):
    """The account may not do it."""

    status = HTTPStatus.FORBIDDEN


class NotThereError(ProblemError):
    """There is no such thing, or it is another partner's: which of the two is not told."""

    status = HTTPStatus.NOT_FOUND


class ConflictError(ProblemError):
    """It cannot be done as things stand."""

    status = HTTPStatus.CONFLICT


class UnfitError(ProblemError):
    """What was sent can be read, and makes no sense."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class NotJsonError(ProblemError):
    """The body is not the JSON that it has to be."""

    status = HTTPStatus.BAD_REQUEST


class MediaTypeError(ProblemError):
    """The body is of a kind that is not taken."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class TooLargeError(ProblemError):
    """The body has too much in it."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class NotReadyError(ProblemError):
    """Something that is needed is not there yet, or away."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, detail: str) -> None:
        """Tell what is missing; the same may succeed in a few seconds."""
        super().__init__(detail, headers={"Retry-After": str(_AWAY_SECONDS)})


def handle_problems(app: FastAPI) -> None:
    """Have the app answer every error in one shape."""
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(NotLetInError, _not_let_in)
    app.add_exception_handler(TooManyFailuresError, _too_many)
    for away in (LogAwayError, StoreAwayError, RegistryAwayError, RegistryBusyError):
        app.add_exception_handler(away, _away)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(Exception, _unexpected)


def problem(request: Request, error: ProblemError) -> Response:
    """The answer to a problem."""
    if is_api(request):
        body = {"type": "about:blank", "title": error.status.phrase, "status": error.status.value, "detail": str(error)}
        headers = dict(error.headers)
        if error.status is HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        return JSONResponse({**body, **error.members}, error.status, headers, PROBLEM_JSON)
    if isinstance(error, NotSignedInError):
        return _to_sign_in(request)
    return render(
        request, "error.html", title=error.status.phrase, detail=str(error), status=error.status, headers=error.headers
    )


def is_api(request: Request) -> bool:
    """Whether a program asks, which reads JSON."""
    return request.url.path.startswith("/api/")


def _to_sign_in(request: Request) -> Response:
    """People come back to where they wanted to go; what they sent is not sent again."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    wanted = here if request.method == "GET" else "/"
    address = request.url_for("sign_in").include_query_params(next=wanted)
    return RedirectResponse(f"{address.path}?{address.query}", HTTPStatus.SEE_OTHER)


def _problem(request: Request, error: Any) -> Response:
    return problem(request, error)


def _not_let_in(request: Request, error: Any) -> Response:
    found = NotSignedInError(str(error))
    return problem(request, found) if is_api(request) else problem(request, ForbiddenError(str(error)))


def _too_many(request: Request, error: Any) -> Response:
    return _with_status(request, HTTPStatus.TOO_MANY_REQUESTS, str(error), {"Retry-After": str(error.seconds)})


def _away(request: Request, error: Any) -> Response:
    _log.warning("a part is away", error=str(error))
    return problem(request, NotReadyError("Something that this needs does not answer. Try again in a few seconds."))


def _http(request: Request, error: Any) -> Response:
    status = HTTPStatus(error.status_code)
    told = error.detail if error.detail != status.phrase else status.description
    detail = "There is no such page." if status is HTTPStatus.NOT_FOUND else told
    return _with_status(request, status, detail, dict(error.headers or {}))


def _unreadable(request: Request, error: Any) -> Response:
    """Each fault with where it is; what was sent is not repeated, for it may be personal."""
    faults = [{"where": ".".join(map(str, each["loc"])), "what": each["msg"]} for each in error.errors()]
    told = "; ".join(f"{each['where']}: {each['what']}" for each in faults)
    return problem(request, UnfitError(f"The request cannot be understood: {told}", errors=faults))


def _unexpected(request: Request, error: Any) -> Response:
    route = request.scope.get("route")
    where, kind = faults.where(error), type(error).__name__
    _log.error("a request failed", route=getattr(route, "path", None), method=request.method, error=kind, where=where)
    return _with_status(
        request, HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here, and is noted in our log. Try again."
    )


def _with_status(request: Request, status: HTTPStatus, detail: str, headers: dict[str, str] | None = None) -> Response:
    error = ProblemError(detail, headers=headers)
    error.status = status
    return problem(request, error)
