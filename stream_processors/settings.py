"""What a worker can be told from outside, by environment variables that begin with `ENGAGEMENT_`."""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from eventlog.brokers.cluster import KafkaCluster, KafkaSecurity


class WorkerSettings(BaseSettings):
    """Settings of the pipeline, each with its default."""

    model_config = SettingsConfigDict(
        env_prefix="ENGAGEMENT_", env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    data_dir: Path = Field(default=Path("data"), description="Folder of the log, projections and programmes.")
    partitions: int = Field(
        default=12,
        ge=1,
        le=1_000,
        description="Partitions of the topic `learning-events` when it is made; later changes have no effect.",
    )
    chunk_records: int = Field(
        default=50_000, ge=1, description="Records of one partition that are folded in one transaction, at most."
    )
    day_clock: bool = Field(default=True, description="Whether the worker notes on the log that a day has started.")
    archive: bool = Field(default=True, description="Whether the worker copies every fact into the lake for analysts.")
    archive_seconds: int = Field(
        default=60,
        ge=0,
        description="Seconds after which what is processed goes into the lake; sooner when it is much.",
    )
    lake_dir: Path | None = Field(
        default=None,
        description="Folder of the lake, Parquet files that analysts read. Default: `lake` in the data folder. With "
        "several workers it must be one that all of them share, for each writes the partitions that it holds.",
    )

    broker: str = Field(
        default="",
        description="Kafka's servers, as `kafka://host:9092,host:9092`. Empty: the log is a file in the data folder.",
    )
    topic_prefix: str = Field(
        default="",
        description="Put before the name of every topic and of the consumer group, where a cluster has many users.",
    )
    replication: int = Field(default=3, ge=1, le=32_767, description="Copies of each topic that Kafka keeps.")
    min_insync_replicas: int = Field(
        default=2, ge=1, description="Copies that must have a fact before Kafka acknowledges it."
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How Kafka is spoken to; `SSL` means TLS."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="How Kafka checks the password, with a `SASL_...` protocol."
    )
    kafka_username: str | None = Field(
        default=None, validate_default=True, description="Who signs in to Kafka, with a `SASL_...` protocol."
    )
    kafka_password: SecretStr | None = Field(default=None, validate_default=True, description="The password for Kafka.")
    kafka_ca_file: Path | None = Field(
        default=None, description="Certificates (PEM) that vouch for Kafka's servers. Default: the system's."
    )
    kafka_cert_file: Path | None = Field(
        default=None, description="Our own certificate (PEM), where Kafka asks for one."
    )
    kafka_key_file: Path | None = Field(default=None, description="The private key (PEM) of our own certificate.")
    database: SecretStr | None = Field(
        default=None,
        description="PostgreSQL that holds the projections, as `postgresql://user:password@host/name`. "
        "Empty: they are files in the data folder. Needed with Kafka.",
    )
    stall_seconds: int = Field(
        default=60,
        ge=10,
        description="Seconds without progress, while there is work, after which a worker ends, to be started anew.",
    )
    probe_host: str = Field(default="127.0.0.1", description="Address of `/healthz`, `/readyz` and `/metrics`.")
    probe_port: int | None = Field(
        default=None, ge=0, le=65_535, description="Port of these pages; 0 takes a free one. Empty: none are served."
    )

    @field_validator("kafka_username", "kafka_password")
    @classmethod
    def _needed_to_sign_in(cls, value: str | SecretStr | None, info: ValidationInfo) -> str | SecretStr | None:
        protocol = info.data.get("kafka_security_protocol", "")
        if value is None and protocol.startswith("SASL"):
            raise ValueError(f"Kafka over {protocol} needs it")
        return value

    @field_validator("broker")
    @classmethod
    def _is_servers(cls, value: str) -> str:
        if value and not re.fullmatch(r"kafka://[^\s/@,]+:\d+(,[^\s/@,]+:\d+)*", value):
            raise ValueError(
                "name servers as kafka://host:9092,host:9092, and who signs in with ENGAGEMENT_KAFKA_USERNAME"
            )
        return value

    @field_validator("topic_prefix")
    @classmethod
    def _fits_a_name(cls, value: str) -> str:
        if not re.fullmatch(r"[a-zA-Z0-9._-]{0,100}", value):
            raise ValueError("use up to 100 letters, digits, dots, hyphens and underscores")
        return value

    def kafka_cluster(self) -> KafkaCluster:
        """The Kafka cluster that `broker` names, and how it is spoken to.

        Raises:
            LogError: Settings that do not go together; the message names them.
        """
        return KafkaCluster(
            servers=tuple(self.broker.removeprefix("kafka://").split(",")),
            topic_prefix=self.topic_prefix,
            security=KafkaSecurity(
                protocol=self.kafka_security_protocol,
                mechanism=self.kafka_sasl_mechanism,
                username=self.kafka_username,
                password=self.kafka_password.get_secret_value() if self.kafka_password else None,
                ca_file=self.kafka_ca_file,
                cert_file=self.kafka_cert_file,
                key_file=self.kafka_key_file,
            ),
            replication=self.replication,
            min_insync_replicas=self.min_insync_replicas,
        )

    @property
    def log_path(self) -> Path:
        """The embedded log."""
        return self.data_dir / "log.db"

    @property
    def group(self) -> str:
        """The consumer group of the workers."""
        return f"{self.topic_prefix}engagement-tracking"

    @property
    def identities_path(self) -> Path:
        """Where each fact stands on Kafka, as far as this machine has looked; made anew when it is gone."""
        return self.data_dir / "identities.db"

    @property
    def projections_dir(self) -> Path:
        """The folder of the projections."""
        return self.data_dir / "projections"

    @property
    def lake_path(self) -> Path:
        """The folder of the lake."""
        return self.lake_dir or self.data_dir / "lake"

    @property
    def programmes_dir(self) -> Path:
        """The folder of your own catalogue files."""
        return self.data_dir / "programmes"

    @property
    def policies_dir(self) -> Path:
        """The folder of your own risk policies."""
        return self.data_dir / "policies"
