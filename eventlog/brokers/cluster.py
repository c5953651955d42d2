"""Which Kafka, how it is spoken to and how our topics are named there: in one place, for every client we use."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from eventlog.base import LogError

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True)
class KafkaSecurity:
    """How Kafka is spoken to; the names are those of the settings.

    Raises:
        LogError: What is given does not go together.
    """

    protocol: Protocol = "PLAINTEXT"
    mechanism: Mechanism = "SCRAM-SHA-512"
    """How the password is checked; counts for the `SASL_...` protocols."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    """Certificates that vouch for Kafka's servers; None: those that the system trusts."""
    cert_file: Path | None = None
    key_file: Path | None = None

    def __post_init__(self) -> None:
        if self.signs_in and not (self.username and self.password):
            raise LogError(
                f"Kafka over {self.protocol} needs who signs in; "
                "set ENGAGEMENT_KAFKA_USERNAME and ENGAGEMENT_KAFKA_PASSWORD."
            )
        if self.key_file and not self.cert_file:
            raise LogError(
                f"The key {self.key_file} has no certificate beside it; set ENGAGEMENT_KAFKA_CERT_FILE as well."
            )

    @property
    def encrypted(self) -> bool:
        """Whether TLS is spoken."""
        return self.protocol.endswith("SSL")

    @property
    def signs_in(self) -> bool:
        """Whether a name and a password are shown."""
        return self.protocol.startswith("SASL")

    def ssl_context(self) -> ssl.SSLContext | None:
        """What TLS needs, checking the servers' names; None where TLS is not spoken.

        Raises:
            LogError: A file is not there, is no PEM, or certificate and key are not a pair.
        """
        if not self.encrypted:
            return None
        context = ssl.create_default_context()
        if self.ca_file:
            context = _trusting(self.ca_file)
        if self.cert_file:
            _show(context, self.cert_file, self.key_file)
        return context


@dataclass(frozen=True)
class KafkaCluster:
    """A Kafka cluster as our clients need to know it.

    Raises:
        LogError: A topic could never have as many copies as an acknowledgement asks for.
    """

    servers: tuple[str, ...]
    """`host:port` of one or more brokers, who name the others."""
    topic_prefix: str = ""
    security: KafkaSecurity = KafkaSecurity()
    replication: int = 3
    min_insync_replicas: int = 2

    def __post_init__(self) -> None:
        if self.min_insync_replicas > self.replication:
            raise LogError(
                f"Kafka cannot wait for {self.min_insync_replicas} copies of a topic that has {self.replication}; "
                "lower ENGAGEMENT_MIN_INSYNC_REPLICAS or raise ENGAGEMENT_REPLICATION."
            )

    @property
    def address(self) -> str:
        """The servers as one text, for messages."""
        return ",".join(self.servers)

    def named(self, topic: str) -> str:
        """What a topic of ours is called on the broker."""
        return self.topic_prefix + topic

    def owns(self, name: str) -> bool:
        """Whether a topic on the broker is one of ours."""
        return name.startswith(self.topic_prefix) and not name.startswith("__")

    def plain(self, name: str) -> str:
        """What a topic of the broker is called everywhere else."""
        return name.removeprefix(self.topic_prefix)

    def ssl_context(self) -> ssl.SSLContext | None:
        """What TLS needs; None where TLS is not spoken.

        Raises:
            LogError: See `KafkaSecurity.ssl_context`.
        """
        return self.security.ssl_context()

    def options(self) -> dict[str, Any]:
        """How to reach the cluster, as kafka-python's clients want it said (aiokafka's know the same names).

        Raises:
            LogError: See `KafkaSecurity.ssl_context`.
        """
        options: dict[str, Any] = {
            "bootstrap_servers": list(self.servers),
            "security_protocol": self.security.protocol,
            "ssl_context": self.ssl_context(),
        }
        if self.security.signs_in:
            options |= {
                "sasl_mechanism": self.security.mechanism,
                "sasl_plain_username": self.security.username,
                "sasl_plain_password": self.security.password,
            }
        return options


def _trusting(ca_file: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except FileNotFoundError as error:
        raise LogError(f"There is no file {ca_file}; correct ENGAGEMENT_KAFKA_CA_FILE.") from error
    except OSError as error:  # also what OpenSSL says of a file without certificates
        raise LogError(
            f"{ca_file} cannot be used as certificates ({error.strerror or error}); "
            "ENGAGEMENT_KAFKA_CA_FILE names a readable file in PEM form."
        ) from error


def _show(context: ssl.SSLContext, cert_file: Path, key_file: Path | None) -> None:
    pair = f"certificate {cert_file}" + (f" and key {key_file}" if key_file else "")
    try:
        context.load_cert_chain(cert_file, key_file, password=_never_ask)
    except FileNotFoundError as error:
        raise LogError(
            f"The {pair} are not both there; correct ENGAGEMENT_KAFKA_CERT_FILE and ENGAGEMENT_KAFKA_KEY_FILE."
        ) from error
    except (OSError, ValueError) as error:
        raise LogError(
            f"The {pair} cannot be used together; they must be readable, in PEM form, a pair, and without a passphrase."
        ) from error


def _never_ask() -> str:
    """OpenSSL would otherwise stop at the terminal to ask for the passphrase of a key."""
    return ""
