"""The rebalance of a group with one member: what a Kafka coordinator would answer, worked out in the process."""

from collections.abc import Mapping
from typing import cast

import faust
from faust.assignor.partition_assignor import PartitionAssignor
from faust.types import TP

_ONLY_MEMBER = "the-only-member"


class _Cluster:
    """As much of a cluster's metadata as Faust's assignor asks for."""

    def __init__(self, partitions: Mapping[str, int]) -> None:
        self._partitions = partitions

    def partitions_for_topic(self, topic: str) -> set[int]:
        return set(range(self._partitions.get(topic, 0)))


def assign_everything(app: faust.App, partitions: Mapping[str, int]) -> set[TP]:
    """Give this process every partition of the topics (topic to number of partitions).

    Faust's own assignor does it, because table recovery asks that assignor which changelog partitions are active.
    """
    assignor = cast(PartitionAssignor, app.assignor)
    metadata = {_ONLY_MEMBER: assignor.metadata(set(partitions))}
    assignment = assignor.assign(_Cluster(partitions), metadata)[_ONLY_MEMBER]
    assignor.on_assignment(assignment)
    return {TP(topic, partition) for topic, numbers in assignment.assignment for partition in numbers}
