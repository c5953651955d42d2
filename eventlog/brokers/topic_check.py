"""What is different about a topic on Kafka from what it must be so that nothing in it is lost, and what mends it."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from eventlog.brokers.cluster import KafkaCluster
from eventlog.brokers.topics import KafkaTopics, Topic

_AT_LEAST = frozenset({"min.insync.replicas", "max.message.bytes"})
"""Of these more will do as well."""


class Difference(Struct, frozen=True, kw_only=True):
    """One thing that is not as it must be."""

    what: str
    stands: str
    """As it is on the broker."""
    needed: str
    remedy: str
    """A sentence with the command or the setting that puts it right."""


def differences(cluster: KafkaCluster, topics: KafkaTopics, topic: Topic, partitions: int) -> list[Difference]:
    """Compare a topic with what the cluster's settings ask for.

    Raises:
        LogError: Kafka does not answer.
    """
    configuration = topics.configuration(topic.name)
    return [*_shape(cluster, topic, partitions), *_configuration(cluster, topic.name, configuration, topics.needed())]


def _shape(cluster: KafkaCluster, topic: Topic, partitions: int) -> Iterator[Difference]:
    if topic.partitions != partitions:
        yield Difference(
            what="partitions",
            stands=str(topic.partitions),
            needed=str(partitions),
            remedy="A topic keeps the partitions it was made with, since keys would change theirs: "
            f"set ENGAGEMENT_PARTITIONS to {topic.partitions}, or move the log to a new topic with "
            "`engagement export-log` and `engagement import-log`.",
        )
    if topic.replication < cluster.replication:
        yield Difference(
            what="copies",
            stands=str(topic.replication),
            needed=str(cluster.replication),
            remedy=f"Add copies with `kafka-reassign-partitions.sh --bootstrap-server {cluster.address} --execute "
            f"--reassignment-json-file FILE`, or set ENGAGEMENT_REPLICATION to {topic.replication}.",
        )


def _configuration(
    cluster: KafkaCluster, topic: str, stands: Mapping[str, str], needed: Mapping[str, str]
) -> Iterator[Difference]:
    for key, value in needed.items():
        if stands[key] == value or (key in _AT_LEAST and int(stands[key]) >= int(value)):
            continue
        yield Difference(
            what=key,
            stands=stands[key],
            needed=value,
            remedy=f"Run `kafka-configs.sh --bootstrap-server {cluster.address} --alter --entity-type topics "
            f"--entity-name {cluster.named(topic)} --add-config {key}={value}`.",
        )
