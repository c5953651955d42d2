"""Who reads from Kafka: the members of a consumer group, as the brokers know them."""

from contextlib import closing

from kafka import KafkaAdminClient
from kafka.errors import CoordinatorLoadInProgressError, GroupAuthorizationFailedError

from eventlog.brokers.clients import opened
from eventlog.brokers.cluster import KafkaCluster
from eventlog.brokers.errors import patiently, plain_errors

_PATIENCE_SECONDS = 30.0


def has_members(cluster: KafkaCluster, group: str) -> bool:
    """Whether somebody is a member of the group; one that died stays a member until its session has run out.

    Raises:
        LogError: When the cluster cannot be asked, or does not tell.
    """
    with plain_errors(cluster, f"tell who reads as {group}", _PATIENCE_SECONDS):
        client = opened(KafkaAdminClient, cluster, _PATIENCE_SECONDS)
        with closing(client):
            return patiently(lambda: _has_members(client, group), _PATIENCE_SECONDS)


def _has_members(client: KafkaAdminClient, group: str) -> bool:
    """Ask once.

    Raises:
        KafkaError: The brokers are not ready to tell, or do not want to.
    """
    described = client.describe_groups([group])[group]
    error = described["error"]
    if error and "GroupIdNotFound" not in error:  # which is what a group is that nobody has joined yet
        if "Coordinator" in error:
            raise CoordinatorLoadInProgressError(error)
        raise GroupAuthorizationFailedError(error)
    return bool(described["members"])
