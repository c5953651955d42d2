"""Settings: from the environment, documented, and wrong ones named."""

from pathlib import Path

import pytest

from engagement.settings import Settings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No `.env` of the folder the tests are started in."""
    monkeypatch.chdir(tmp_path)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """ENGAGEMENT_DATA_DIR names the data folder."""
    monkeypatch.setenv("ENGAGEMENT_DATA_DIR", "/somewhere")
    assert load_settings().data_dir == Path("/somewhere")


def test_the_command_line_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder that is given is used, whatever the environment says."""
    monkeypatch.setenv("ENGAGEMENT_DATA_DIR", "/somewhere")
    assert load_settings(Path("/here")).data_dir == Path("/here")


def test_a_wrong_setting_is_named_as_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the variable and what it holds."""
    monkeypatch.setenv("ENGAGEMENT_LOG_FORMAT", "xml")
    with pytest.raises(SettingsError, match="ENGAGEMENT_LOG_FORMAT is 'xml'"):
        load_settings()


@pytest.mark.parametrize("servers", ["kafka://me:s3cret@kafka:9092", "kafka:9092", "kafka://kafka", "kafka://a:1,,b:2"])
def test_servers_are_named_with_their_ports(monkeypatch: pytest.MonkeyPatch, servers: str) -> None:
    """What is no list of servers is refused with the form they have, and a password in it is not told."""
    monkeypatch.setenv("ENGAGEMENT_BROKER", servers)
    with pytest.raises(SettingsError, match=r"ENGAGEMENT_BROKER is .* kafka://host:9092") as refused:
        load_settings()
    assert "s3cret" not in str(refused.value)


def test_every_setting_says_what_it_is_for() -> None:
    """No setting is without a description, which the reference is made from."""
    assert all(field.description for field in Settings.model_fields.values())


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """`ENGAGEMENT_DATA_DIR=` does not put the log into the folder one happens to stand in."""
    monkeypatch.setenv("ENGAGEMENT_DATA_DIR", "")
    assert load_settings().data_dir == Path("data")


def test_trusted_proxies_are_addresses_and_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list with or without spaces is read; a name, which anybody might come to stand for, is refused."""
    monkeypatch.setenv("ENGAGEMENT_TRUSTED_PROXIES", "10.0.0.5, 10.1.0.0/16")
    assert load_settings().trusted_proxies == "10.0.0.5,10.1.0.0/16"
    monkeypatch.setenv("ENGAGEMENT_TRUSTED_PROXIES", "proxy")
    with pytest.raises(SettingsError, match="ENGAGEMENT_TRUSTED_PROXIES is 'proxy'"):
        load_settings()
