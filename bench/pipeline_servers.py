"""Servers for the comparison on Kafka: the tests' own with the settings of real use, or those that the tests use."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import psycopg
from kafka import KafkaAdminClient

from eventlog.brokers.cluster import KafkaCluster
from tests.servers.fixtures import KAFKA, POSTGRES
from tests.servers.kafka_server import KafkaNode, ports_of_node
from tests.servers.postgres_server import PostgresServer, server_version
from tests.servers.process import free_port
from tests.servers.run import Run


class Servers(NamedTuple):
    """Where the servers are, and what they are."""

    cluster: KafkaCluster
    postgres: str
    """The address of PostgreSQL, without a database's name."""
    names: list[str]


class _Kafka(KafkaNode):
    """A broker that waits for other members of a group as long as Kafka does by default.

    So two workers that start at the same time get their partitions at the same time.
    """

    def _settings(self) -> dict[str, object]:
        return super()._settings() | {"group.initial.rebalance.delay.ms": 3_000}


class _Postgres(PostgresServer):
    """A PostgreSQL whose commits are on the disk, as a server's are that is not a test's."""

    def _command(self) -> list[str]:
        return [*super()._command(), "-c", "fsync=on"]


@contextmanager
def servers() -> Iterator[Servers]:
    """Those that the environment names, else new ones; afterwards no topic of ours is left.

    Raises:
        ServerMissingError: One is not named and not installed.
        ServerFailedError: One did not start.
    """
    run = Run.begin()
    try:
        with _kafka(run) as kafka, _postgres(run) as postgres:
            prefix = f"bench-{secrets.token_hex(4)}."
            cluster = KafkaCluster((kafka,), topic_prefix=prefix, replication=1, min_insync_replicas=1)
            try:
                yield Servers(cluster, postgres, run.noted())
            finally:
                _delete_topics(kafka, prefix)
    finally:
        run.end()


@contextmanager
def database(postgres: str) -> Iterator[str]:
    """The address of a new, empty database, which is dropped afterwards."""
    name = f"bench_{secrets.token_hex(6)}"
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield f"{postgres}/{name}"
    finally:
        with psycopg.connect(f"{postgres}/postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _kafka(run: Run) -> Iterator[str]:
    if given := os.environ.get(KAFKA):
        run.note(f"Apache Kafka at {given}")
        yield given
        return
    with _Kafka(run.own_folder(), [ports_of_node(run.ports)], named=run.note) as node:
        yield node.servers


@contextmanager
def _postgres(run: Run) -> Iterator[str]:
    if given := os.environ.get(POSTGRES, "").rstrip("/"):
        run.note(server_version(f"{given}/postgres"))
        yield given
        return
    with _Postgres(run.own_folder(), free_port(run.ports), named=run.note) as server:
        yield server.url("").rstrip("/")


def _delete_topics(servers: str, prefix: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=servers)
    try:
        if ours := [name for name in admin.list_topics() if name.startswith(prefix)]:
            admin.delete_topics(ours)
    finally:
        admin.close()
