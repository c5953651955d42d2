"""Who may ask for what: no route without a rule, and what each rule lets in."""

import pytest
from fastapi import APIRouter

from dashboard import app as dashboard_app
from dashboard.app import create_app
from dashboard.rules import Acting, AllPartners, Anybody, PartnerOnly, Rule, RuleMissingError, SignedIn, Staff, rules
from dashboard.visitors import Visitor
from registry import accounts
from tests.dashboard_kit import Site

router = APIRouter()


@router.get("/api/anybody")
def _anybody(_: Anybody) -> str:
    return "in"


@router.get("/api/signed-in")
def _signed_in(_: SignedIn) -> str:
    return "in"


@router.get("/api/all-partners")
def _all_partners(_: AllPartners) -> str:
    return "in"


@router.get("/api/acting")
def _acting(_: Acting) -> str:
    return "in"


@router.get("/api/partner")
def _partner(_: PartnerOnly) -> str:
    return "in"


@router.get("/api/staff")
def _staff(_: Staff) -> str:
    return "in"


LETS_IN = {
    "anybody": {"stranger", "staff", "read-only", "read-only of a partner", "partner"},
    "signed-in": {"staff", "read-only", "read-only of a partner", "partner"},
    "all-partners": {"staff", "read-only"},
    "acting": {"staff", "partner"},
    "partner": {"partner"},
    "staff": {"staff"},
}
WHO = {
    "staff": ("staff", None),
    "read-only": ("read-only", None),
    "read-only of a partner": ("read-only", "partner-1"),
    "partner": ("partner", "partner-1"),
}


@pytest.fixture
def ruled(empty: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A dashboard with one more route for each rule."""
    monkeypatch.setattr(dashboard_app, "ROUTERS", (*dashboard_app.ROUTERS, router))
    empty.app = create_app(empty.parts)
    return empty


@pytest.mark.parametrize("rule", LETS_IN)
@pytest.mark.parametrize("who", [*WHO, "stranger"])
def test_a_rule_lets_in_whom_it_says(ruled: Site, rule: str, who: str) -> None:
    """Each kind of account gets in where its rule says so, and is told 401 or 403 elsewhere."""
    client = ruled.stranger() if who == "stranger" else ruled.browser(*WHO[who])  # type: ignore[arg-type]  # our words

    answer = client.get(f"/api/{rule}")

    refused = 401 if who == "stranger" else 403
    assert answer.status_code == (200 if who in LETS_IN[rule] else refused)


def test_every_rule_has_a_case() -> None:
    """The cases above are of all rules."""
    assert set(LETS_IN) == set(Rule)


@pytest.mark.parametrize("taken", [None, "two"])
def test_a_route_without_exactly_one_rule_is_refused(
    empty: Site, monkeypatch: pytest.MonkeyPatch, taken: str | None
) -> None:
    """An app with a route that does not say whom it lets in, or says it twice, does not start."""
    careless = APIRouter()
    if taken is None:
        careless.add_api_route("/careless", lambda: "everything")
    else:

        def twice(_: SignedIn, __: Staff) -> str:
            return "everything"

        careless.add_api_route("/careless", twice)
    monkeypatch.setattr(dashboard_app, "ROUTERS", (*dashboard_app.ROUTERS, careless))

    with pytest.raises(RuleMissingError, match="GET /careless"):
        create_app(empty.parts)


def test_the_rules_of_all_routes_are_known(site: Site) -> None:
    """What the matrix of access is made of has every route of the app."""
    found = rules(site.app)

    assert found["GET /live"] is Rule.SIGNED_IN
    assert found["POST /sign-in"] is Rule.ANYBODY


def test_a_revocation_holds_at_the_next_request(ruled: Site) -> None:
    """Whoever loses access loses it at once, in an open browser and for a program."""
    browser, program = ruled.browser(), ruled.program()
    assert [each.get("/api/signed-in").status_code for each in (browser, program)] == [200, 200]

    with ruled.registry.writing() as connection:
        for client in (browser, program):
            assert client.account is not None
            accounts.revoke(connection, client.account.id, ruled.clock())

    assert [each.get("/api/signed-in").status_code for each in (browser, program)] == [401, 401]


def test_a_scope_is_the_visitors_partner(ruled: Site) -> None:
    """What queries are filtered by follows from the account, not from the request."""
    staff, partner = Visitor(ruled.account("staff")), Visitor(ruled.account("partner", "partner-1"))

    assert (staff.scope, partner.scope) == ({}, {"partner": "partner-1"})
