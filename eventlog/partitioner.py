"""Kafka's rule for which partition a key belongs to, so that a key has the same partition on every kind of log.

murmur2 as in `org.apache.kafka.common.utils.Utils`. Kafka's Python clients have it too, but only importable together
with the whole client.
"""

from functools import lru_cache
from struct import unpack_from

_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995
_ROTATION = 24
_WORD = 4
_UNSIGNED = 0xFFFFFFFF
_POSITIVE = 0x7FFFFFFF
_SIGN = 0x80000000


def murmur2(data: bytes) -> int:
    """Hash bytes to a signed 32-bit integer, exactly as Kafka's Java client does."""
    length = len(data)
    words = length // _WORD
    state = _SEED ^ length
    for word in unpack_from(f"<{words}I", data):
        mixed = word * _MULTIPLIER & _UNSIGNED
        mixed = (mixed ^ mixed >> _ROTATION) * _MULTIPLIER & _UNSIGNED
        state = state * _MULTIPLIER & _UNSIGNED ^ mixed
    if rest := data[words * _WORD :]:
        state = (state ^ int.from_bytes(rest, "little")) * _MULTIPLIER & _UNSIGNED
    state = (state ^ state >> 13) * _MULTIPLIER & _UNSIGNED
    state ^= state >> 15
    return state - 2 * _SIGN if state & _SIGN else state


@lru_cache(maxsize=65_536)  # a participant's key comes back with each of their facts
def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key on a topic of so many partitions."""
    return (murmur2(key) & _POSITIVE) % partitions
