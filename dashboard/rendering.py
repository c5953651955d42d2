"""Makes pages of templates: with what every page shows, and for a refresh only the part that changes."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from dashboard.alerts_now import Look
from dashboard.links import address
from dashboard.wording import FILTERS

templates: Final = Environment(
    loader=PackageLoader("dashboard"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
templates.filters.update(FILTERS)

LINKS: Final = (
    ("overview", "Overview", "/"),
    ("at-risk", "At risk", "/at-risk"),
    ("alerts", "Alerts", "/alerts"),
    ("withdrawals", "Withdrawals", "/withdrawals"),
    ("cohorts", "Cohorts", "/cohorts"),
    ("partners", "Partners", "/partners"),
    ("rejects", "Rejects", "/rejects"),
    ("health", "Health", "/health"),
)
"""What the navigation has: id, text and address."""

OF_ALL_PARTNERS: Final = frozenset({"partners", "rejects", "health"})
"""Links for accounts that see all delivery partners only."""


def render(
    request: Request,
    template: str,
    *,
    title: str,
    active: str = "",
    live: bool = False,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """A page.

    Args:
        request: Who asks for it.
        template: The name of the template.
        title: The name of the page.
        active: The link of the navigation that it belongs to.
        live: Whether it changes while it is looked at.
        status: Of the answer.
        headers: Of the answer.
        context: What the template names, besides `page`.
    """
    page = _page(request, title=title, active=active, live=live, is_error=status >= HTTPStatus.BAD_REQUEST)
    made = templates.get_template(template).render(page=page, request=request, **context)
    return HTMLResponse(made, status, {**(headers or {}), "Cache-Control": "no-store"})


def _page(request: Request, *, title: str, active: str, live: bool, is_error: bool) -> dict[str, Any]:
    """What every page shows. A page that tells of an error is also made when nothing was found out about who asks."""
    visitor = getattr(request.state, "visitor", None)
    account = visitor and visitor.account
    alerts = None if visitor is None or is_error else _alerts(request)
    return {
        "title": title,
        "active": active,
        "links": [] if visitor is None else _links(visitor.partner),
        "visitor": account and {"label": account.label, "role": account.role, "partner": account.partner},
        "names": {"shown": visitor.names, "possible": request.app.state.parts.names} if visitor else None,
        "csrf": visitor.csrf if visitor else "",
        "freshness": getattr(request.state, "freshness", None),
        "waiting": alerts.waiting(visitor.partner) if visitor and alerts else None,
        "live": _stream(request, alerts and alerts.stamp(visitor.partner)) if visitor and live else None,
        "fragment": request.headers.get("x-fragment") == "main",
        "policy": getattr(request.state, "policy", None),
        "messages": _messages(request),
    }


def _alerts(request: Request) -> Look | None:
    """How alerts stood before the page was made."""
    found: Look | None = getattr(request.state, "alerts", None) or request.app.state.alerts.look()
    return found


def _stream(request: Request, alerts: str | None) -> str:
    """Where the page hears of changes, from the moment on that it shows."""
    freshness = getattr(request.state, "freshness", None)
    made = freshness and freshness.updated_at
    said = {"since": made and made.isoformat(), "alerts": alerts}
    return address("/live", **said)


def _links(partner: str | None) -> list[tuple[str, str, str]]:
    if partner is None:
        return list(LINKS)
    own = ("partner", "Our cohort", f"/partners/{partner}")
    return [*(link for link in LINKS if link[0] not in OF_ALL_PARTNERS), own]


SAID: Final = {
    "acknowledged": "Noted: you have seen the flag and take care of it.",
    "contacted": "Noted: the contact.",
    "improving": "Noted: you see the participant improving.",
    "deferral-requested": "Noted: the request to defer.",
    "deferred": "Noted: the deferral is approved.",
    "withdrawal-recommended": "Noted: the recommendation. Nothing changes until the delivery partner signs it off.",
    "withdrawal-objected": "Noted: the objection. The participant goes on, and the lead provider sees why.",
    "withdrawn": "Noted: the withdrawal is signed off.",
    "resumed": "Noted: the participant is back.",
    "muted": "Noted: no alerts about this enrolment until the end of that day. Its flags are raised as before.",
    "reject-settled": "Settled: its fact is on the log now.",
    "reject-dismissed": "Dismissed: it waits for nobody any more.",
    "names": "Noted: whether names are shown.",
    "signed-out": "You have signed out.",
    "link-asked": "If an account has this address, a link to sign in is on its way to it.",
    "all-acknowledged": "Noted: you have seen these flags and take care of them.",
    "message-replayed": "The message waits to be sent again; the dispatcher takes it at its next turn.",
}
"""What a page says first after something was done; the address names it, so no text can be put there."""


def _messages(request: Request) -> list[dict[str, str]]:
    said = SAID.get(request.query_params.get("done", ""))
    return [] if said is None else [{"kind": "success", "text": said}]
