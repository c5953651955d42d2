"""Getting in and out: a link works once, after a click; a session ends when it should; forms belong to one session."""

import pytest

from dashboard.visitors import session_cookie
from registry import audit, credentials
from tests.dashboard_kit import Client, Site


def link(site: Site) -> str:
    """A sign-in link's token for somebody of staff."""
    account = site.account("staff")
    with site.registry.writing() as connection:
        return credentials.issue(connection, account.id, "link", site.clock()).token


def signed_in(client: Client) -> bool:
    """Whether the browser gets in."""
    return (
        client.get("/live-or-not", follow_redirects=False).status_code == 404
        and not client.get("/sign-in", follow_redirects=False).is_success
    )


def test_looking_at_a_link_does_not_use_it_up(site: Site) -> None:
    """Programs that open links in emails to check them leave the link as good as it was."""
    token, client = link(site), site.stranger()

    for _ in range(2):
        page = client.get(f"/sign-in/{token}")
        assert page.status_code == 200
        assert token in page.text

    assert client.post("/sign-in", data={"token": token}, follow_redirects=False).status_code == 303
    assert signed_in(client)


def test_a_link_works_once(site: Site) -> None:
    """Whoever has the link later, in an old email or a log, does not get in with it."""
    token = link(site)
    assert site.stranger().post("/sign-in", data={"token": token}, follow_redirects=False).status_code == 303

    answer = site.stranger().post("/sign-in", data={"token": token})

    assert answer.status_code == 403
    assert "ask for a new one" in answer.text


def test_a_link_gets_too_old(site: Site) -> None:
    """A link that lay about for longer than a day signs nobody in."""
    token = link(site)
    site.clock.move(hours=25)

    assert site.stranger().post("/sign-in", data={"token": token}).status_code == 403


def test_people_come_back_to_where_they_wanted_to_go(site: Site) -> None:
    """A link to a page of a participant survives signing in."""
    client = site.stranger()
    asked = client.get("/live?x=1", follow_redirects=False)
    assert asked.headers["location"] == "/sign-in?next=%2Flive%3Fx%3D1"

    answer = client.post("/sign-in", data={"token": link(site), "next": "/live?x=1"}, follow_redirects=False)

    assert answer.headers["location"] == "/live?x=1"


@pytest.mark.parametrize(
    "elsewhere", ["https://example.org", "//example.org", "/\\example.org", "javascript:alert(1)", "\\\\x", "/a\nb"]
)
def test_nobody_is_led_elsewhere(site: Site, elsewhere: str) -> None:
    """A link to us cannot be made to end on another site."""
    answer = site.stranger().post("/sign-in", data={"token": link(site), "next": elsewhere}, follow_redirects=False)

    assert answer.headers["location"] == "/"


def test_guessing_is_made_to_wait(site: Site) -> None:
    """After a few links that were none, further ones are not looked at for a while, not even a good one."""
    client = site.stranger()
    for number in range(5):
        assert client.post("/sign-in", data={"token": f"eng_link_{number:010}_{'a' * 43}"}).status_code == 403

    answer = client.post("/sign-in", data={"token": link(site)})

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def test_a_form_of_another_site_signs_nobody_in(site: Site) -> None:
    """Nobody can be signed in as somebody else by a page they look at."""
    answer = site.stranger().post("/sign-in", data={"token": link(site)}, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403


def test_signing_out_ends_the_session_itself(site: Site) -> None:
    """A cookie that was copied before is worth nothing after that."""
    client = site.browser()
    kept = client.cookies[session_cookie(site.parts)]

    assert client.submit("/sign-out").headers["location"] == "/sign-in?done=signed-out"

    thief = site.stranger()
    thief.cookies.set(session_cookie(site.parts), kept)
    assert thief.get("/live", follow_redirects=False).status_code == 303


@pytest.mark.parametrize("fields", [{}, {"csrf": ""}, {"csrf": "0" * 64}])
def test_a_form_without_the_sessions_token_does_nothing(site: Site, fields: dict[str, str]) -> None:
    """Another site cannot have a browser do something here."""
    client = site.browser()

    assert client.post("/sign-out", data=fields, follow_redirects=False).status_code == 403
    assert signed_in(client)


def test_a_session_ends_overnight(site: Site) -> None:
    """A machine that was left is signed out the next morning."""
    client = site.browser()
    site.clock.move(hours=11)
    assert signed_in(client)

    site.clock.move(hours=12, seconds=1)

    assert not signed_in(client)


def test_the_cookie_stays_out_of_reach(site: Site) -> None:
    """Scripts cannot read the cookie, and other sites' forms do not carry it."""
    answer = site.stranger().post("/sign-in", data={"token": link(site)}, follow_redirects=False)

    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_over_tls_the_cookie_is_held_to_our_host(site: Site) -> None:
    """Where people reach us over TLS, the cookie is sent over TLS only, and to this host only."""
    parts = site.parts._replace(public_url="https://engagement.example.org")

    assert session_cookie(parts) == "__Host-engagement"


def test_signing_in_and_out_is_noted(site: Site) -> None:
    """The audit trail says who came and went."""
    client = site.stranger()
    client.post("/sign-in", data={"token": link(site)}, follow_redirects=False)
    client.token = client.cookies[session_cookie(site.parts)]
    client.submit("/sign-out")

    with site.registry.reading() as connection:
        assert [each.action for each in audit.entries(connection)] == ["signed-out", "signed-in"]


def test_names_can_be_switched_off_in_one_browser(site: Site) -> None:
    """Before others look at the screen, names are hidden; the page stays the same."""
    client = site.browser()

    answer = client.post(
        "/names",
        data={"csrf": client.csrf, "shown": "no"},
        headers={"Referer": "http://127.0.0.1:8480/at-risk?level=high"},
        follow_redirects=False,
    )

    assert answer.headers["location"] == "/at-risk?level=high"
    assert "names_off" in answer.headers["set-cookie"]
