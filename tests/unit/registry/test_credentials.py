"""Keys and links: shown once, kept as hashes, good for their time and their purpose only."""

from datetime import timedelta
from pathlib import Path

import pytest

from registry import accounts
from registry.credentials import Kind, UnknownCredentialError, check, issue, of_account, prefix_of, revoke, use_up
from registry.store import Registry, RegistryError
from tests.registry_kit import NOW, files_with, grant, later


def test_a_key_lets_its_account_in(registry: Registry) -> None:
    """With the prefix by which it is listed, which is the beginning of the key."""
    account = grant(registry)
    with registry.writing() as connection:
        issued = issue(connection, account.id, "key", NOW)
        found = check(connection, issued.token, "key", later(days=3_000))
        [listed] = of_account(connection, account.id)

    assert found is not None
    assert found[0] == account
    assert issued.token.startswith(f"{listed.prefix}_")
    assert prefix_of(issued.token) == listed.prefix == issued.prefix
    assert issued.prefix.startswith("eng_key_")


def test_a_secret_is_kept_nowhere(registry: Registry, tmp_path: Path) -> None:
    """No file has the key or the part of it that is secret; what is printed by mistake has not got it either."""
    with registry.writing() as connection:
        issued = issue(connection, grant_in(connection), "key", NOW)
    secret = issued.token.removeprefix(issued.prefix + "_")

    assert len(secret) == 43  # 256 bits, six in a character
    assert files_with(tmp_path, secret) == {}
    assert secret not in repr(issued)


def grant_in(connection: object) -> str:
    """An account, within a transaction."""
    return accounts.create(connection, label="Desk 1", role="staff", now=NOW).id  # type: ignore[arg-type]  # a connection


def test_no_two_are_alike(registry: Registry) -> None:
    """Every key has a prefix and a secret of its own."""
    with registry.writing() as connection:
        account = grant_in(connection)
        made = [issue(connection, account, "key", NOW) for _ in range(50)]
    assert len({each.prefix for each in made}) == len({each.token[-43:] for each in made}) == 50


@pytest.mark.parametrize("end", ["", "x", "A" * 43, "é", "_" * 43, "\x00"])
def test_another_secret_lets_nobody_in(registry: Registry, end: str) -> None:
    """The prefix alone, or with any other secret behind it, is no key."""
    with registry.writing() as connection:
        issued = issue(connection, grant_in(connection), "key", NOW)
        assert check(connection, f"{issued.prefix}_{end}", "key", NOW) is None
        assert check(connection, issued.token + end, "key", NOW) is None or end == ""


@pytest.mark.parametrize("token", ["", "eng_key_", "' OR 1=1 --", "eng_key_0123456789_" + "A" * 43, "a" * 100_000])
def test_what_is_no_key_lets_nobody_in(registry: Registry, token: str) -> None:
    """Anything may be sent as a key."""
    with registry.reading() as connection:
        assert check(connection, token, "key", NOW) is None


def test_a_key_is_no_link_and_a_link_no_key(registry: Registry) -> None:
    """What is meant for one door opens no other."""
    with registry.writing() as connection:
        account = grant_in(connection)
        for kind, other in (("key", "link"), ("link", "key")):
            token = issue(connection, account, kind, NOW).token  # type: ignore[arg-type]  # it is one of the two
            assert check(connection, token, other, NOW) is None  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("kind", "valid", "holds"),
    [
        ("link", None, timedelta(hours=24)),
        ("link", timedelta(hours=1), timedelta(hours=1)),
        ("key", timedelta(30), timedelta(30)),
    ],
)
def test_it_ends_with_its_time(registry: Registry, kind: Kind, valid: timedelta | None, holds: timedelta) -> None:
    """Until the moment at which it expires it lets in, then no more; a link has a day if nothing is said."""
    with registry.writing() as connection:
        issued = issue(connection, grant_in(connection), kind, NOW, valid)
        assert check(connection, issued.token, kind, NOW + holds - timedelta(seconds=1))
        assert check(connection, issued.token, kind, NOW + holds) is None
    assert issued.expires_at == NOW + holds


@pytest.mark.parametrize("valid", [timedelta(0), timedelta(-1), timedelta(4_000)])
def test_a_time_out_of_bounds_is_refused(registry: Registry, valid: timedelta) -> None:
    """A key that never held, or holds for longer than a decade, is a slip."""
    with registry.writing() as connection, pytest.raises(RegistryError, match="at most 3650 days"):
        issue(connection, grant_in(connection), "key", NOW, valid)


def test_a_link_that_was_used_is_used_up(registry: Registry) -> None:
    """A link is good for one time."""
    with registry.writing() as connection:
        issued = issue(connection, grant_in(connection), "link", NOW)
        use_up(connection, issued.prefix, later(minutes=1))
        assert check(connection, issued.token, "link", later(minutes=2)) is None


def test_keys_are_changed_with_an_overlap(registry: Registry) -> None:
    """A new key works beside the old one; revoking the old one leaves the new one, and tells when it ended."""
    with registry.writing() as connection:
        account = grant_in(connection)
        old, new = (issue(connection, account, "key", NOW) for _ in range(2))
        assert all(check(connection, each.token, "key", NOW) for each in (old, new))
        ended = revoke(connection, old.prefix, later(days=1))
        assert check(connection, old.token, "key", later(days=1)) is None
        assert check(connection, new.token, "key", later(days=1))
        assert revoke(connection, old.prefix, later(days=2)) == ended
    assert ended.revoked_at == later(days=1)


def test_a_revoked_account_gets_no_new_key(registry: Registry) -> None:
    """Whoever is out stays out."""
    account = grant(registry)
    with registry.writing() as connection:
        accounts.revoke(connection, account.id, NOW)
        with pytest.raises(RegistryError, match="is revoked"):
            issue(connection, account.id, "key", NOW)


def test_an_unknown_prefix_is_told(registry: Registry) -> None:
    """The message says where prefixes are listed."""
    with registry.writing() as connection, pytest.raises(UnknownCredentialError, match="engagement access list"):
        revoke(connection, "eng_key_0", NOW)
