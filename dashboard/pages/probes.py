"""What machines ask to know whether the dashboard is well: plain answers, and nothing of anybody in them."""

from collections.abc import Callable
from typing import Final

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from dashboard.measuring import Metrics
from dashboard.reading import reading_of
from dashboard.rules import AllPartners, Anybody
from dashboard.visitors import parts_of
from eventlog.facts import FACTS_TOPIC
from learning.errors import EngagementError

router = APIRouter(include_in_schema=False)

_NOT_READY: Final = 503
_log = structlog.get_logger("engagement.dashboard")


@router.get("/healthz")
async def healthz(_: Anybody) -> Response:
    """Whether this process answers; it looks at nothing else, so that no restart is caused by a part that is away."""
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


@router.get("/readyz")
def readyz(request: Request, _: Anybody) -> Response:
    """Whether pages can be shown: 503, and which part is away, when one is."""
    checks = {"projections": _projections, "log": _log_ends, "registry": _registry}
    found = {name: _answers(name, check, request) for name, check in checks.items()}
    ready = all(found.values())
    told = {"status": "ok" if ready else "away", **{name: "ok" if each else "away" for name, each in found.items()}}
    return JSONResponse(told, 200 if ready else _NOT_READY, {"Cache-Control": "no-store"})


@router.get("/metrics")
def metrics(request: Request, _: AllPartners) -> Response:
    """For Prometheus, which sends an API key of a read-only account as its credentials.

    Nobody gets them for where they ask from: behind a web server on the same machine, everybody asks from there.
    """
    kept: Metrics = request.app.state.metrics
    page, content_type = kept.scrape(request.headers.get("accept", ""), _behind(request))
    return Response(page, headers={"Content-Type": content_type, "Cache-Control": "no-store"})


def _behind(request: Request) -> int | None:
    try:
        with reading_of(request).store().connect() as connection:
            return reading_of(request).freshness(connection).behind
    except EngagementError:
        return None


def _answers(name: str, check: Callable[[Request], object], request: Request) -> bool:
    try:
        check(request)
    except EngagementError as error:
        _log.warning("a part is away", part=name, error=str(error))
        return False
    return True


def _projections(request: Request) -> None:
    with reading_of(request).store().connect() as connection:
        connection.exec_driver_sql("SELECT 1")


def _log_ends(request: Request) -> None:
    with parts_of(request).log() as log:
        log.end_offsets(FACTS_TOPIC)


def _registry(request: Request) -> None:
    with parts_of(request).registry.reading() as connection:
        connection.exec_driver_sql("SELECT 1")
