"""The Faust transport that makes `broker="kafka-chunks://host:9092"` run agents of chunks on Kafka."""

import ssl
from collections.abc import Iterable
from typing import Any, ClassVar

import faust
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types.auth import CredentialsT
from faust.types.transports import ConsumerT, ProducerT
from yarl import URL

from eventlog.base import LogAwayError, LogError
from eventlog.brokers.cluster import KafkaCluster
from stream_processors.transports.client_logs import quieten
from stream_processors.transports.kafka_consumer import Consumer

_YEAR = 365 * 86_400.0


def faust_settings(cluster: KafkaCluster) -> dict[str, Any]:
    """How a Faust app reaches this cluster, and how long it waits for it.

    Raises:
        LogError: When certificates cannot be used.
    """
    return {
        "broker": broker_urls(cluster.servers),
        "broker_credentials": credentials(cluster),
        # Kafka gives the partitions of a worker that fell silent to others after this,
        "broker_session_timeout": 15.0,
        # and in a rebalance does not wait longer than this for one that is still at a chunk,
        "broker_rebalance_timeout": 30.0,
        # which an answer to joining may take, so that a broker which does not answer is given up only after it.
        "broker_request_timeout": 40.0,
        # A worker without partitions reads nothing. Kafka's client takes it for dead after this time, leaves the group
        # and never comes back, so a spare worker would be none. Whether work goes on is the watchdog's to say.
        "broker_max_poll_interval": _YEAR,
        # Bytes, as compressed, that a request brings of one partition, and so the size of chunks when there is much to
        # catch up with: some 10,000 facts, or 25,000 that Kafka has compressed. Faust's 1 MiB makes three times as
        # many transactions; more than 4 MiB for each of 12 partitions does not fit in one answer of Kafka's.
        "consumer_max_fetch_size": 4 * 2**20,
        # Offsets are committed for people to look at; seconds apart is enough, and no commit overtakes the next.
        "broker_commit_interval": 5.0,
        "topic_allow_declare": False,  # how many copies a topic has is for a person to say
    }


def broker_urls(servers: Iterable[str]) -> list[URL]:
    """The broker setting that names these servers, each as host:port."""
    return [URL(f"kafka-chunks://{server}") for server in servers]


def credentials(cluster: KafkaCluster) -> CredentialsT | None:
    """How Faust signs in and encrypts; None where Kafka asks for neither.

    Raises:
        LogError: When certificates cannot be used.
    """
    security, context = cluster.security, cluster.ssl_context()
    if security.signs_in:
        return faust.SASLCredentials(
            username=security.username,
            password=security.password,
            mechanism=security.mechanism,
            ssl_context=context,
        )
    return None if context is None else faust.SSLCredentials(context)


class Producer(driver.Producer):
    """Faust's own producer, which is the first to call on Kafka and says plainly why it cannot."""

    async def on_start(self) -> None:
        """Reach Kafka.

        Raises:
            LogAwayError: Nobody answers there.
            LogError: Kafka refuses whoever signs in, or is not spoken to as it wants to be.
        """
        try:
            await super().on_start()
        except KafkaError as error:
            raise await self._why(error) from None

    async def _why(self, error: KafkaError) -> LogError:
        """Try once more by hand, because the client tells its log alone what was wrong."""
        servers = [f"{url.host}:{url.port}" for url in self.transport.url]
        where = f"Kafka at {','.join(servers)}"
        try:
            [url, *_] = self.transport.url
            auth = {"security_protocol": "PLAINTEXT", **self._settings_auth()}
            (await create_conn(url.host, url.port, request_timeout_ms=10_000, **auth)).close()
        except ssl.SSLError as refused:
            return LogError(
                f"{where} cannot be trusted ({refused.reason}); check ENGAGEMENT_KAFKA_CA_FILE and "
                "ENGAGEMENT_KAFKA_SECURITY_PROTOCOL."
            )
        except (OSError, TimeoutError):
            return LogAwayError(f"{where} cannot be reached; check ENGAGEMENT_BROKER and whether it runs.")
        except KafkaError as refused:
            if not refused.retriable:
                return LogError(
                    f"{where} refuses to let us in ({type(refused).__name__}); check ENGAGEMENT_KAFKA_USERNAME, "
                    "ENGAGEMENT_KAFKA_PASSWORD and ENGAGEMENT_KAFKA_SASL_MECHANISM."
                )
        return LogAwayError(f"{where} does not answer as it should ({error}); try again when it does.")


class Transport(driver.Transport):
    """Faust's driver for Kafka with a consumer that hands over chunks."""

    Consumer: ClassVar[type[ConsumerT]] = Consumer
    Producer: ClassVar[type[ProducerT]] = Producer

    def __init__(self, *args: Any, **options: Any) -> None:
        """Prepare; nothing is connected."""
        super().__init__(*args, **options)
        quieten()
