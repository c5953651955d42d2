"""A key has the partition that Kafka gives it."""

import pytest
from aiokafka.partitioner import murmur2 as murmur2_of_a_kafka_client
from hypothesis import given
from hypothesis import strategies as st

from eventlog.partitioner import murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_gives_the_figures_of_kafkas_own_test(key: bytes, expected: int) -> None:
    """The hash equals the figures in Kafka's UtilsTest.testMurmur2."""
    assert murmur2(key) == expected


@given(st.binary(max_size=70))
def test_murmur2_equals_that_of_a_kafka_client(key: bytes) -> None:
    """For any key, of any length and remainder, a Kafka client computes the same bits."""
    assert murmur2(key) & 0xFFFFFFFF == murmur2_of_a_kafka_client(key)


@pytest.mark.parametrize(("key", "partition"), [(b"21", 0), (b"foobar", 6), (b"abc", 3), (b"", 9)])
def test_a_key_has_its_known_partition_of_twelve(key: bytes, partition: int) -> None:
    """The sign bit is dropped before the remainder is taken, as Kafka's default partitioner does."""
    assert partition_of(key, 12) == partition


@given(st.binary(), st.integers(1, 1_000))
def test_every_key_has_a_partition(key: bytes, partitions: int) -> None:
    """The partition is one that the topic has."""
    assert 0 <= partition_of(key, partitions) < partitions
