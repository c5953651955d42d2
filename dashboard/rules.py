"""Who may ask for what: every route takes its visitor by one of these rules, and a route without one is refused.

A rule says who gets in; whose enrolments they see follows from the visitor (`Visitor.partner`).
"""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated, Final

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import Mount

from dashboard.problems import ForbiddenError, NotSignedInError
from dashboard.visitors import Visitor, find_visitor
from learning.errors import EngagementError


class Rule(StrEnum):
    """Whom a route lets in."""

    ANYBODY = "anybody"
    """Signed in or not: nothing of anybody is shown."""
    SIGNED_IN = "signed-in"
    """Every account; those of a delivery partner see its own participants only."""
    ALL_PARTNERS = "all-partners"
    """Accounts that see all delivery partners: comparisons, and what operators look at."""
    ACTING = "acting"
    """Accounts that may do anything but look; those of a partner for its own participants only."""
    PARTNER = "partner"
    """Accounts of a delivery partner only: signing off is theirs."""
    STAFF = "staff"
    """The lead provider's staff only."""


class RuleMissingError(EngagementError):
    """A route does not say whom it lets in; it is a fault of the program."""


async def anybody(request: Request) -> Visitor | None:
    """Whoever asks; None: somebody who has not signed in."""
    return await find_visitor(request)


async def signed_in(request: Request) -> Visitor:
    """Somebody who has signed in.

    Raises:
        NotSignedInError: Nobody has.
    """
    visitor = await find_visitor(request)
    if visitor is None:
        raise NotSignedInError
    return visitor


def _only(may: Callable[[Visitor], bool], why: str) -> Callable[[Request], Awaitable[Visitor]]:
    async def checked(request: Request) -> Visitor:
        visitor = await signed_in(request)
        if not may(visitor):
            await request.close()
            raise ForbiddenError(why)
        return visitor

    return checked


all_partners = _only(
    lambda visitor: visitor.partner is None, "This is for accounts that see all delivery partners, and yours sees one."
)
acting = _only(lambda visitor: visitor.account.may_act, "Your account may look and do nothing else.")
partner_only = _only(
    lambda visitor: visitor.account.role == "partner", "Only an account of the delivery partner can do this."
)
staff = _only(lambda visitor: visitor.account.role == "staff", "Only staff of the lead provider can do this.")

Anybody = Annotated[Visitor | None, Depends(anybody)]
SignedIn = Annotated[Visitor, Depends(signed_in)]
AllPartners = Annotated[Visitor, Depends(all_partners)]
Acting = Annotated[Visitor, Depends(acting)]
PartnerOnly = Annotated[Visitor, Depends(partner_only)]
Staff = Annotated[Visitor, Depends(staff)]

_RULES: Final[dict[object, Rule]] = {
    anybody: Rule.ANYBODY,
    signed_in: Rule.SIGNED_IN,
    all_partners: Rule.ALL_PARTNERS,
    acting: Rule.ACTING,
    partner_only: Rule.PARTNER,
    staff: Rule.STAFF,
}


def rule_of(route: APIRoute) -> Rule:
    """Whom a route lets in.

    Raises:
        RuleMissingError: It takes no visitor, or more than one.
    """
    rules = [_RULES[each.call] for each in route.dependant.dependencies if each.call in _RULES]
    if len(rules) != 1:
        methods = " ".join(sorted(route.methods or ()))
        raise RuleMissingError(f"{methods} {route.path} must take its visitor by exactly one rule of dashboard.rules")
    return rules[0]


def rules(app: FastAPI) -> dict[str, Rule]:
    """The rule of every route by its methods and path; folders of files (of the program itself) are for anybody.

    Raises:
        RuleMissingError: One has none.
    """
    found: dict[str, Rule] = {}
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            found[f"{' '.join(sorted(context.methods or ()))} {context.path}"] = rule_of(route)
        elif not isinstance(route, Mount):
            raise RuleMissingError(f"{context.path} is no route that a rule of dashboard.rules can be given to")
    return found
