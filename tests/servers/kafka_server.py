"""Apache Kafka brokers for tests: one node, or three that replicate to each other, all on loopback."""

import base64
import re
import secrets
import shutil
import socket
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.servers.process import HERE, PROJECT, Server, ServerFailedError, ServerMissingError, free_port
from tests.servers.tls import make_certificates

SCRIPT = HERE / "kafka.sh"
MECHANISM = "SCRAM-SHA-512"


class Ports(NamedTuple):
    """Where one node listens: for clients, for the other controllers, for clients over TLS."""

    clients: int
    controllers: int
    secure: int


class SecureKafka(NamedTuple):
    """How a client reaches a broker over SASL_SSL; it names `servers`, and trusts `ca_file` alone."""

    servers: str
    ca_file: str
    username: str
    password: str
    mechanism: str = MECHANISM


class KafkaNode(Server):
    """One broker that is its own controller, or one of several that share the work.

    Args:
        folder: where its data, settings and output go.
        ports: where the nodes listen, in the order of their numbers, which count from 1.
        number: which of them this is.
        cluster: the cluster's id.
        secure: whether it also listens for TLS with a user and a password (see `security`).
        named: called with the server's name and version once it has told them.
    """

    def __init__(
        self,
        folder: Path,
        ports: list[Ports],
        *,
        number: int = 1,
        cluster: str = "",
        secure: bool = False,
        named: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(folder, named)
        self.number = number
        self._ports = ports
        self._cluster = cluster or cluster_id()
        self.security = _security(self.folder, ports[number - 1]) if secure else None

    def __str__(self) -> str:
        return f"Kafka node {self.number} on {self.servers}"

    @property
    def servers(self) -> str:
        """Its address, as clients want it."""
        return f"127.0.0.1:{self._ports[self.number - 1].clients}"

    def version(self) -> str:
        """Name and version as the running server tells them."""
        told = re.findall(r"Kafka version: (\S+)", self.output())
        return f"Apache Kafka {told[-1]}" if told else "Apache Kafka"

    def _prepare(self) -> None:
        require_kafka()
        if (self.folder / "data").exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.security:
            make_certificates(self.folder / "tls")
        self._config.write_text("".join(f"{name}={value}\n" for name, value in self._settings().items()))
        users = []
        if self.security:
            users = ["--add-scram", f"{MECHANISM}=[name={self.security.username},password={self.security.password}]"]
        ended = subprocess.run(
            [SCRIPT, "format", self._config, self._cluster, *users], capture_output=True, text=True, check=False
        )
        if ended.returncode:
            shutil.rmtree(self.folder / "data", ignore_errors=True)
            raise ServerFailedError(f"the data folder of {self} could not be made: {ended.stdout}{ended.stderr}")

    def _command(self) -> list[str]:
        return [str(SCRIPT), "run", str(self._config)]

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._ports[self.number - 1].clients), timeout=1).close()
            admin = AdminClient({"bootstrap.servers": self.servers, "log_level": 0})
            known = admin.list_topics(timeout=5).brokers
        except (OSError, KafkaException):
            return False
        return self.number in known

    @property
    def _config(self) -> Path:
        return self.folder / "server.properties"

    def _settings(self) -> dict[str, object]:
        mine, nodes = self._ports[self.number - 1], len(self._ports)
        voters = ",".join(f"{number}@127.0.0.1:{each.controllers}" for number, each in enumerate(self._ports, 1))
        return {
            "process.roles": "broker,controller",
            "node.id": self.number,
            "controller.quorum.voters": voters,
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL",
            "listeners": f"PLAINTEXT://127.0.0.1:{mine.clients},CONTROLLER://127.0.0.1:{mine.controllers}",
            "log.dirs": self.folder / "data",
            "auto.create.topics.enable": "false",
            "default.replication.factor": nodes,
            "min.insync.replicas": _majority(nodes),
            "offsets.topic.num.partitions": 1,
            "offsets.topic.replication.factor": nodes,
            "transaction.state.log.num.partitions": 1,
            "transaction.state.log.replication.factor": nodes,
            "transaction.state.log.min.isr": _majority(nodes),
            # Faults show within seconds: groups may notice the loss of a member soon, and the cluster that of a node.
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1_000,
            "broker.session.timeout.ms": 3_000,
            "broker.heartbeat.interval.ms": 500,
            # Little memory.
            "log.cleaner.dedupe.buffer.size": 10_485_760,
            "num.io.threads": 4,
        } | self._secure_settings(mine)

    def _secure_settings(self, mine: Ports) -> dict[str, object]:
        if not self.security:
            return {}
        plain = f"PLAINTEXT://127.0.0.1:{mine.clients},CONTROLLER://127.0.0.1:{mine.controllers}"
        login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        return {
            "listeners": f"{plain},SASL_SSL://127.0.0.1:{mine.secure}",
            "sasl.enabled.mechanisms": MECHANISM,
            f"listener.name.sasl_ssl.{MECHANISM.lower()}.sasl.jaas.config": login,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self.folder / "tls" / "server.pem",
        }


class KafkaNodes:
    """Three nodes that replicate to each other; two of them are enough to go on."""

    def __init__(self, folder: Path, reserved: Path, named: Callable[[str], None] = lambda _: None) -> None:
        ports, cluster = [ports_of_node(reserved) for _ in range(3)], cluster_id()
        self.nodes = [
            KafkaNode(folder / str(number), ports, number=number, cluster=cluster, named=named) for number in (1, 2, 3)
        ]
        self._running = ExitStack()

    @property
    def servers(self) -> str:
        """The addresses of all three, as clients want them."""
        return ",".join(each.servers for each in self.nodes)

    def __enter__(self) -> Self:
        try:
            for each in self.nodes:
                self._running.push(each)
            with ThreadPoolExecutor() as together:
                list(together.map(KafkaNode.launch, self.nodes))
            for each in self.nodes:
                each.wait_until_ready()
        except BaseException:
            self._running.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()


def require_kafka() -> None:
    """Look for what a broker needs.

    Raises:
        ServerMissingError: Java is missing, or the jars are not in `.cache`.
    """
    if shutil.which("java") is None:
        raise ServerMissingError("Apache Kafka needs Java 17 or newer; install it, then run `make servers`")
    wanted = re.search(r"<kafka.version>(.*)</", (HERE / "pom.xml").read_text(encoding="utf-8"))
    if wanted is None or not (PROJECT / ".cache" / f"kafka-{wanted[1]}" / "libs").is_dir():
        raise ServerMissingError("Apache Kafka is not fetched; run `make servers`, which needs Maven")


def ports_of_node(reserved: Path) -> Ports:
    """Free ports for one node."""
    return Ports(free_port(reserved), free_port(reserved), free_port(reserved))


def cluster_id() -> str:
    """A new id of a cluster."""
    return base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=").replace("-", "A")


def _security(folder: Path, ports: Ports) -> SecureKafka:
    ca_file = str(folder / "tls" / "ca.pem")
    return SecureKafka(f"127.0.0.1:{ports.secure}", ca_file, "tester", secrets.token_hex(8))


def _majority(nodes: int) -> int:
    return nodes // 2 + 1
