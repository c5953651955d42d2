"""`engagement access`: letting people and systems in, changing keys, shutting out, and looking at what was done."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from registry import schema
from registry.signing_in import NotLetInError, with_key, with_link
from registry.store import Registry
from tests.builders import SMALL_FILE, enrolled
from tests.command_line import Cli, plain_terminal, ticking_clock
from tests.registry_kit import ADDRESS, files_with

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""From then on, each call of a command is a second later."""


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on an empty folder."""
    plain_terminal(monkeypatch, tmp_path)
    ticking_clock(monkeypatch, NOON, "access")
    return Cli(tmp_path / "data")


def registry_of(cli: Cli) -> Registry:
    """The registry of the data folder."""
    return Registry(cli.folder / "registry.db")


def test_a_link_is_shown_once_by_itself(cli: Cli) -> None:
    """Standard output has the link and nothing else, ready to be piped on; it signs one person in, once."""
    ran = cli("access", "grant", "--label", "Desk 1")

    [link] = ran.out.splitlines()
    assert ran.code == 0
    assert link.startswith("http://127.0.0.1:8480/sign-in/eng_link_")
    assert "sees all participants" in ran.err
    assert "It is not shown again" in ran.err
    assert files_with(cli.folder, link.rpartition("_")[2]) == {}
    with registry_of(cli) as registry:
        assert with_link(registry, link.rpartition("/")[2], ADDRESS, NOON).account.label == "Desk 1"


def test_links_begin_with_where_the_dashboard_is(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """ENGAGEMENT_PUBLIC_URL says what people have in their browsers."""
    monkeypatch.setenv("ENGAGEMENT_PUBLIC_URL", "https://npq.example/watch/")
    given = cli("access", "grant", "--label", "Desk 1", "--json").data
    assert given["url"] == f"https://npq.example/watch/sign-in/{given['token']}"


@pytest.mark.parametrize("url", ["npq.example", "ftp://npq.example", "https://", "https://npq.example/?x=1"])
def test_what_is_no_address_of_a_dashboard_is_refused(cli: Cli, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """A setting that no browser understands is named."""
    monkeypatch.setenv("ENGAGEMENT_PUBLIC_URL", url)
    ran = cli("access", "list")
    assert (ran.code, "ENGAGEMENT_PUBLIC_URL" in ran.err) == (2, True)


def test_a_key_for_a_partner_lets_its_system_in(cli: Cli) -> None:
    """A key of a partner's account sees that partner's participants, for as many days as was said."""
    ran = cli(
        *("access", "grant", "--role", "partner", "--partner", "north-hub", "--label", "North Hub's system"),
        *("--key", "--valid-days", "30", "--json"),
    )

    given = ran.data
    assert (given["account"]["role"], given["account"]["partner"], given["url"]) == ("partner", "north-hub", None)
    assert given["expires_at"] == "2026-04-01T12:00:00Z"
    with registry_of(cli) as registry:
        assert with_key(registry, given["token"], ADDRESS, NOON).partner == "north-hub"


def test_keys_are_changed_with_an_overlap(cli: Cli) -> None:
    """The account gets another key, and keeps its other one until that is revoked."""
    old = cli("access", "grant", "--label", "System", "--key", "--json").data
    new = cli("access", "grant", "--account", old["account"]["id"], "--key", "--json").data
    assert cli("access", "revoke", old["prefix"]).code == 0

    assert new["account"] == old["account"]
    [listed] = cli("access", "list", "--json").data
    assert [each["prefix"] for each in listed["credentials"]] == [new["prefix"]]
    with registry_of(cli) as registry:
        assert with_key(registry, new["token"], ADDRESS, NOON)
        with pytest.raises(NotLetInError):
            with_key(registry, old["token"], ADDRESS, NOON)


def test_who_gives_a_whole_key_to_revoke_does_not_read_it_again(cli: Cli) -> None:
    """A key can be revoked by what was sent to its user; the secret is not repeated."""
    key = cli("access", "grant", "--label", "System", "--key", "--json").data
    ran = cli("access", "revoke", key["token"])

    assert (ran.code, key["prefix"] in ran.err, key["token"] in ran.err) == (0, True, False)


def test_a_revoked_account_is_listed_only_when_asked_for(cli: Cli) -> None:
    """With everything that it had."""
    first = cli("access", "grant", "--label", "Desk 1", "--json").data
    second = cli("access", "grant", "--label", "Desk 2", "--role", "read-only", "--json").data
    assert cli("access", "revoke", first["account"]["id"], "--json").data == {
        "account": first["account"]["id"],
        "revoked": first["account"]["id"],
    }

    assert [each["id"] for each in cli("access", "list", "--json").data] == [second["account"]["id"]]
    everything = cli("access", "list", "--all").out
    assert first["account"]["id"] in everything
    assert "revoked" in everything
    assert "holds" in everything


def test_a_list_never_shows_a_secret(cli: Cli) -> None:
    """Neither the table nor the JSON has one, nor a hash of one."""
    key = cli("access", "grant", "--label", "System", "--key", "--json").data
    for arguments in (("--all",), ("--all", "--json")):
        shown = cli("access", "list", *arguments).out
        assert key["prefix"] in shown
        assert key["token"][-43:] not in shown
        assert "digest" not in shown


@pytest.mark.parametrize(
    ("arguments", "told", "code"),
    [
        (("grant",), "--label", 2),
        (("grant", "--label", "x", "--role", "staf"), "did you mean staff", 2),
        (("grant", "--label", "x", "--role", "partner"), "must name the partner", 1),
        (("grant", "--label", "x", "--partner", "north-hub"), "names none", 1),
        (("grant", "--label", "x", "--valid-days", "0"), "--valid-days", 2),
        (("grant", "--account", "account-1", "--label", "x"), "its label, role, partner and email stay", 2),
        (("grant", "--account", "account-1"), "there is no account account-1", 1),
        (("list",), "there is no registry", 1),
        (("revoke", "account-1"), "there is no registry", 1),
        (("audit", "--head", "x"), "'x' is no head", 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_cannot_be_done_is_told(cli: Cli, arguments: tuple[str, ...], told: str, code: int) -> None:
    """In a sentence, with the exit code of its kind."""
    ran = cli("access", *arguments)
    assert ran.code == code
    assert told in " ".join(ran.err.replace("│", " ").split()).casefold()


def test_reading_makes_no_registry(cli: Cli) -> None:
    """Commands that only read leave an empty folder empty."""
    cli("access", "list")
    assert not cli.folder.exists()


def test_a_partner_whom_nobody_is_with_is_refused(cli: Cli) -> None:
    """Where it is known who is with whom, a slip in a partner's id is found before it grants nothing."""
    (cli.folder / "programmes").mkdir(parents=True)
    (cli.folder / "programmes" / "small.toml").write_text(SMALL_FILE)
    cli.send(enrolled(partner="partner-1"))
    assert cli("rebuild").code == 0

    wrong = cli("access", "grant", "--role", "partner", "--partner", "partner-01", "--label", "x")
    right = cli("access", "grant", "--role", "partner", "--partner", "partner-1", "--label", "x")
    assert (wrong.code, "did you mean partner-1?" in wrong.err) == (1, True)
    assert right.code == 0


def test_the_trail_tells_who_was_let_in(cli: Cli) -> None:
    """Granting and revoking are noted, with the beginnings of keys only."""
    key = cli("access", "grant", "--label", "System", "--key", "--json").data
    cli("access", "revoke", key["prefix"])
    trail = cli("access", "audit", "--json").data

    account = f"account:{key['account']['id']}"
    assert [(each["action"], each["thing"], each["details"]) for each in trail["entries"]] == [
        ("access-revoked", account, {"key": key["prefix"]}),
        ("access-granted", account, {"key": key["prefix"]}),
    ]
    assert {each["account"] for each in trail["entries"]} == {"command-line"}
    assert cli("access", "audit", "--thing", "account:other", "--json").data["entries"] == []
    assert date.fromisoformat(trail["entries"][0]["at"][:10]) == NOON.date()


def test_a_trail_that_was_changed_is_told(cli: Cli) -> None:
    """The command checks before it shows, and a head that was kept elsewhere finds a cut end."""
    cli("access", "grant", "--label", "Desk 1")
    cli("access", "grant", "--label", "Desk 2")
    head = cli("access", "audit", "--json").data["head"]
    assert cli("access", "audit", "--head", head).code == 0
    assert f"Head: {head}" in cli("access", "audit").err

    with registry_of(cli) as registry, registry.writing() as connection:
        connection.execute(schema.audit.delete().where(schema.audit.c.number == 2))
    cut = cli("access", "audit", "--head", head)
    with registry_of(cli) as registry, registry.writing() as connection:
        connection.execute(update(schema.audit).values(thing="account:other"))
    changed = cli("access", "audit")

    assert (cut.code, "ends at entry 1 but went on to 2" in cut.err) == (1, True)
    assert (changed.code, "entry 1 of the audit trail was changed" in changed.err.casefold()) == (1, True)
    assert changed.out == ""
