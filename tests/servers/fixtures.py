"""Fixtures that give a test a real Apache Kafka or PostgreSQL; each is started only when a test asks for it."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka import Producer

from tests.servers.kafka_server import KafkaNode, KafkaNodes, SecureKafka, ports_of_node, require_kafka
from tests.servers.postgres_server import PostgresServer, find_postgres, server_version
from tests.servers.process import ServerMissingError, free_port
from tests.servers.run import Run

KAFKA, POSTGRES = "ENGAGEMENT_TEST_KAFKA", "ENGAGEMENT_TEST_POSTGRES"
"""Addresses of servers that run already; the shared fixtures use these where they are set."""

_RUN = pytest.StashKey[Run]()
_NEED_A_SERVER = {"kafka_servers", "kafka_secure", "postgres_url", "own_kafka", "own_kafka_cluster", "own_postgres"}


def pytest_configure(config: pytest.Config) -> None:
    """Begin the run's folder, or, as one of several processes, take the one that was begun."""
    config.addinivalue_line("markers", "server: needs a real Apache Kafka or PostgreSQL (set by the fixtures used)")
    given = getattr(config, "workerinput", {}).get("servers")
    config.stash[_RUN] = Run(Path(given)) if given else Run.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the shared servers with the run."""
    if _RUN in config.stash:
        config.stash[_RUN].end()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a process of pytest-xdist the run's folder."""
    node.workerinput["servers"] = str(node.config.stash[_RUN].folder)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need a server, so that `-m server` finds them."""
    for item in items:
        if _NEED_A_SERVER.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("server")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say which real servers were used."""
    if used := terminalreporter.config.stash[_RUN].noted():
        terminalreporter.write_line(f"Servers: {', '.join(used)}.")


@pytest.fixture(scope="session")
def server_run(pytestconfig: pytest.Config) -> Run:
    """The servers of this run."""
    return pytestconfig.stash[_RUN]


@pytest.fixture(scope="session")
def kafka_servers(server_run: Run) -> str:
    """The address of a broker that all tests share; `topic_prefix` keeps them apart."""
    if given := os.environ.get(KAFKA):
        server_run.note(f"Apache Kafka at {given}")
        return given
    return str(_shared(server_run, "kafka")["servers"])


@pytest.fixture(scope="session")
def kafka_secure(server_run: Run) -> SecureKafka:
    """A broker that all tests share, by the door that wants TLS, a user and a password."""
    return SecureKafka(**_shared(server_run, "kafka")["secure"])


@pytest.fixture
def topic_prefix() -> str:
    """What this test's topics begin with; no other test's do."""
    return f"t{secrets.token_hex(4)}."


@pytest.fixture
def postgres_url(server_run: Run) -> Iterator[str]:
    """The address of an empty database for this test alone, on a PostgreSQL that all tests share."""
    server = os.environ.get(POSTGRES, "").rstrip("/") or _shared(server_run, "postgres")["url"]
    if os.environ.get(POSTGRES):
        server_run.note(server_version(f"{server}/postgres"))
    name = f"t{secrets.token_hex(6)}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield f"{server}/{name}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def own_kafka(server_run: Run) -> Iterator[KafkaNode]:
    """A broker for this test alone, which may do to it what it likes."""
    _or_skip(require_kafka)
    with KafkaNode(server_run.own_folder(), [ports_of_node(server_run.ports)], named=server_run.note) as node:
        yield node


@pytest.fixture
def own_kafka_cluster(server_run: Run) -> Iterator[KafkaNodes]:
    """Three brokers for this test alone."""
    _or_skip(require_kafka)
    with KafkaNodes(server_run.own_folder(), server_run.ports, server_run.note) as nodes:
        yield nodes


@pytest.fixture
def own_postgres(server_run: Run) -> Iterator[PostgresServer]:
    """A PostgreSQL for this test alone, which may do to it what it likes."""
    _or_skip(find_postgres)
    with PostgresServer(server_run.own_folder(), free_port(server_run.ports), server_run.note) as server:
        yield server


@pytest.fixture
def mock_kafka() -> Iterator[str]:
    """The address of librdkafka's stand-in for a broker, for machines without Java.

    It makes topics of four partitions when they are first used, keeps some 5 MB of each, and knows no admin requests.
    """
    owner = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "ignored", "log_level": 0})
    yield ",".join(f"{each.host}:{each.port}" for each in owner.list_topics(timeout=30).brokers.values())
    del owner  # the stand-in lives as long as the producer that made it


def _shared(run: Run, kind: str) -> Any:
    try:
        return run.shared(kind)
    except ServerMissingError as error:
        pytest.skip(f"needs a server: {error}")


def _or_skip(required: Any) -> None:
    try:
        required()
    except ServerMissingError as error:
        pytest.skip(f"needs a server: {error}")
