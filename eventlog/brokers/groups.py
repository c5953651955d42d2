"""Who reads from Kafka: the members of a consumer group, as the brokers know them."""

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from eventlog.base import LogAwayError
from eventlog.brokers.clients import opened
from eventlog.brokers.cluster import KafkaCluster

_PATIENCE_SECONDS = 30.0


def has_members(cluster: KafkaCluster, group: str) -> bool:
    """Whether somebody is a member of the group; one that died stays a member until its session has run out.

    Raises:
        LogAwayError: When the cluster cannot be asked.
    """
    try:
        client = opened(KafkaAdminClient, cluster, _PATIENCE_SECONDS)
        try:
            return any(described["members"] for described in client.describe_groups([group]).values())
        finally:
            client.close()
    except KafkaError as error:
        raise LogAwayError(f"Kafka at {cluster.address} cannot tell who reads from it ({error!r}).") from error
