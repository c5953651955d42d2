"""A chunk carries many records of one partition through Faust as one message, because Faust's cost is per message."""

from collections.abc import Sequence

import msgspec

from eventlog.base import Stored


class Chunk(msgspec.Struct, frozen=True, array_like=True):
    """Records of one partition that stand one after the other on the log."""

    partition: int
    first_offset: int
    records: list[tuple[int, bytes]]
    """(offset, value) in the order of the log."""
    head: bytes
    """The partition's hash chain up to and including the last record."""

    @property
    def next_offset(self) -> int:
        """Where reading goes on after this chunk: the checkpoint of whoever has applied all of it."""
        return self.records[-1][0] + 1


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Chunk)


def pack(records: Sequence[Stored]) -> bytes:
    """Frame records of one partition, in their order; at least one.

    Raises:
        ValueError: When there is no record to frame.
    """
    if not records:
        raise ValueError("a chunk needs at least one record; do not pack an empty read")
    first, last = records[0], records[-1]
    return _encoder.encode(
        Chunk(
            partition=first.partition,
            first_offset=first.offset,
            records=[(record.offset, record.value) for record in records],
            head=last.head,
        )
    )


def unpack(frame: bytes) -> Chunk:
    """The chunk that `pack` framed.

    Raises:
        msgspec.DecodeError: When the bytes are not a chunk, so when the topic is not one of the app's chunked topics.
    """
    return _decoder.decode(frame)
