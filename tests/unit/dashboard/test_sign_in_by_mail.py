"""Getting in from an email: a link for whoever asks with an account's address, and not a word about who has one."""

from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest

from dashboard.parts import Mail
from registry import accounts, audit
from registry.throttle import LINKS_FROM_ONE, LINKS_TO_ONE
from tests.dashboard_kit import Client, Site

ADDRESS = "kim@example.org"
PAGE = "/alerts/notices/msg_1"


class Post:
    """Takes email, and keeps it."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []
        self.away = False

    def send(self, message: EmailMessage) -> None:
        """Keep it, unless the server is away."""
        if self.away:
            raise ConnectionRefusedError
        self.sent.append(message)

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def post(site: Site) -> Post:
    """The mail server of the site, at which somebody of a partner has an account."""
    post = Post()
    site.app.state.parts = site.parts._replace(mail=Mail(post, "alerts@example.org"))
    with site.registry.writing() as connection:
        accounts.create(
            connection, label="Kim", role="partner", partner="partner-1", email="Kim@Example.org", now=site.clock()
        )
    return post


def ask(client: Client, email: str = ADDRESS, wanted: str = PAGE) -> tuple[int, str, str]:
    """Ask for a link, and answer everything that could tell something."""
    answer = client.post("/sign-in/link", data={"email": email, "next": wanted}, follow_redirects=False)
    return answer.status_code, answer.headers.get("location", ""), answer.text


def link_in(message: EmailMessage) -> str:
    """The path of the link that a message has."""
    [line] = [each for each in message.get_content().splitlines() if each.startswith("http")]
    found = urlsplit(line)
    return f"{found.path}?{found.query}"


def test_without_a_mail_server_no_link_is_offered(site: Site) -> None:
    """The page does not promise what cannot be done."""
    client = site.stranger()

    assert "Email me" not in client.get("/sign-in").text
    assert ask(client)[0] == 404


def test_a_link_in_an_email_leads_to_the_page_that_was_asked_for(site: Site, post: Post) -> None:
    """From the link of an alert over the sign-in page to one's own mail, and on to that page, signed in."""
    client = site.stranger()
    asked = client.get(PAGE)
    assert 'value="/alerts/notices/msg_1"' in asked.text

    ask(client)
    [message] = post.sent
    assert message["To"] == "Kim@Example.org"
    assert message["From"] == "alerts@example.org"
    page = client.get(link_in(message))
    token = urlsplit(link_in(message)).path.rpartition("/")[2]
    assert page.status_code == 200
    answer = client.post("/sign-in", data={"token": token, "next": PAGE}, follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)


@pytest.mark.parametrize(
    "email", ["nobody@example.org", "no address", "kim@example.org\r\nBcc: x@example.org", "x" * 300]
)
def test_the_answer_never_says_whether_there_is_an_account(site: Site, post: Post, email: str) -> None:
    """Whoever tries addresses learns nothing, and nobody else gets mail."""
    assert ask(site.stranger(), email) == ask(site.stranger())
    assert [each["To"] for each in post.sent] == ["Kim@Example.org"]


def test_a_revoked_account_gets_no_link(site: Site, post: Post) -> None:
    """Who has left does not get in again."""
    with site.registry.writing() as connection:
        [account] = accounts.with_email(connection, ADDRESS)
        accounts.revoke(connection, account.id, site.clock())

    ask(site.stranger())

    assert post.sent == []


def test_a_link_that_was_asked_for_holds_for_an_hour(site: Site, post: Post) -> None:
    """Mail that lies about is soon worth nothing."""
    ask(site.stranger())
    token = urlsplit(link_in(post.sent[0])).path.rpartition("/")[2]
    site.clock.move(minutes=61)

    assert site.stranger().post("/sign-in", data={"token": token}).status_code == 403


def test_nobodys_mailbox_is_filled(site: Site, post: Post) -> None:
    """After a few links in a while no more are sent to an address, and the answer is the same."""
    answers = {ask(site.stranger()) for _ in range(LINKS_TO_ONE + 2)}

    assert len(post.sent) == LINKS_TO_ONE
    assert len(answers) == 1
    site.clock.move(minutes=16)
    ask(site.stranger(), ADDRESS.upper())
    assert len(post.sent) == LINKS_TO_ONE + 1


def test_from_one_place_not_everybody_can_be_tried(site: Site, post: Post) -> None:
    """Who asks for many addresses has to wait; links themselves work all the while."""
    client = site.stranger()
    for number in range(LINKS_FROM_ONE):
        assert ask(client, f"a{number}@example.org")[0] == 303

    assert ask(client)[0] == 429
    assert post.sent == []
    assert client.post("/sign-in", data={"token": "eng_link_x"}).status_code == 403


def test_a_mail_server_that_is_away_is_nobodys_business(site: Site, post: Post) -> None:
    """The answer is the same as ever; that nothing was sent stands in the log of the program."""
    post.away = True

    assert ask(site.stranger())[0] == 303


def test_that_a_link_was_asked_for_is_noted_without_the_address(site: Site, post: Post) -> None:
    """The audit trail says for which account; an address that nobody has is not kept."""
    ask(site.stranger())
    ask(site.stranger(), "somebody@example.org")

    assert len(post.sent) == 1
    with site.registry.reading() as connection:
        [unknown, known] = audit.entries(connection)[:2]
        [account] = accounts.with_email(connection, ADDRESS)
    assert (known.action, known.thing) == ("sign-in-link-asked", f"account:{account.id}")
    assert (unknown.action, unknown.thing, unknown.details) == ("sign-in-link-asked", None, {})


@pytest.mark.parametrize("elsewhere", ["https://example.org", "//example.org", "/\\example.org"])
def test_a_link_leads_to_our_own_pages_only(site: Site, post: Post, elsewhere: str) -> None:
    """Nobody can have a link of ours end on another site."""
    ask(site.stranger(), wanted=elsewhere)

    assert "example.org" not in link_in(post.sent[0])


def test_a_form_of_another_site_sends_nothing(site: Site, post: Post) -> None:
    """Other pages cannot have us write to people."""
    answer = site.stranger().post("/sign-in/link", data={"email": ADDRESS}, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert post.sent == []


def test_who_is_signed_in_goes_straight_on(site: Site) -> None:
    """A link of an alert that passes by the sign-in page does not end on the overview."""
    answer = site.browser().get(f"/sign-in?next={PAGE}", follow_redirects=False)

    assert answer.headers["location"] == PAGE
