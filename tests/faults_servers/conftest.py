"""Where the fault tests run: Kafka and PostgreSQL with our topics and an empty database, and a folder."""

from pathlib import Path

import pytest

from stream_processors.settings import WorkerSettings
from tests.servers.kafka_server import KafkaNode
from tests.servers.postgres_server import PostgresServer
from tests.servers_kit import deployment


@pytest.fixture
def shared_servers(tmp_path: Path, kafka_servers: str, topic_prefix: str, postgres_url: str) -> WorkerSettings:
    """Topics and a database of the test's own on servers that other tests use as well."""
    return deployment(tmp_path, kafka_servers, postgres_url, topic_prefix)


@pytest.fixture
def on_own_kafka(tmp_path: Path, own_kafka: KafkaNode, postgres_url: str) -> WorkerSettings:
    """A broker of the test's own."""
    return deployment(tmp_path, own_kafka.servers, postgres_url)


@pytest.fixture
def on_own_postgres(
    tmp_path: Path, kafka_servers: str, topic_prefix: str, own_postgres: PostgresServer
) -> WorkerSettings:
    """A database server of the test's own."""
    return deployment(tmp_path, kafka_servers, own_postgres.url(), topic_prefix)
