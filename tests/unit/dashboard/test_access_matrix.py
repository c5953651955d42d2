"""Who gets what: every route of the app, asked by every role, with ids of one's own, of another partner, of nobody."""

import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import pytest
from httpx2 import Response

from dashboard.acting import DEEDS
from dashboard.app import create_app
from dashboard.parts import Mail, Parts
from dashboard.rules import Rule, RuleMissingError, rules
from learning.facts import WithdrawalRecommended
from registry import contacts, people
from registry.people import Profile
from tests.alert_pages_kit import a_notice, an_alert, keep
from tests.builders import at, completed, enrolled, make
from tests.dashboard_kit import DAY, NOW, Client, Site, opened
from tests.stream_kit import opened_stream

_NOTHING = cast("Any", None)
ROUTES = rules(create_app(Parts(_NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING)))

ROLES: dict[str, tuple[Any, str | None]] = {
    "staff": ("staff", None),
    "reader": ("read-only", None),
    "partner": ("partner", "partner-own"),
    "reader of a partner": ("read-only", "partner-own"),
}
LETS_IN: dict[Rule, set[str]] = {
    Rule.ANYBODY: {*ROLES, "stranger"},
    Rule.SIGNED_IN: {*ROLES},
    Rule.ALL_PARTNERS: {"staff", "reader"},
    Rule.ACTING: {"staff", "partner"},
    Rule.PARTNER: {"partner"},
    Rule.STAFF: {"staff"},
}
OF_PARTNERS = ("partner", "reader of a partner")


def ids_of(enrolment: str, whose: str) -> dict[str, str]:
    """What stands in an address in the place of what is somebody's."""
    of_enrolment = {"enrolment": enrolment, **dict.fromkeys(DEEDS, enrolment)}
    return {**of_enrolment, "partner": f"partner-{whose}", "alert": f"{enrolment}/{DAY}", "notice": f"msg_{whose}"}


OWN, OTHERS, NOBODYS = ids_of("own/e-1", "own"), ids_of("e-zebra/1", "zebra"), ids_of("e-nobody/1", "nobody")
ANYTHING = {
    "programme": "small/course",
    "question": "survival",
    "reject": "0123456789ab",
    "reject_id": "0123456789ab",
    "token": "eng_link_x",
    "word": "acknowledge",
}
"""What stands in an address in the place of these words; whoever adds a route with another one says so here."""

SECRETS = ("zebra", "Quagga")
"""Parts of every id, and of every name, that the other partner has."""
LOOKED_FOR = ("", "format=csv", "search=zeb", "q=zeb", "text=Quag", "search=Quag", "filter%5Bid%5D=zeb")

STREAMS = {"GET /live", "GET /api/v1/stream"}
BODIES: dict[str, dict[str, str]] = {
    "contact": {"channel": "phone", "outcome": "reached"},
    "request-deferral": {"reason": "bereavement"},
    "approve-deferral": {"reason": "bereavement"},
    "recommend-withdrawal": {"reason": "other"},
    "sign-off": {"reason": "other", "effective": "2025-10-01"},
    "object": {"reason": "other"},
    "mute": {"until": "2025-10-21"},
}
"""What a route of the API takes, by the last word of its address."""

_FORM_KEY = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{16}")
"""What each form carries, another one every time."""

_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")

every_route = pytest.mark.parametrize("route", sorted(ROUTES.keys() - STREAMS))


def address(route: str, ids: dict[str, str]) -> str:
    """The address of a route with ids in their places."""
    values = {**ANYTHING, **ids}
    return _PARAMETER.sub(lambda found: quote(values[found[1]], safe=""), route.partition(" ")[2])


def has_id_of_somebody(route: str) -> bool:
    """Whether an address names an enrolment or a delivery partner."""
    return any(found in OWN for found in _PARAMETER.findall(route))


def ask(client: Client, route: str, ids: dict[str, str], query: str = "") -> Response:
    """Ask for a route."""
    method = route.partition(" ")[0]
    where = address(route, ids)
    body: dict[str, Any] = {}
    if method == "POST":
        said = BODIES.get(where.rpartition("/")[2], {})
        body = {"json": said} if where.startswith("/api/") else {"data": said}
    return client.request(method, f"{where}?{query}" if query else where, follow_redirects=False, **body)


class NoPost:
    """Takes email nowhere."""

    def send(self, message: EmailMessage) -> None:
        """Forget it."""

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A dashboard with people of two partners, whose names are known."""
    folder: Path = tmp_path_factory.mktemp("matrix")
    with opened(folder) as site:
        for whose, partner in (("own/e-", "partner-own"), ("e-zebra/", "partner-zebra")):
            for number in (1, 2):
                site.publish(enrolled(at(-5), f"{whose}{number}", f"p-{whose}{number}", partner=partner))
            site.publish(completed("module-1", at(3), subject=f"{whose}1", partitionkey=f"p-{whose}1"))
            leaving = WithdrawalRecommended(reason="other", by=f"staff-{whose}2")
            site.publish(make(leaving, at(4), f"{whose}2", f"p-{whose}2"))
        site.start().fold()
        names = {"p-own/e-1": "Olive Owen", "p-e-zebra/1": "Zoe Quagga"}
        with site.registry.writing() as connection:
            people.put(connection, (Profile(participant=each, name=name) for each, name in names.items()), NOW)
            for whose in ("own", "zebra"):
                mail = f"{whose}@example.org"
                contacts.create(
                    connection, partner=f"partner-{whose}", label=whose, email=mail, now=NOW, by="account-1"
                )
        for enrolment, whose in (("own/e-1", "own"), ("e-zebra/1", "zebra")):
            alert = an_alert(enrolment, partner=f"partner-{whose}", participant=f"p-{enrolment}")
            keep(site, [alert], [a_notice(f"msg_{whose}", [alert], state="dead", error=f"SMTP of {whose}")])
        site.app.state.parts = site.parts._replace(mail=Mail(NoPost(), "alerts@example.org"))
        yield site


@pytest.fixture(scope="module")
def clients(site: Site) -> dict[str, Client]:
    """Somebody of every role, with a key."""
    return {**{name: site.program(*role) for name, role in ROLES.items()}, "stranger": site.stranger()}


@every_route
def test_a_route_lets_in_whom_its_rule_says_and_nobody_else(route: str, clients: dict[str, Client]) -> None:
    """Strangers are asked to sign in, those who may not are told so, and nobody brings the server down."""
    for role, client in clients.items():
        found = ask(client, route, OWN).status_code

        if role in LETS_IN[ROUTES[route]]:
            assert found not in {401, 403, 405}, role
            assert found < 500 or found == 503, role
        elif role == "stranger":
            assert found == (401 if "/api/" in route else 303), role
        else:
            assert found == 403, role


@pytest.mark.parametrize("route", sorted(each for each in ROUTES.keys() - STREAMS if each.startswith("GET ")))
def test_every_answer_says_what_a_page_may_do(route: str, clients: dict[str, Client]) -> None:
    """Whoever asks, let in or not: the answer can be framed by nobody, and runs and loads nothing but ours."""
    for role, client in clients.items():
        for ids in (OWN, NOBODYS):
            headers = ask(client, route, ids).headers

            assert "default-src 'none'" in headers["content-security-policy"], role
            assert "frame-ancestors 'none'" in headers["content-security-policy"], role
            assert headers["x-content-type-options"] == "nosniff", role
            assert {"x-frame-options", "referrer-policy"} <= headers.keys(), role


@pytest.mark.parametrize("route", sorted(STREAMS))
async def test_a_stream_says_what_a_page_may_do(route: str, site: Site, clients: dict[str, Client]) -> None:
    """A stream begins with the headers of every answer."""
    async with opened_stream(site.app, address(route, OWN), clients["staff"].headers) as stream:
        assert {"content-security-policy", "x-content-type-options", "x-frame-options"} <= stream.headers.keys()


@pytest.mark.parametrize("route", sorted(STREAMS))
async def test_a_stream_lets_in_whom_its_rule_says(route: str, site: Site, clients: dict[str, Client]) -> None:
    """Streams hold to their rules as other routes do."""
    for role, client in clients.items():
        async with opened_stream(site.app, address(route, OWN), client.headers) as stream:
            assert (stream.status == 200) is (role in LETS_IN[ROUTES[route]]), role


@pytest.mark.parametrize("route", sorted(filter(has_id_of_somebody, ROUTES)))
def test_another_partners_id_is_answered_like_one_that_does_not_exist(route: str, clients: dict[str, Client]) -> None:
    """Neither the status nor a word of the answer tells an account of a partner whether the id exists elsewhere."""
    for role in OF_PARTNERS:
        answers = []
        for ids in (OTHERS, NOBODYS):
            found = ask(clients[role], route, ids)
            text = found.text
            for each in ids.values():
                for form in (each, quote(each, safe=""), quote(each)):
                    text = text.replace(form, "ID")
            answers.append((found.status_code, text, found.headers.get("location")))

        assert answers[0] == answers[1], role
        if role in LETS_IN[ROUTES[route]]:
            assert answers[0][0] == 404 or (not route.startswith("GET ") and answers[0][0] == 422), role


@pytest.mark.parametrize("route", sorted(each for each in ROUTES.keys() - STREAMS if each.startswith("GET ")))
def test_nothing_of_another_partner_is_in_any_answer(route: str, clients: dict[str, Client]) -> None:
    """No list, count, search, table of CSV or page that a partner's account gets holds an id or a name of another."""
    for role in OF_PARTNERS:
        for query in LOOKED_FOR:
            found = ask(clients[role], route, OWN, query)

            assert [each for each in SECRETS if each in found.text] == [], (role, query)


@pytest.mark.parametrize("name", ["partner", "filter%5Bpartner%5D"])
@pytest.mark.parametrize("route", sorted(each for each in ROUTES.keys() - STREAMS if each.startswith("GET ")))
def test_asking_for_another_partner_answers_as_for_one_that_does_not_exist(
    route: str, name: str, clients: dict[str, Client]
) -> None:
    """A filter on another partner's id finds what a filter on an id of nobody finds."""
    other, nobody = (
        _FORM_KEY.sub("KEY", ask(clients["partner"], route, OWN, f"{name}={ids['partner']}").text).replace(
            ids["partner"], "ID"
        )
        for ids in (OTHERS, NOBODYS)
    )

    assert other == nobody


def test_those_who_see_all_partners_see_the_other_one(clients: dict[str, Client]) -> None:
    """What the tests above look for is there: staff find it."""
    assert "e-zebra/1" in clients["staff"].get("/api/v1/enrolments").text
    assert clients["staff"].get("/api/v1/enrolments/e-zebra%2F1").status_code == 200


def test_a_new_route_without_a_rule_is_refused(site: Site) -> None:
    """Whoever forgets to say whom a route lets in is told at once."""
    app = create_app(site.parts)
    app.get("/forgotten")(lambda: "everything")

    with pytest.raises(RuleMissingError, match="GET /forgotten"):
        rules(app)
