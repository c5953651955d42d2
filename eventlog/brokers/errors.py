"""What Kafka could not do, in plain words: its client has some hundred kinds of error, a person needs a handful."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import kafka.errors as kafka_errors

from eventlog.base import CorruptLogError, LogAwayError, LogError
from eventlog.brokers.cluster import KafkaCluster

Answer = TypeVar("Answer")

_PAUSE_SECONDS = 0.1

_AGAIN = "then run the command again: nothing that was acknowledged is lost and what is there is not added twice."
_RESTORE = "Restore it from a copy (`engagement import-log`) and run `engagement rebuild`."

_SIGN_IN = (
    kafka_errors.SaslAuthenticationFailedError,
    kafka_errors.UnsupportedSaslMechanismError,
    kafka_errors.IllegalSaslStateError,
)
_TOO_LARGE = (kafka_errors.MessageSizeTooLargeError, kafka_errors.RecordListTooLargeError)
_REMEDIES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (_SIGN_IN, "it did not accept who signs in; check ENGAGEMENT_KAFKA_USERNAME, _PASSWORD and _SASL_MECHANISM"),
    (kafka_errors.AuthorizationError, "it does not allow that; ask its keeper for the right on our topics"),
    (_TOO_LARGE, "a record is larger than it takes; `engagement topics check` compares its limits with ours"),
    (
        kafka_errors.InvalidReplicationFactorError,
        "it has fewer brokers than the copies that are asked for; lower ENGAGEMENT_REPLICATION or add brokers",
    ),
    (kafka_errors.PolicyViolationError, "its keeper's policy does not allow that"),
    (kafka_errors.InvalidTopicError, "it does not take that name for a topic; check ENGAGEMENT_TOPIC_PREFIX"),
)


def damaged(cluster: KafkaCluster, finding: str) -> CorruptLogError:
    """The error of a topic that does not hold what was written to it."""
    return CorruptLogError(f"The log on Kafka at {cluster.address} is damaged: {finding}. {_RESTORE}")


def unreachable(cluster: KafkaCluster, seconds: float) -> LogAwayError:
    """The error of a cluster that does not answer in time; one that refuses who comes only hangs up."""
    settings = ["BROKER", "KAFKA_SECURITY_PROTOCOL"]
    if cluster.security.encrypted:
        settings.append("KAFKA_CA_FILE")
    if cluster.security.signs_in:
        settings += ["KAFKA_USERNAME", "KAFKA_PASSWORD"]
    return LogAwayError(
        f"Kafka at {cluster.address} could not be reached or did not acknowledge within {math.ceil(seconds)} s; "
        f"check the broker and {', '.join(f'ENGAGEMENT_{each}' for each in settings)}, {_AGAIN}"
    )


@contextmanager
def plain_errors(cluster: KafkaCluster, doing: str, seconds: float) -> Iterator[None]:
    """Turn errors of Kafka's client into ours; `doing` completes "Kafka could not ...".

    Raises:
        LogAwayError: Kafka is not there, or did not answer in time.
        LogError: All else, with what to do about it.
        CorruptLogError: Bytes came that are not those that were written.
    """
    try:
        yield
    except kafka_errors.CorruptRecordError as error:
        raise damaged(cluster, f"{error}, while it was to {doing}") from error
    except kafka_errors.KafkaError as error:
        for kinds, remedy in _REMEDIES:
            if isinstance(error, kinds):
                raise LogError(f"Kafka at {cluster.address} could not {doing}: {remedy}.") from error
        if isinstance(error, kafka_errors.RetriableError):
            raise unreachable(cluster, seconds) from error
        raise LogError(
            f"Kafka at {cluster.address} could not {doing} ({type(error).__name__}); check the broker, {_AGAIN}"
        ) from error


def patiently(act: Callable[[], Answer], seconds: float) -> Answer:
    """Do something, again and again while Kafka has only hiccups, for so many seconds."""
    until = time.monotonic() + seconds
    while True:
        try:
            return act()
        except kafka_errors.RetriableError:
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE_SECONDS)
