"""Our topics on Kafka: made so that nothing in them is ever taken away, listed and described."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

import kafka.errors as kafka_errors
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from eventlog.brokers.clients import opened
from eventlog.brokers.cluster import KafkaCluster
from eventlog.brokers.errors import patiently, plain_errors

LARGEST_RECORD: Final = 2 << 20
"""Bytes of a record with everything about it: a line of JSON of 1 MiB, parked as a reject, grows by a third."""

_FOR_EVER: Final = "-1"


class Topic(NamedTuple):
    """A topic as it is on the broker; `name` is ours, without the prefix."""

    name: str
    partitions: int
    replication: int
    """Copies of the partition that has fewest."""
    incarnation: str
    """The broker's own id of the topic: another one when it was deleted and made again."""


class KafkaTopics:
    """Makes, lists and describes topics. For one thread at a time.

    Args:
        cluster: Where.
        seconds: For how long Kafka may be away before that is an error.
    """

    def __init__(self, cluster: KafkaCluster, seconds: float) -> None:
        self._cluster = cluster
        self._seconds = seconds
        self._client: KafkaAdminClient | None = None

    def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def topics(self) -> dict[str, Topic]:
        """Every topic of ours, by its plain name.

        Raises:
            LogError: Kafka does not answer.
        """
        with plain_errors(self._cluster, "list the topics", self._seconds):
            described = patiently(lambda: self._admin().describe_topics(), self._seconds)
        return {
            topic.name: topic
            for topic in (self._topic(each) for each in described if self._is_ours(each))
            if topic.partitions
        }

    def create(self, topic: str, partitions: int) -> None:
        """Make a topic, with as many copies as the cluster's settings say; one that is there stays as it is.

        Raises:
            LogError: Kafka does not answer, or does not take it.
        """
        name = self._cluster.named(topic)
        wanted = {
            "num_partitions": partitions,
            "replication_factor": self._cluster.replication,
            "configs": self.needed(),
        }
        with plain_errors(self._cluster, f"make topic {topic}", self._seconds):
            with suppress(kafka_errors.TopicAlreadyExistsError):
                patiently(lambda: self._admin().create_topics({name: wanted}), self._seconds)
            self._admin().wait_for_topics([name], timeout_ms=int(self._seconds * 1000))

    def needed(self) -> dict[str, str]:
        """The configuration that a topic needs so that nothing is lost in it."""
        return {
            "cleanup.policy": "delete",
            "retention.ms": _FOR_EVER,
            "retention.bytes": _FOR_EVER,
            "min.insync.replicas": str(self._cluster.min_insync_replicas),
            "max.message.bytes": str(LARGEST_RECORD),
        }

    def configuration(self, topic: str) -> Mapping[str, str]:
        """What a topic's configuration says of those things that `needed` names; empty when there is no such topic.

        Raises:
            LogError: Kafka does not answer.
        """
        name = self._cluster.named(topic)
        wanted = ConfigResource(ConfigResourceType.TOPIC, name, configs=dict.fromkeys(self.needed()))
        with plain_errors(self._cluster, f"describe topic {topic}", self._seconds):
            described = patiently(lambda: self._admin().describe_configs([wanted], config_filter="all"), self._seconds)
        return {key: entry["value"] for key, entry in described["topic"][name].items()}

    def _admin(self) -> KafkaAdminClient:
        if self._client is None:
            self._client = opened(KafkaAdminClient, self._cluster, self._seconds)
        return self._client

    def _is_ours(self, described: Mapping[str, Any]) -> bool:
        return not described["is_internal"] and self._cluster.owns(described["name"])

    def _topic(self, described: Mapping[str, Any]) -> Topic:
        partitions = described["partitions"]
        return Topic(
            self._cluster.plain(described["name"]),
            len(partitions),
            min((len(partition["replica_nodes"]) for partition in partitions), default=0),
            str(described["topic_id"]),
        )
