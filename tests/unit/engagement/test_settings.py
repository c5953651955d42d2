"""Settings: from the environment, documented, and wrong ones named."""

from pathlib import Path

import pytest

from alerting.policy import DEFAULT_POLICY
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


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("ALERTS", "yes", "dry-run"),
        ("SMTP_URL", "http://mail.example.org", "smtp://user:password@host:587"),
        ("SMTP_URL", "smtp-plain://me:secret@mail.example.org", "smtps://"),
        ("MAIL_FROM", "alerts", "alerts@example.org"),
        ("MAIL_FROM", "Alerts <alerts@example.org>\nBcc: other@example.org", "alerts@example.org"),
        ("WEBHOOK_PRIVATE_NETWORKS", "localhost", "10.1.0.0/16"),
        ("ALERT_EVERY", "0", "greater than or equal to 1"),
        ("ALERT_REMINDER_DAYS", "0", "greater than or equal to 1"),
    ],
)
def test_settings_of_alerts_say_what_they_may_be(
    name: str, value: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong one is refused with its variable and a remedy, and without a password that it may hold."""
    monkeypatch.setenv(f"ENGAGEMENT_{name}", value)
    with pytest.raises(SettingsError, match=f"ENGAGEMENT_{name}") as refused:
        load_settings()
    assert remedy in str(refused.value)
    assert "secret" not in str(refused.value).partition(":")[0]


def test_alerts_are_a_dry_run_unless_somebody_switches_them_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing leaves by default; reminder and escalation days are the policy's."""
    for name in ("ENGAGEMENT_ALERTS", "ENGAGEMENT_ALERT_REMINDER_DAYS"):
        monkeypatch.delenv(name, raising=False)
    settings = load_settings()
    assert settings.alerts == "dry-run"
    assert settings.alert_policy == DEFAULT_POLICY
