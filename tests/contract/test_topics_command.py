"""`engagement topics` on a real broker: topics are made to keep everything, and what differs is told."""

from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from tests.command_line import Cli
from tests.servers.kafka_server import KafkaNodes

NAMES = ["learning-events", "learning-events.rejected", "risk-changes"]


@pytest.fixture
def cli(tmp_path: Path, kafka_servers: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line, set to a cluster of one broker."""
    monkeypatch.setenv("ENGAGEMENT_BROKER", f"kafka://{kafka_servers}")
    monkeypatch.setenv("ENGAGEMENT_TOPIC_PREFIX", topic_prefix)
    monkeypatch.setenv("ENGAGEMENT_PARTITIONS", "3")
    monkeypatch.setenv("ENGAGEMENT_REPLICATION", "1")
    monkeypatch.setenv("ENGAGEMENT_MIN_INSYNC_REPLICAS", "1")
    return Cli(tmp_path)


def test_topics_are_made_once(cli: Cli, topic_prefix: str) -> None:
    """The first time all topics are made; the second time they are there, and as they should be."""
    made, again = cli("topics", "create", "--json"), cli("topics", "create", "--json")

    assert (made.code, again.code) == (0, 0)
    assert [(each["topic"], each["partitions"], each["made"]) for each in made.data] == [
        (f"{topic_prefix}{name}", partitions, True) for name, partitions in zip(NAMES, (3, 1, 3), strict=True)
    ]
    assert [(each["made"], each["differences"]) for each in again.data] == [(False, [])] * 3


def test_topics_are_made_on_several_brokers(
    cli: Cli, own_kafka_cluster: KafkaNodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On three brokers topics get the copies that were asked for, whichever broker is asked about them next."""
    monkeypatch.setenv("ENGAGEMENT_BROKER", f"kafka://{own_kafka_cluster.servers}")
    monkeypatch.setenv("ENGAGEMENT_REPLICATION", "3")
    monkeypatch.setenv("ENGAGEMENT_MIN_INSYNC_REPLICAS", "2")

    made, checked = cli("topics", "create"), cli("topics", "check")

    assert (made.code, checked.code) == (0, 0), made.err + checked.err


def test_missing_topics_are_told(cli: Cli, topic_prefix: str) -> None:
    """Before they are made, a check fails and says which command makes them."""
    ran = cli("topics", "check")

    assert ran.code == 1
    assert f"There is no topic {topic_prefix}risk-changes; run `engagement topics create`" in ran.err


def test_a_topic_that_forgets_is_told(cli: Cli, topic_prefix: str, kafka_servers: str) -> None:
    """A retention that somebody set fails the check, which names the command that puts it right."""
    cli("topics", "create")
    name = f"{topic_prefix}learning-events"
    admin = AdminClient({"bootstrap.servers": kafka_servers})
    shorter = ConfigEntry("retention.ms", "1000", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=[shorter])
    admin.incremental_alter_configs([resource])[resource].result(timeout=30)

    ran = cli("topics", "check", "--json")

    assert ran.code == 1
    [difference] = ran.data[0]["differences"]
    assert (difference["what"], difference["stands"], difference["needed"]) == ("retention.ms", "1000", "-1")
    assert f"--entity-name {name} --add-config retention.ms=-1`" in difference["remedy"]
    assert [each["differences"] for each in ran.data[1:]] == [[], []]


def test_other_partitions_and_copies_are_told(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Topics made with other settings are compared with those of now."""
    cli("topics", "create")
    monkeypatch.setenv("ENGAGEMENT_PARTITIONS", "5")
    monkeypatch.setenv("ENGAGEMENT_REPLICATION", "2")

    ran = cli("topics", "check")

    assert ran.code == 1
    assert "partitions 3 should be 5" in ran.err
    assert "copies 1 should be 2" in ran.err


def test_the_embedded_log_needs_none(tmp_path: Path) -> None:
    """Without a broker there is nothing to make and nothing to check."""
    for command in ("create", "check"):
        ran = Cli(tmp_path)("topics", command, "--json")
        assert (ran.code, ran.data) == (0, [])
        assert "makes its topics itself" in ran.err
    assert not list(tmp_path.iterdir())
