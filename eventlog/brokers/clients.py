"""Opens kafka-python's clients, and leaves neither thread nor socket behind where that fails."""

import logging
from collections.abc import Callable
from typing import Any, Final, TypeVar

from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket

from eventlog.brokers.cluster import KafkaCluster

Client = TypeVar("Client")

logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what goes wrong is said once, by an error of ours

CLIENT_ID: Final = "engagement"

_LONGEST_RECONNECT_MS: Final = 1_000
"""Between two attempts to connect: kafka-python would wait for up to 30 s, as long as callers do."""


class _ClosingSocket(KafkaNetSocket):  # type: ignore[misc]  # the client is untyped
    """Closes a socket that could not connect, which kafka-python leaves to the garbage collector.

    kafka-python chooses the kind of socket by the scheme of the proxy; this one goes directly.
    """

    SCHEMES = ("direct",)

    async def sock_connect(self, net: Any, sock: Any, sockaddr: Any, timeout_at: float | None = None) -> Any:
        """Connect."""
        try:
            return await super().sock_connect(net, sock, sockaddr, timeout_at=timeout_at)
        except BaseException:
            sock.close()
            raise


def opened(kind: Callable[..., Client], cluster: KafkaCluster, seconds: float, **options: Any) -> Client:
    """A client that has reached the cluster, within so many seconds.

    Raises:
        kafka.errors.KafkaError: It was not reached.
        LogError: The cluster's security settings cannot be used.
    """
    networks: list[KafkaNetClient] = []

    def network(**configuration: Any) -> KafkaNetClient:
        networks.append(KafkaNetClient(**configuration))
        return networks[-1]

    try:
        return kind(
            **cluster.options(),
            client_id=CLIENT_ID,
            bootstrap_timeout_ms=int(seconds * 1000),
            reconnect_backoff_max_ms=_LONGEST_RECONNECT_MS,
            kafka_client=network,
            proxy_url=f"{_ClosingSocket.SCHEMES[0]}://",
            **options,
        )
    except BaseException:
        for each in networks:  # whose threads a client that could not be made leaves running
            each.close()
        raise
