"""The doors: a link opens one session, a key is good until it ends, and who guesses is slowed down."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from registry import accounts, audit, credentials, sessions
from registry.credentials import Kind
from registry.signing_in import NotLetInError, TooManyFailuresError, sign_out, with_key, with_link, with_session
from registry.store import Registry
from tests.registry_kit import ADDRESS, NOW, files_with, grant, later

WRONG = "eng_key_0123456789_" + "A" * 43


def issue(registry: Registry, account: str, kind: Kind) -> str:
    """A token."""
    with registry.writing() as connection:
        return credentials.issue(connection, account, kind, NOW).token


def signed_in(registry: Registry) -> str:
    """A session that begins now."""
    return with_link(registry, issue(registry, grant(registry).id, "link"), ADDRESS, NOW).token


def refused(registry: Registry, token: str, address: str = ADDRESS, **elapsed: float) -> int:
    """The seconds to wait that a try answers; 0 for a token that was looked at and found wrong."""
    try:
        with_key(registry, token, address, later(**elapsed))
    except TooManyFailuresError as error:
        return error.seconds
    except NotLetInError:
        return 0
    pytest.fail("was let in")


def test_a_link_opens_one_session(registry: Registry) -> None:
    """The second time the same link signs nobody in."""
    account = grant(registry)
    link = issue(registry, account.id, "link")

    begun = with_link(registry, link, ADDRESS, NOW)
    with pytest.raises(NotLetInError, match="ask for a new one"):
        with_link(registry, link, ADDRESS, NOW)

    assert begun.account == account
    found = with_session(registry, begun.token, NOW)
    assert found is not None
    assert found.account == account


def test_signing_in_ends_the_session_before(registry: Registry) -> None:
    """What the browser had is replaced, so that a planted session is worth nothing."""
    before = signed_in(registry)
    link = issue(registry, grant(registry).id, "link")
    begun = with_link(registry, link, ADDRESS, NOW, instead_of=before)

    assert begun.token != before
    assert with_session(registry, before, NOW) is None
    assert with_session(registry, begun.token, NOW) is not None


def test_a_session_is_kept_as_a_hash(registry: Registry, tmp_path: Path) -> None:
    """Who reads the registry's file cannot use the sessions in it."""
    token = signed_in(registry)
    assert files_with(tmp_path, token, sessions.csrf_token(token)) == {}


def test_a_session_ends_when_it_is_idle(registry: Registry) -> None:
    """Twelve hours after the last request, not after the first."""
    token = signed_in(registry)
    assert with_session(registry, token, later(hours=11.9))
    assert with_session(registry, token, later(hours=23.8))
    assert with_session(registry, token, later(hours=23.8) + sessions.IDLE) is None


def test_a_session_ends_after_a_week_at_the_latest(registry: Registry) -> None:
    """However busy it is."""
    token = signed_in(registry)
    for hours in range(0, 7 * 24, 8):
        assert with_session(registry, token, later(hours=hours))
    assert with_session(registry, token, later(days=7) - timedelta(seconds=1))
    assert with_session(registry, token, later(days=7)) is None


def test_looking_at_pages_writes_now_and_then_only(registry: Registry) -> None:
    """That a session is in use is noted every five minutes."""
    token = signed_in(registry)
    seen = []
    for minutes in (0, 4, 5, 9, 10):
        found = with_session(registry, token, later(minutes=minutes))
        assert found
        seen.append((found.seen_at - NOW).total_seconds() / 60)
    assert seen == [0, 0, 0, 5, 5]


def test_who_signs_out_is_out(registry: Registry) -> None:
    """The cookie is worth nothing from then on; doing it twice does no harm."""
    token = signed_in(registry)
    sign_out(registry, token, NOW)
    sign_out(registry, token, NOW)

    assert with_session(registry, token, NOW) is None
    with registry.reading() as connection:
        assert [each.action for each in audit.entries(connection)] == ["signed-out", "signed-in"]


@pytest.mark.parametrize("token", ["", "x", "\ud800", "é" * 1_000])
def test_any_cookie_may_come(registry: Registry, token: str) -> None:
    """What is no session is none, whatever it is."""
    assert with_session(registry, token, NOW) is None


def test_a_form_belongs_to_its_session(registry: Registry) -> None:
    """The token of a form is that of its session and of no other, and nothing else passes."""
    ours, theirs = signed_in(registry), signed_in(registry)

    assert sessions.is_csrf_token(ours, sessions.csrf_token(ours))
    assert not sessions.is_csrf_token(ours, sessions.csrf_token(theirs))
    assert not any(sessions.is_csrf_token(ours, given) for given in ("", "é", "\ud800", ours))


def test_the_day_on_which_a_key_was_used_is_noted(registry: Registry) -> None:
    """So that keys nobody uses can be found and revoked."""
    account = grant(registry)
    key = issue(registry, account.id, "key")
    for days in (0, 0.1, 2):
        assert with_key(registry, key, ADDRESS, later(days=days)) == account

    with registry.reading() as connection:
        [listed] = credentials.of_account(connection, account.id)
    assert listed.last_used_on == date(2026, 3, 4)


def test_a_revoked_key_is_dead_at_the_next_request(registry: Registry) -> None:
    """Nothing is remembered between two requests."""
    account = grant(registry)
    key = issue(registry, account.id, "key")
    with_key(registry, key, ADDRESS, NOW)
    with registry.writing() as connection:
        accounts.revoke(connection, account.id, NOW)

    with pytest.raises(NotLetInError):
        with_key(registry, key, ADDRESS, NOW)


def test_who_guesses_is_locked_out(registry: Registry) -> None:
    """Of a hundred tries five are looked at; the others are told how long to wait, and so is one with the right key."""
    key = issue(registry, grant(registry).id, "key")
    waits = [refused(registry, f"eng_key_{number:010}_{'A' * 43}", seconds=number) for number in range(100)]

    assert waits[:5] == [0] * 5
    assert waits[5:] == [900 - number for number in range(5, 100)]
    assert refused(registry, key, seconds=200) == 700
    with_key(registry, key, ADDRESS, later(minutes=15))


def test_others_are_not_locked_out(registry: Registry) -> None:
    """Failures from one address are nothing to another."""
    key = issue(registry, grant(registry).id, "key")
    for _ in range(6):
        refused(registry, WRONG)
    with_key(registry, key, "198.51.100.1", NOW)


def test_a_key_that_is_guessed_from_many_places_is_locked(registry: Registry) -> None:
    """The prefix that is tried counts as well as the address."""
    waits = [refused(registry, WRONG, f"203.0.113.{number}") for number in range(8)]
    assert waits == [0, 0, 0, 0, 0, 900, 900, 900]


def test_addresses_of_one_network_count_together(registry: Registry) -> None:
    """Who has an IPv6 network has billions of addresses; what is no address at all counts as one place."""
    tries = [f"eng_key_{number:010}_{'A' * 43}" for number in range(6)]
    for address in ("2001:db8:1:2::{}", "::ffff:192.0.2.1", "not an address {}"):
        waits = [refused(registry, token, address.format(number)) for number, token in enumerate(tries)]
        assert waits == [0, 0, 0, 0, 0, 900]
    assert refused(registry, "", "2001:db8:1:3::1") == 0


def test_failures_are_forgotten(registry: Registry) -> None:
    """Five failures spread over a longer time are no guessing."""
    waits = [refused(registry, WRONG, minutes=number * 4) for number in range(12)]
    assert waits == [0] * 12


def test_several_web_servers_count_together(registry: Registry, tmp_path: Path) -> None:
    """Failures are kept in the registry, not in the memory of a process."""
    with Registry(tmp_path / "registry.db") as another:
        waits = [refused(each, WRONG) for each in (registry, another) * 3]
    assert waits == [0, 0, 0, 0, 0, 900]


def test_what_happens_at_the_doors_is_noted(registry: Registry) -> None:
    """Signing in with the link's prefix, a refusal with the prefix that was tried; never a secret."""
    account = grant(registry)
    link = issue(registry, account.id, "link")
    with_link(registry, link, ADDRESS, NOW)
    refused(registry, WRONG)
    refused(registry, "what is no key")

    with registry.reading() as connection:
        noted = audit.entries(connection)
    assert [(each.action, each.account, each.details) for each in noted] == [
        ("sign-in-refused", None, {}),
        ("sign-in-refused", None, {"prefix": "eng_key_0123456789"}),
        ("signed-in", account.id, {"link": credentials.prefix_of(link)}),
    ]
