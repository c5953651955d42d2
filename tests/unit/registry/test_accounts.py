"""Accounts: who may be what, and that a revoked one is out at once."""

import pytest
from sqlalchemy import update

from registry import accounts, credentials, schema, sessions
from registry.accounts import UnknownAccountError, create, every, find, revoke
from registry.codes import is_code
from registry.store import Registry, RegistryError
from tests.registry_kit import NOW, grant, later


def test_an_account_comes_back_as_it_was_made(registry: Registry) -> None:
    """With its role, its partner and its label; its id is fit to stand on the log."""
    made = grant(registry, "partner", "north-hub", "Ada at North Hub")

    with registry.reading() as connection:
        assert find(connection, made.id) == made
        assert every(connection) == [made]
    assert (made.role, made.partner, made.revoked_at) == ("partner", "north-hub", None)
    assert is_code(made.id)


@pytest.mark.parametrize(("role", "may_act"), [("staff", True), ("partner", True), ("read-only", False)])
def test_only_who_is_read_only_may_not_act(registry: Registry, role: accounts.Role, may_act: bool) -> None:
    """Staff and partners do something about what they see; the third role looks."""
    assert grant(registry, role, "north-hub" if role == "partner" else None).may_act is may_act


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"role": "partner"}, "must name the partner"),
        ({"role": "staff", "partner": "north-hub"}, "names none"),
        ({"role": "admin"}, "admin is no role; use one of staff, partner, read-only"),
        ({"role": "partner", "partner": "North Hub"}, "partner must be a code"),
        ({"role": "staff", "label": " "}, "label .* it is empty"),
        ({"role": "staff", "label": "a\nb"}, "label .* line breaks"),
        ({"role": "staff", "email": "nobody"}, "no email address"),
    ],
)
def test_what_does_not_go_together_is_refused(registry: Registry, given: dict[str, str], told: str) -> None:
    """An account that would see too much, or nothing, is not made."""
    with pytest.raises(RegistryError, match=told), registry.writing() as connection:
        create(connection, **{"label": "Desk 1", **given}, now=NOW)  # type: ignore[arg-type]  # some are wrong on purpose


def test_who_only_reads_may_be_bound_to_a_partner(registry: Registry) -> None:
    """A read-only account sees all partners, or one."""
    assert grant(registry, "read-only").partner is None
    assert grant(registry, "read-only", "north-hub").partner == "north-hub"


def test_a_revoked_account_is_out_at_once(registry: Registry) -> None:
    """Its keys, its links and its sessions end together; another account's go on."""
    ours, theirs = grant(registry), grant(registry)
    with registry.writing() as connection:
        tokens = {each: credentials.issue(connection, each.id, "key", NOW).token for each in (ours, theirs)}
        links = {each: credentials.issue(connection, each.id, "link", NOW).token for each in (ours, theirs)}
        browsers = {each: sessions.start(connection, each.id, NOW) for each in (ours, theirs)}
        closed = revoke(connection, ours.id, later(minutes=1))

    with registry.reading() as connection:
        let_in = {
            each: (
                credentials.check(connection, tokens[each], "key", later(minutes=1)) is not None,
                credentials.check(connection, links[each], "link", later(minutes=1)) is not None,
                sessions.find(connection, browsers[each], later(minutes=1)) is not None,
            )
            for each in (ours, theirs)
        }
    assert let_in == {ours: (False, False, False), theirs: (True, True, True)}
    assert closed.revoked_at == later(minutes=1)


def test_an_account_that_ended_lets_nobody_in(registry: Registry) -> None:
    """Even where its keys and sessions are still there, as in a database that somebody has mended by hand."""
    account = grant(registry)
    with registry.writing() as connection:
        key = credentials.issue(connection, account.id, "key", NOW).token
        browser = sessions.start(connection, account.id, NOW)
        connection.execute(update(schema.account).values(revoked_at=NOW))

        assert credentials.check(connection, key, "key", NOW) is None
        assert sessions.find(connection, browser, NOW) is None


def test_revoking_again_changes_nothing(registry: Registry) -> None:
    """The first moment counts."""
    account = grant(registry)
    with registry.writing() as connection:
        revoke(connection, account.id, NOW)
        assert revoke(connection, account.id, later(days=1)).revoked_at == NOW


def test_an_unknown_account_is_told(registry: Registry) -> None:
    """The message says where the ids are listed."""
    with registry.writing() as connection:
        for ask in (find, lambda connection, id_: revoke(connection, id_, NOW)):
            with pytest.raises(UnknownAccountError, match="no account account-9; see `engagement access list`"):
                ask(connection, "account-9")
