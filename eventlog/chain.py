"""The hash chain of a partition: each head vouches for every record up to it, so that nothing is lost or edited unseen.

head(n) = BLAKE2b-128(head(n-1), offset, key length, key, value); head(-1) is made of topic and partition.
"""

from collections.abc import Mapping
from hashlib import blake2b
from struct import Struct
from typing import NamedTuple

HEAD_BYTES = 16
_NO_KEY = -1
_pack_frame = Struct(f">{HEAD_BYTES}sqq").pack


class Tip(NamedTuple):
    """Where a chain stands: how many records it has, so the next offset, and its head over all of these."""

    next_offset: int
    head: bytes


Heads = Mapping[tuple[str, int], tuple[int, bytes]]
"""(next offset, head) by (topic, partition), as somebody noted them earlier."""


def start(topic: str, partition: int) -> bytes:
    """The head of a partition that has no record yet; another one for every partition, so that none can be swapped."""
    return blake2b(f"{topic}/{partition}".encode(), digest_size=HEAD_BYTES).digest()


def link(head: bytes, offset: int, key: bytes | None, value: bytes) -> bytes:
    """The head after one more record."""
    if key is None:
        return blake2b(_pack_frame(head, offset, _NO_KEY) + value, digest_size=HEAD_BYTES).digest()
    return blake2b(_pack_frame(head, offset, len(key)) + key + value, digest_size=HEAD_BYTES).digest()
