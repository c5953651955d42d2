"""`engagement partners endpoint`: where webhooks and chats get messages; what lets one in is shown once, by itself."""

from datetime import timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from registry import endpoints
from tests.command_line import Cli
from tests.partner_commands_kit import CHAT, HOOK, NOON, add_hook, partners, registry_of
from tests.registry_kit import files_with


def test_a_secret_is_shown_once_by_itself(filled: Cli) -> None:
    """Standard output has the secret and nothing else, ready to be piped on; what signs is just that."""
    ran = partners(filled, "endpoint", "add", HOOK, "--partner", "partner-1")

    [secret] = ran.out.splitlines()
    assert "not shown again" in ran.err
    with registry_of(filled) as registry, registry.reading() as connection:
        [kept] = endpoints.of_partner(connection, "partner-1")
        assert endpoints.secrets(connection, kept.id, NOON) == [secret]
    assert kept.url == HOOK
    assert Webhook(secret).sign("msg_1", NOON, "{}")


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # a library of Apprise's
def test_neither_secrets_nor_paths_are_listed(filled: Cli) -> None:
    """What lets a message in stands in no list, no page of a partner, no trail and no message, as table or as JSON."""
    hook = add_hook(filled)
    secret = partners(filled, "endpoint", "rotate", hook["id"]).out.strip()
    partners(filled, "endpoint", "add", "-", "--partner", "partner-1", stdin=f"{CHAT}\n".encode())
    told = ""
    for command in (["endpoint", "list"], ["show", "partner-1"], ["list"]):
        for form in ([], ["--json"]):
            ran = partners(filled, *command, *form)
            assert ran.code == 0
            told += ran.out + ran.err
    told += filled("access", "audit").out

    assert "https://93.184.215.14/…" in told
    assert "slack://…" in told
    assert [each for each in (secret, hook["secret"], "hidden-path", "TIiajkdnlazkcOXrIdevi7FQ") if each in told] == []


def test_a_changed_secret_signs_beside_the_one_before(filled: Cli) -> None:
    """Both hold for a day from the change on."""
    hook = add_hook(filled)
    new = partners(filled, "endpoint", "rotate", hook["id"], "--json").data["secret"]

    with registry_of(filled) as registry, registry.reading() as connection:
        assert endpoints.secrets(connection, hook["id"], NOON + timedelta(hours=23)) == [new, hook["secret"]]
        assert endpoints.secrets(connection, hook["id"], NOON + timedelta(hours=25)) == [new]


def test_an_endpoint_is_switched_off_on_and_removed(filled: Cli) -> None:
    """The list says where it stands and why."""
    endpoint = add_hook(filled)["id"]
    off = partners(filled, "endpoint", "off", endpoint, "--reason", "being moved", "--json").data
    assert (off["switched_off_at"] is not None, off["switched_off_reason"]) == (True, "being moved")
    assert "off: being moved" in partners(filled, "endpoint", "list").out
    on = partners(filled, "endpoint", "on", endpoint, "--json").data
    assert (on["switched_off_at"], on["switched_off_reason"]) == (None, None)

    partners(filled, "endpoint", "remove", endpoint)
    assert partners(filled, "endpoint", "list", "--partner", "partner-1", "--json").data == []
    assert files_with(filled.folder, "hidden-path", "whsec_") == {}


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://127.0.0.1/npq", "not, or not only, on the public internet"),
        ("https://[::ffff:10.0.0.1]/npq", "not, or not only, on the public internet"),
        ("http://93.184.215.14/npq", "use https"),
        ("hooks.north.example", "https://host/path"),
        ("mailto://user:pass@north.example", "as Apprise does"),
    ],
)
def test_an_address_that_must_not_be_reached_is_refused(filled: Cli, url: str, told: str) -> None:
    """Nothing is saved."""
    ran = partners(filled, "endpoint", "add", url, "--partner", "partner-1")

    assert ran.code == 1
    assert told in ran.err
    assert not (filled.folder / "registry.db").exists()
