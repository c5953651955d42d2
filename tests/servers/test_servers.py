"""The servers that tests run against: they are real, they come back with what they had, and they end with their run."""

import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.servers.kafka_server import KafkaNode, KafkaNodes, SecureKafka
from tests.servers.postgres_server import PostgresServer, find_postgres, server_version
from tests.servers.process import PROJECT, ServerMissingError
from tests.servers.run import Run

PATIENCE = 60.0
"""Seconds in which a client must have its answer."""

RUN_WITH_TWO_SERVERS = """
from tests.servers.postgres_server import PostgresServer
from tests.servers.process import free_port
from tests.servers.run import Run
run = Run.begin()
own = PostgresServer(run.own_folder(), free_port(run.ports))
own.start()
print(run.shared("postgres")["url"] + "/postgres", own.url(), run.folder, flush=True)
input()
"""
"""A test run as a process of its own: it starts a server that it shares and one that it keeps to itself, and waits."""


def at(servers: str, **settings: str) -> dict[str, Any]:
    """Settings of a client that reaches these servers and keeps its complaints to itself."""
    return {"bootstrap.servers": servers, "log_level": 0} | settings


def make_topic(client: dict[str, Any], name: str, replication: int = 1) -> str:
    """Make a topic of one partition."""
    admin = AdminClient(client)
    admin.create_topics([NewTopic(name, 1, replication)])[name].result(PATIENCE)
    return name


def send(client: dict[str, Any], topic: str, value: bytes) -> None:
    """Send a record, and see it acknowledged by as many brokers as the topic demands."""
    answers: list[Any] = []
    producer = Producer(client | {"acks": "all"})
    producer.produce(topic, value, on_delivery=lambda error, _: answers.append(error))
    producer.flush(PATIENCE)
    assert answers == [None]


def read(client: dict[str, Any], topic: str, count: int) -> list[bytes | None]:
    """The first records of a topic of one partition."""
    settings = {"group.id": secrets.token_hex(4), "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer(client | settings)
    consumer.subscribe([topic])
    values: list[bytes | None] = []
    until = time.monotonic() + PATIENCE
    while len(values) < count and time.monotonic() < until:
        message = consumer.poll(1)
        if message is not None and message.error() is None:
            values.append(message.value())
    consumer.close()
    return values


def test_a_record_goes_through_the_broker(kafka_servers: str, topic_prefix: str) -> None:
    """What is acknowledged by the shared broker is read from it."""
    topic = make_topic(at(kafka_servers), f"{topic_prefix}facts")

    send(at(kafka_servers), topic, b"one")

    assert read(at(kafka_servers), topic, 1) == [b"one"]


def test_a_record_goes_through_the_door_with_tls_and_a_password(kafka_secure: SecureKafka, topic_prefix: str) -> None:
    """Over SASL_SSL, who has the user's password and trusts the authority sends and reads as everyone does."""
    client = at(
        kafka_secure.servers,
        **{
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": kafka_secure.mechanism,
            "sasl.username": kafka_secure.username,
            "sasl.password": kafka_secure.password,
            "ssl.ca.location": kafka_secure.ca_file,
        },
    )
    topic = make_topic(client, f"{topic_prefix}facts")

    send(client, topic, b"secret")

    assert read(client, topic, 1) == [b"secret"]


def test_a_broker_comes_back_with_its_records(own_kafka: KafkaNode) -> None:
    """A broker that was stopped, or killed, starts again on its address and has every acknowledged record."""
    client = at(own_kafka.servers)
    topic = make_topic(client, "facts")
    send(client, topic, b"one")

    own_kafka.stop()
    own_kafka.start()
    send(client, topic, b"two")
    own_kafka.kill()
    own_kafka.start()
    send(client, topic, b"three")

    assert read(client, topic, 3) == [b"one", b"two", b"three"]


def test_three_nodes_survive_the_loss_of_one(own_kafka_cluster: KafkaNodes) -> None:
    """Two of three nodes take and give records when the third was killed."""
    client = at(own_kafka_cluster.servers)
    topic = make_topic(client, "facts", replication=3)
    send(client, topic, b"before")

    own_kafka_cluster.nodes[0].kill()
    send(client, topic, b"after")

    assert read(client, topic, 2) == [b"before", b"after"]


def test_a_killed_postgresql_comes_back_with_its_rows(own_postgres: PostgresServer) -> None:
    """A committed row is there after the server was killed and started again."""
    with psycopg.connect(own_postgres.url()) as connection:
        connection.execute("CREATE TABLE rows (name text)")
        connection.execute("INSERT INTO rows VALUES ('kept')")

    own_postgres.kill()
    own_postgres.start()

    with psycopg.connect(own_postgres.url()) as connection:
        assert connection.execute("SELECT name FROM rows").fetchall() == [("kept",)]


def test_a_frozen_postgresql_answers_when_it_goes_on(own_postgres: PostgresServer) -> None:
    """A server that is paused keeps its connections silent, and serves them again when it is resumed."""
    with psycopg.connect(own_postgres.url()) as connection:
        own_postgres.pause()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(own_postgres.url(), connect_timeout=2)
        own_postgres.resume()

        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("test", ["this", "that"])
def test_every_test_has_a_database_of_its_own(postgres_url: str, test: str) -> None:
    """Two tests make the same table, and neither sees the other's."""
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE tests (name text)")
        connection.execute("INSERT INTO tests VALUES (%s)", [test])

        assert connection.execute("SELECT name FROM tests").fetchall() == [(test,)]


def test_the_stand_in_takes_records_without_java(mock_kafka: str, tmp_path: Path) -> None:
    """Librdkafka's mock cluster makes a topic when it is first used, and gives back what was sent."""
    send(at(mock_kafka), tmp_path.name, b"one")

    assert read(at(mock_kafka), tmp_path.name, 1) == [b"one"]


@pytest.mark.server
def test_a_run_that_is_killed_leaves_no_server() -> None:
    """Servers end with the processes that use them, also when these could not stop them."""
    try:
        find_postgres()
    except ServerMissingError as error:
        pytest.skip(f"needs a server: {error}")
    with subprocess.Popen(
        [sys.executable, "-c", RUN_WITH_TWO_SERVERS], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        shared, own, folder = process.stdout.readline().decode().split()
        assert answers(shared)
        assert answers(own)
        process.kill()

    with Run(Path(folder)).kept("postgres"):  # its keeper is done
        assert not answers(shared)
    until = time.monotonic() + PATIENCE
    while answers(own) and time.monotonic() < until:
        time.sleep(0.05)
    assert not answers(own)
    shutil.rmtree(folder)


def answers(url: str) -> bool:
    """Whether a PostgreSQL is there."""
    try:
        return bool(server_version(url))
    except psycopg.OperationalError:
        return False
