"""Where to look and how to get in: the address that people use, and a link that the audit trail knows of."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engagement.settings import Settings
from engagement.welcome import how_to_get_in, public_address, sign_in_link
from engagement.wiring import Wiring
from registry import accounts, audit, signing_in
from registry.audit import Action
from registry.signing_in import NotLetInError

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "http://127.0.0.1:9000"), ("::1", "http://[::1]:9000"), ("localhost", "http://localhost:9000")],
)
def test_the_address_is_where_the_dashboard_listens(host: str, address: str) -> None:
    """It can be put into a browser as it is."""
    assert public_address(Settings(), host, 9000) == address


def test_the_address_that_was_set_wins() -> None:
    """Behind a web server people use another one."""
    settings = Settings(public_url="https://engagement.example.org/")
    assert public_address(settings, "127.0.0.1", 9000) == "https://engagement.example.org"


def test_where_nobody_has_access_a_command_is_told(tmp_path: Path) -> None:
    """It names the data folder, so that it can be copied; once somebody has access, nothing is told."""
    wiring = Wiring(Settings(data_dir=tmp_path / "my data"))
    wiring.settings.data_dir.mkdir()
    told = how_to_get_in(wiring)
    assert told is not None
    assert f"--data-dir '{wiring.settings.data_dir}' access grant" in told
    with wiring.registry() as registry, registry.writing() as connection:
        made = accounts.create(connection, label="Ann", role="read-only", now=NOW)
    assert how_to_get_in(wiring) is None
    with wiring.registry() as registry, registry.writing() as connection:
        accounts.revoke(connection, made.id, NOW)
    assert how_to_get_in(wiring) is not None


def test_a_link_signs_in_once_and_every_start_gives_a_new_one(tmp_path: Path) -> None:
    """All links are of one account of staff, and each is noted in the audit trail without its secret."""
    wiring = Wiring(Settings(data_dir=tmp_path))
    links = [sign_in_link(wiring, "http://127.0.0.1:8480", NOW) for _ in range(2)]
    tokens = [each.removeprefix("http://127.0.0.1:8480/sign-in/") for each in links]
    with wiring.registry() as registry:
        owners = {signing_in.with_link(registry, each, "127.0.0.1", NOW).account.id for each in tokens}
        assert len(owners) == 1
        with pytest.raises(NotLetInError):
            signing_in.with_link(registry, tokens[0], "127.0.0.1", NOW)
        with registry.reading() as connection:
            granted = [each for each in audit.entries(connection) if each.action == Action.ACCESS_GRANTED]
            [account] = accounts.every(connection)
    assert (account.role, account.partner) == ("staff", None)
    assert [each.details["link"] for each in reversed(granted)] == [
        each[: len("eng_link_0123456789")] for each in tokens
    ]
