"""How Kafka is reached: from the settings, with wrong ones told plainly and passwords never shown."""

import ssl
from pathlib import Path

import pytest

from engagement.settings import SettingsError, load_settings
from eventlog.base import LogError
from eventlog.brokers.cluster import KafkaCluster, KafkaSecurity
from tests.servers.tls import make_certificates

SIGNED_IN = {
    "ENGAGEMENT_BROKER": "kafka://one:9092,two:9093",
    "ENGAGEMENT_TOPIC_PREFIX": "npq.",
    "ENGAGEMENT_REPLICATION": "2",
    "ENGAGEMENT_MIN_INSYNC_REPLICAS": "1",
    "ENGAGEMENT_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "ENGAGEMENT_KAFKA_SASL_MECHANISM": "SCRAM-SHA-256",
    "ENGAGEMENT_KAFKA_USERNAME": "worker",
    "ENGAGEMENT_KAFKA_PASSWORD": "open sesame",
}


@pytest.fixture
def _signed_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Settings of a cluster with TLS and a password, and no `.env` of where the tests are started."""
    monkeypatch.chdir(tmp_path)
    for name, value in SIGNED_IN.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("_signed_in")
def test_the_cluster_is_what_the_settings_say() -> None:
    """Every setting of Kafka reaches the cluster."""
    cluster = load_settings().kafka_cluster()

    assert cluster == KafkaCluster(
        ("one:9092", "two:9093"),
        "npq.",
        KafkaSecurity("SASL_SSL", "SCRAM-SHA-256", "worker", "open sesame"),
        replication=2,
        min_insync_replicas=1,
    )


@pytest.mark.usefixtures("_signed_in")
def test_clients_are_told_who_signs_in() -> None:
    """kafka-python gets servers, TLS, user and password under its own names."""
    options = load_settings().kafka_cluster().options()

    assert options.pop("ssl_context").verify_mode is ssl.CERT_REQUIRED
    assert options == {
        "bootstrap_servers": ["one:9092", "two:9093"],
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_plain_username": "worker",
        "sasl_plain_password": "open sesame",
    }


@pytest.mark.usefixtures("_signed_in")
def test_a_password_is_never_shown() -> None:
    """Neither the cluster's text nor that of the settings has the password in it."""
    settings = load_settings()

    assert "open sesame" not in repr(settings) + repr(settings.kafka_cluster()) + str(settings.kafka_cluster())


@pytest.mark.usefixtures("_signed_in")
@pytest.mark.parametrize("name", ["ENGAGEMENT_KAFKA_USERNAME", "ENGAGEMENT_KAFKA_PASSWORD"])
def test_signing_in_needs_both(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A protocol with a password, and none set (or no user), is refused by the name of the setting."""
    monkeypatch.delenv(name)

    with pytest.raises(SettingsError, match=rf"{name}.*Kafka over SASL_SSL needs it"):
        load_settings()


def test_plain_kafka_needs_nothing() -> None:
    """Without TLS and password there is nothing to tell but the servers."""
    assert KafkaCluster(("one:9092",)).options() == {
        "bootstrap_servers": ["one:9092"],
        "security_protocol": "PLAINTEXT",
        "ssl_context": None,
    }


def test_a_prefix_is_for_the_broker_only() -> None:
    """Topics have the prefix on the broker and nowhere else; topics of others and of Kafka itself are not ours."""
    cluster = KafkaCluster(("one:9092",), "npq.")

    assert cluster.named("facts") == "npq.facts"
    assert cluster.plain("npq.facts") == "facts"
    assert [cluster.owns(name) for name in ("npq.facts", "facts", "__consumer_offsets")] == [True, False, False]
    assert not KafkaCluster(("one:9092",)).owns("__consumer_offsets")


def test_an_acknowledgement_of_more_copies_than_there_are_is_refused() -> None:
    """Settings that no append could ever meet are refused before one is tried."""
    with pytest.raises(LogError, match=r"wait for 2 copies of a topic that has 1.*ENGAGEMENT_MIN_INSYNC_REPLICAS"):
        KafkaCluster(("one:9092",), replication=1)


def test_a_key_without_certificate_is_refused(tmp_path: Path) -> None:
    """Half a pair is told by the setting that is missing."""
    with pytest.raises(LogError, match=r"key.pem has no certificate.*ENGAGEMENT_KAFKA_CERT_FILE"):
        KafkaSecurity("SSL", key_file=tmp_path / "key.pem")


def test_a_missing_ca_file_is_named(tmp_path: Path) -> None:
    """A file that is not there is told by its name and its setting."""
    with pytest.raises(LogError, match=r"no file .*ca.pem; correct ENGAGEMENT_KAFKA_CA_FILE"):
        KafkaSecurity("SSL", ca_file=tmp_path / "ca.pem").ssl_context()


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    """Anything else than PEM is told so."""
    (tmp_path / "ca.pem").write_text("not a certificate")

    with pytest.raises(LogError, match=r"ca.pem cannot be used as certificates"):
        KafkaSecurity("SSL", ca_file=tmp_path / "ca.pem").ssl_context()


def test_a_certificate_with_the_key_of_another_is_refused(tmp_path: Path) -> None:
    """A pair that is none is told by both files; a real pair is taken."""
    ca_file, pair = make_certificates(tmp_path / "one")
    make_certificates(tmp_path / "two")
    mine, anothers = tmp_path / "one" / "server.key", tmp_path / "two" / "server.key"

    assert KafkaSecurity("SSL", ca_file=ca_file, cert_file=pair, key_file=mine).ssl_context() is not None
    with pytest.raises(LogError, match=r"server.pem and key .*two/server.key cannot be used together"):
        KafkaSecurity("SSL", ca_file=ca_file, cert_file=pair, key_file=anothers).ssl_context()
