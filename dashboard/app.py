"""Puts the dashboard together: parts, pages, the API, and what stands before all of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.resources import files
from typing import Final

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from dashboard import live
from dashboard.alerts_now import AlertsNow
from dashboard.api import router as api
from dashboard.api.addresses import WholeSegments
from dashboard.api.limiting import Rates
from dashboard.api.stream import Streams
from dashboard.asking import Asking
from dashboard.guarding import Guard
from dashboard.live import Watch
from dashboard.measuring import Measured, Metrics
from dashboard.noting import Looks
from dashboard.pages import (
    actions,
    alert_notices,
    alert_preview,
    alert_receivers,
    alerts,
    at_risk,
    cohorts,
    definitions,
    enrolment,
    enrolments,
    health,
    overview,
    partners,
    probes,
    registers,
    rejects,
    sign_in,
    sign_in_mail,
    unsubscribe,
    withdrawals,
)
from dashboard.parts import Parts
from dashboard.problems import handle_problems
from dashboard.reading import Reading
from dashboard.rules import rules
from dashboard.waiting_rejects import WaitingRejects

ROUTERS: Final = (
    sign_in.router,
    sign_in_mail.router,
    unsubscribe.router,
    overview.router,
    at_risk.router,
    alerts.router,
    alert_notices.router,
    alert_receivers.router,
    alert_preview.router,
    enrolments.router,
    enrolment.router,
    actions.router,
    withdrawals.router,
    cohorts.router,
    registers.router,
    partners.router,
    rejects.router,
    health.router,
    probes.router,
    definitions.router,
    live.router,
    api.router,
)


def create_app(parts: Parts) -> FastAPI:
    """The dashboard over these parts.

    Raises:
        RuleMissingError: A route does not say whom it lets in.
    """
    app = _Guarded(
        title="Engagement",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_watching,
    )
    app.state.parts = parts
    app.state.reading = Reading(parts)
    app.state.alerts = AlertsNow(parts)
    app.state.watch = Watch(app.state.reading, alerts=app.state.alerts.look)
    app.state.asking = Asking(parts, on_answer=app.state.watch.touch)
    app.state.metrics = Metrics()
    app.state.looks = Looks()
    app.state.rejects = WaitingRejects(parts)
    app.state.rates = Rates()
    app.state.streams = Streams()
    app.add_middleware(WholeSegments)
    app.add_middleware(Measured, metrics=app.state.metrics)
    handle_problems(app)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=str(files("dashboard") / "static")), name="static")
    rules(app)
    return app


class _Guarded(FastAPI):
    """Has the guard before everything, also before what answers an error that nobody foresaw."""

    def build_middleware_stack(self) -> ASGIApp:
        """What an answer passes through on its way out; `add_middleware` would put the guard further in."""
        return Guard(super().build_middleware_stack(), self.state.parts)


@asynccontextmanager
async def _watching(app: FastAPI) -> AsyncIterator[None]:
    """Look for changes as long as the app runs."""
    looking = asyncio.create_task(app.state.watch.run())
    try:
        yield
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
        await run_in_threadpool(app.state.asking.close)
