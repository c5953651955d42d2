"""Opens the log and the projections that the settings name: a file and a folder, or Kafka and PostgreSQL."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from eventlog.base import EventLog, LogError
from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC
from eventlog.lake.manifest import Position
from eventlog.rejects import REJECTS_TOPIC
from learning.errors import EngagementError
from projections.checkpoints import Checkpoint
from projections.decisions import RISK_TOPIC
from projections.live import LiveProjections
from projections.storage.places import Database
from stream_processors.settings import WorkerSettings


class DeploymentError(EngagementError):
    """Settings that do not go together; the message names them."""


@contextmanager
def opened_log(settings: WorkerSettings, *, unchecked: frozenset[str] = frozenset()) -> Iterator[EventLog]:
    """The log with our topics, made when it is a file that is not there.

    Args:
        settings: Where the log is.
        unchecked: Topics that are appended to without looking for duplicates; see `KafkaLog`.

    Raises:
        LogError: When the log cannot be opened, or Kafka has not got our topics.
    """
    if settings.broker:
        from eventlog.kafka import KafkaLog  # noqa: PLC0415 - its client is slow to load, and not needed with a file

        with KafkaLog(settings.kafka_cluster(), settings.identities_path, unchecked) as log:
            require_topics(log)
            yield log
    else:
        with EmbeddedLog(settings.log_path) as log:
            log.create_topic(FACTS_TOPIC, settings.partitions)
            log.create_topic(REJECTS_TOPIC, 1)
            yield log


def prime(log: EventLog, checkpoints: Mapping[int, Checkpoint | Position]) -> None:
    """Tell a log on Kafka, whose chains are computed by reading, where they are known already."""
    from eventlog.kafka import KafkaLog  # noqa: PLC0415 - as above

    if isinstance(log, KafkaLog):
        for partition, each in checkpoints.items():
            log.prime(FACTS_TOPIC, partition, each.next_offset, each.head)


def require_topics(log: EventLog) -> None:
    """Refuse a cluster without our topics: how many copies they have is for a person to say.

    Raises:
        LogError: Naming the topics that are missing.
    """
    missing = {FACTS_TOPIC, REJECTS_TOPIC, RISK_TOPIC} - log.topics().keys()
    if missing:
        raise LogError(f"Kafka has no topic {' and no topic '.join(sorted(missing))}; run `engagement topics create`.")


def live_projections(settings: WorkerSettings) -> LiveProjections:
    """The projections, made with their folder or schemas when they are not there.

    Raises:
        DeploymentError: Kafka without PostgreSQL: each machine would have a part of the projections.
    """
    if settings.database is not None:
        return LiveProjections(Database(settings.database.get_secret_value()))
    if settings.broker:
        raise DeploymentError(
            "with Kafka (ENGAGEMENT_BROKER) the projections are in PostgreSQL, where all workers find them; "
            "set ENGAGEMENT_DATABASE to postgresql://user:password@host/name"
        )
    return LiveProjections(settings.projections_dir)
