"""`engagement partners list|show|add|contact|endpoint|mute|test`: who is told at a delivery partner, and who is not."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from mailbox import Maildir
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from engagement.settings import Settings
from engagement.wiring import Wiring
from eventlog.facts import start_day
from learning.plan import start_of
from registry import audit, contacts, endpoints
from registry.store import Registry
from tests.builders import SMALL_FILE, enrolled
from tests.command_line import DAY, Cli, Ran
from tests.delivery_kit import answers, receiver
from tests.registry_kit import files_with

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""From then on, each call of a command is a second later."""

HOOK = "https://93.184.215.14/hidden-path"
CHAT = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
PUBLIC_PARTS = ("contact", "add", "--partner", "partner-1", "--label", "Advisers", "--email", "desk@north.example")


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setenv("NO_COLOR", "1")
    seconds = count()
    for module in ("partners", "partner_contacts", "partner_endpoints"):
        monkeypatch.setattr(
            f"engagement.commands.{module}.utc_now", lambda: NOON + timedelta(seconds=next(seconds)), raising=False
        )
    return Cli(tmp_path / "data")


@pytest.fixture
def filled(cli: Cli) -> Cli:
    """Enrolments with two partners, processed."""
    programmes = cli.folder / "programmes"
    programmes.mkdir(parents=True)
    (programmes / "small.toml").write_text(SMALL_FILE)
    cli.send(enrolled(), enrolled(enrolment="e-2"), enrolled(enrolment="e-3", participant="p-2", partner="partner-2"))
    with Wiring(Settings(data_dir=cli.folder)).log_to_append() as log:
        start_day(log, DAY, start_of(DAY))
    assert cli("rebuild").code == 0
    return cli


def partners(cli: Cli, *arguments: str, stdin: bytes | None = None) -> Ran:
    """Run a command of the group."""
    return cli("partners", *arguments, stdin=stdin)


def add_contact(cli: Cli, *more: str) -> str:
    """Add a contact of partner-1; answer its id."""
    contact: str = partners(cli, *PUBLIC_PARTS, *more, "--json").data["id"]
    return contact


def add_hook(cli: Cli, *more: str) -> dict[str, str]:
    """Add a webhook of partner-1; answer what was told."""
    told: dict[str, str] = partners(cli, "endpoint", "add", HOOK, "--partner", "partner-1", *more, "--json").data
    return told


def registry_of(cli: Cli) -> Registry:
    """The registry of the data folder."""
    return Registry(cli.folder / "registry.db")


def test_the_list_says_where_nobody_is_told(filled: Cli) -> None:
    """Every partner with enrolments is there, with how many are told; one without a contact is named with advice."""
    add_contact(filled)
    ran = partners(filled, "list")

    rows = [
        line.split() for line in ran.out.splitlines() if line.split()[:1] in (["partner-1"], ["partner-2"], ["lead"])
    ]
    assert rows == [
        ["partner-1", "partner-1", "2", "1", "0", "20"],
        ["partner-2", "partner-2", "1", "0", "0", "20"],
        ["lead", "provider", "-", "-", "0", "0", "-"],
    ]
    assert "Nobody is told by email at partner-2" in ran.err
    assert "contact add --partner partner-2" in ran.err


def test_the_list_needs_no_registry(filled: Cli) -> None:
    """Before anybody was added it has the partners, and makes no file."""
    rows = partners(filled, "list", "--json").data

    assert [(row["partner"], row["enrolled"], row["contacts"]) for row in rows] == [
        ("partner-1", 2, 0),
        ("partner-2", 1, 0),
        (None, None, 0),
    ]
    assert not (filled.folder / "registry.db").exists()


def test_an_empty_folder_gets_advice(cli: Cli) -> None:
    """Where nothing is there yet, listing makes nothing."""
    ran = partners(cli, "list")

    assert (ran.code, ran.out) == (1, "")
    assert not cli.folder.exists()


def test_a_partner_is_named_and_bounded_bit_by_bit(filled: Cli) -> None:
    """What is not named stays, and the list shows what was said."""
    partners(filled, "add", "partner-1", "--name", "North Hub")
    after = partners(filled, "add", "partner-1", "--weekly-budget", "5", "--json").data

    assert after == {"id": "partner-1", "name": "North Hub", "weekly_budget": 5}
    [row, *_] = partners(filled, "list", "--json").data
    assert (row["name"], row["weekly_budget"]) == ("North Hub", 5)


def test_a_partner_nobody_is_enrolled_with_can_be_added(filled: Cli) -> None:
    """It may be new; the message says so, for it may be misspelt. From then on it can have contacts."""
    said = partners(filled, "add", "partner-9").err

    assert "Nobody is enrolled with partner-9 yet" in said
    ran = partners(filled, "contact", "add", "--partner", "partner-9", "--label", "x", "--email", "x@y.example")
    assert ran.code == 0


def test_a_misspelt_partner_gets_no_contact(filled: Cli) -> None:
    """The message names what could be meant; nothing is written."""
    ran = partners(filled, "contact", "add", "--partner", "partner-01", "--label", "x", "--email", "x@y.example")

    assert ran.code == 1
    assert "did you mean partner-1?" in ran.err
    assert files_with(filled.folder, "x@y.example") == {}


@pytest.mark.parametrize("whose", [[], ["--partner", "partner-1", "--lead-provider"]], ids=["nobody's", "both's"])
def test_a_contact_is_a_partners_or_the_lead_providers(filled: Cli, whose: list[str]) -> None:
    """Neither and both are refused, as mistakes on the command line."""
    ran = partners(filled, "contact", "add", *whose, "--label", "x", "--email", "x@y.example")

    assert ran.code == 2
    assert "either --partner ID or --lead-provider" in ran.err


def test_all_that_a_contact_wishes_can_be_said(filled: Cli) -> None:
    """Each option is kept as it was given."""
    made = partners(
        filled,
        *("contact", "add", "--lead-provider", "--label", "Quality team", "--email", "quality@lead.example"),
        *("--programme", "small/course", "--programme", "ambition-2024/npqsl", "--level", "critical", "--place", "2"),
        *("--digest", "weekly", "--weekday", "friday", "--hour", "15", "--only-digest"),
        *("--quiet-from", "18", "--quiet-until", "8", "--json"),
    ).data

    wishes = {
        "partner": None,
        "programmes": ["small/course", "ambition-2024/npqsl"],
        "level": "critical",
        "place": 2,
        "digest": "weekly",
        "weekday": 4,
        "hour": 15,
        "at_once": False,
        "quiet_from": 18,
        "quiet_until": 8,
    }
    assert {name: made[name] for name in wishes} == wishes
    assert partners(filled, "contact", "list", "--json").data == [made]


def test_a_contact_is_changed_in_one_thing(filled: Cli) -> None:
    """What is not named stays; programmes can be taken back to all; nothing to change is a mistake."""
    contact = add_contact(filled, "--programme", "small/course", "--hour", "15")
    changed = partners(filled, "contact", "change", contact, "--quiet-until", "6", "--json").data
    everywhere = partners(filled, "contact", "change", contact, "--all-programmes", "--json").data

    assert (changed["quiet_until"], changed["hour"], changed["programmes"]) == (6, 15, ["small/course"])
    assert everywhere["programmes"] == []
    assert partners(filled, "contact", "change", contact).code == 2
    assert partners(filled, "contact", "change", contact, "--all-programmes", "--programme", "small/course").code == 2


def test_a_removed_contact_is_in_no_file(filled: Cli) -> None:
    """Its label and address are gone, and its id is kept in the trail with who removed it."""
    contact = add_contact(filled)
    ran = partners(filled, "contact", "remove", contact)

    assert (ran.code, "erased" in ran.err) == (0, True)
    assert files_with(filled.folder, "desk@north.example", "Advisers") == {}
    assert partners(filled, "contact", "list", "--json").data == []
    with registry_of(filled) as registry, registry.reading() as connection:
        [last, *_] = audit.entries(connection)
    assert (last.account, last.action, last.thing) == ("command-line", "partner-contact-removed", f"contact:{contact}")


def test_who_unsubscribed_is_shown_and_can_come_back(filled: Cli) -> None:
    """The state says it until they are taken in again."""
    contact = add_contact(filled)
    with registry_of(filled) as registry, registry.writing() as connection:
        contacts.unsubscribe(connection, contacts.unsubscribe_token(connection, contact), NOON)

    assert "unsubscribed" in partners(filled, "contact", "list").out
    partners(filled, "contact", "resubscribe", contact)
    assert "is told" in partners(filled, "contact", "list", "--partner", "partner-1").out


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


def test_everything_of_a_partner_is_shown_together(filled: Cli) -> None:
    """Its name and budget, its contacts and its endpoints, and no one else's."""
    contact, hook = add_contact(filled), add_hook(filled)
    partners(filled, "contact", "add", "--lead-provider", "--label", "x", "--email", "x@lead.example")
    shown = partners(filled, "show", "partner-1", "--json").data

    assert (shown["id"], shown["name"], shown["weekly_budget"]) == ("partner-1", "partner-1", 20)
    assert [each["id"] for each in shown["contacts"]] == [contact]
    assert [each["id"] for each in shown["endpoints"]] == [hook["id"]]
    assert "desk@north.example" in partners(filled, "show", "partner-1").out
    assert "has no contact" in partners(filled, "show", "partner-2").err
    assert "did you mean partner-2?" in partners(filled, "show", "Partner-2").err


def test_bare_partners_compares_them_as_before(filled: Cli) -> None:
    """The figures stand where they stood; options of the comparison in front of another command are a mistake."""
    rows = partners(filled, "--programme", "small/course", "--json").data

    assert [(row["partner"], row["enrolled"]) for row in rows] == [("partner-1", 2), ("partner-2", 1)]
    ran = partners(filled, "--json", "list")
    assert (ran.code, "behind `partners list`" in ran.err) == (2, True)


def test_an_enrolment_is_muted_from_here_too(filled: Cli) -> None:
    """It is the same fact as that of `engagement flag mute`."""
    today = datetime.now(UTC).date()
    told = partners(filled, "mute", "e-3", "--until", f"{today + timedelta(days=7)}", "--by", "staff-1", "--json").data

    assert (told["type"], told["enrolment"]) == ("learning.alerts-muted.v1", "e-3")
    assert told["data"] == {"by": "staff-1", "until": f"{today + timedelta(days=7)}"}


def test_a_test_message_reaches_a_contact(filled: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while alerts are a dry run, one message that tells of nobody goes to its address."""
    monkeypatch.setenv("ENGAGEMENT_MAILBOX_DIR", str(filled.folder / "mail"))
    contact = add_contact(filled)
    ran = partners(filled, "test", contact)

    [message] = Maildir(filled.folder / "mail", create=False)
    assert (ran.code, message["To"], message["Subject"]) == (0, "desk@north.example", "Test: alerts reach you")
    assert f"test message to {contact} was accepted" in ran.err


def test_a_test_message_reaches_a_webhook_signed(filled: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that verifies with the reference library takes it; the networks that are ours may be reached."""
    monkeypatch.setenv("ENGAGEMENT_WEBHOOK_PRIVATE_NETWORKS", "127.0.0.1")
    with receiver() as system:
        hook = partners(filled, "endpoint", "add", system.url, "--partner", "partner-1", "--json").data
        system.secret = hook["secret"]
        told = partners(filled, "test", hook["id"], "--json").data

    assert told == {"receiver": hook["id"], "accepted": True, "error": None}
    assert [json.loads(each.body)["type"] for each in system.got] == ["engagement.test.v1"]


def test_a_test_message_that_is_refused_is_told(filled: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was answered, and as a failure of the command; so is one to nobody, or to an endpoint that is off."""
    monkeypatch.setenv("ENGAGEMENT_WEBHOOK_PRIVATE_NETWORKS", "127.0.0.1")
    with receiver(answers(500)) as system:
        hook = partners(filled, "endpoint", "add", system.url, "--partner", "partner-1", "--json").data
        system.secret = hook["secret"]
        ran = partners(filled, "test", hook["id"])
        as_json = partners(filled, "test", hook["id"], "--json")

    assert (ran.code, "was not accepted: HTTP 500" in ran.err) == (1, True)
    assert (as_json.code, as_json.data["accepted"], as_json.data["error"]) == (1, False, "HTTP 500")
    partners(filled, "endpoint", "off", hook["id"])
    assert "switch it on" in partners(filled, "test", hook["id"]).err
    assert partners(filled, "test", "contact-9").code == 1
