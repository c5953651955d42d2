"""A log on Kafka that is opened once more, and records with identities for it."""

from collections.abc import Callable

from eventlog.base import Record
from eventlog.kafka import KafkaLog
from tests.contract.log_contract import record

Opener = Callable[..., KafkaLog]


def named(*numbers: int) -> list[Record]:
    """Records of partition 0 with an identity each."""
    return [record(number, identity=f"register\n{number}") for number in numbers]
