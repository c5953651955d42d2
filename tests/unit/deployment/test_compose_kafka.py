"""The broker of docker-compose.yml, run without a container: Kafka takes its settings, and our topics."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ConfigSource

from eventlog.brokers.cluster import KafkaCluster
from eventlog.brokers.topics import KafkaTopics
from eventlog.facts import FACTS_TOPIC
from tests.servers.kafka_server import KafkaNode, ports_of_node, require_kafka
from tests.servers.process import ServerMissingError
from tests.servers.run import Run
from tests.unit.deployment.compose import SERVICES

pytestmark = pytest.mark.server

PATIENCE = 60.0
SETTINGS = {
    name.removeprefix("KAFKA_").lower().replace("_", "."): str(value)
    for name, value in SERVICES["kafka"]["environment"].items()
}
"""As the image of Kafka makes them of its environment."""


class ComposeKafka(KafkaNode):
    """A broker with the settings of the file; only addresses and folders are those of this machine."""

    def _settings(self) -> dict[str, object]:
        return {name: self._here(value) for name, value in SETTINGS.items()} | {"log.dirs": self.folder / "data"}

    def _here(self, value: str) -> str:
        mine = self._ports[0]
        for port, here in (("19092", mine.secure), ("29093", mine.controllers), ("9092", mine.clients)):
            for host in ("//", "kafka", "127.0.0.1"):
                value = value.replace(f"{host}:{port}", f"{'//' * (host == '//')}127.0.0.1:{here}")
        return value


@pytest.fixture
def compose_kafka(server_run: Run) -> Iterator[KafkaNode]:
    """The broker, which is there for one test."""
    try:
        require_kafka()
    except ServerMissingError as error:
        pytest.skip(f"needs a server: {error}")
    with ComposeKafka(server_run.own_folder(), [ports_of_node(server_run.ports)], named=server_run.note) as node:
        yield node


def known_to(node: KafkaNode) -> set[str]:
    """The settings that a broker was given and knows; one that it does not know it takes for a secret."""
    broker = ConfigResource(ConfigResource.Type.BROKER, "1")
    client = AdminClient({"bootstrap.servers": node.servers})
    entries = client.describe_configs([broker])[broker].result(PATIENCE).values()
    given = ConfigSource.STATIC_BROKER_CONFIG.value
    return {entry.name for entry in entries if entry.source == given and not entry.is_sensitive}


def test_the_broker_takes_its_settings_and_our_topics(compose_kafka: KafkaNode) -> None:
    """Kafka starts with the settings of the file, knows every one, and makes topics as the services ask for them."""
    environment = SERVICES["topics"]["environment"]
    cluster = KafkaCluster(
        servers=(compose_kafka.servers,),
        replication=environment["ENGAGEMENT_REPLICATION"],
        min_insync_replicas=environment["ENGAGEMENT_MIN_INSYNC_REPLICAS"],
    )
    with closing(KafkaTopics(cluster, PATIENCE)) as topics:
        topics.create(FACTS_TOPIC, environment["ENGAGEMENT_PARTITIONS"])
        made = topics.topics()[FACTS_TOPIC]

    assert (made.partitions, made.replication) == (environment["ENGAGEMENT_PARTITIONS"], 1)
    assert SETTINGS.keys() <= known_to(compose_kafka)
