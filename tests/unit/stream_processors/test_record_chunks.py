"""Laws of framing what Kafka brought: nothing is lost, changed or put in another order, and the chain is the log's."""

from itertools import accumulate, pairwise
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from eventlog.base import CorruptLogError
from eventlog.chain import Tip, link, start
from stream_processors.chunks import unpack
from stream_processors.transports.record_chunks import chunked

PARTITION = 3
BEGIN = Tip(0, start("facts", PARTITION))

entries = st.lists(st.tuples(st.none() | st.binary(max_size=4), st.none() | st.binary(max_size=12)), max_size=30)


def record(offset: int, key: bytes | None = None, value: bytes | None = b"") -> Any:
    """A record as aiokafka brings it."""
    return ConsumerRecord("facts", PARTITION, offset, 0, 0, key, value, None, 0, 0, ())


@given(entries, st.lists(st.integers(0, 30)), st.integers(1, 40))
def test_frames_say_what_the_records_say(entries: list[Any], cuts: list[int], max_bytes: int) -> None:
    """However a partition arrives in pieces, its chunks are its records in order, each with the head of the log."""
    records = [record(offset, key, value) for offset, (key, value) in enumerate(entries)]
    edges = sorted({0, len(records), *(cut for cut in cuts if cut < len(records))})
    tip, frames = BEGIN, []
    for begin, end in pairwise(edges):
        found, tip = chunked(tip, PARTITION, records[begin:end], max_bytes)
        frames += found

    chunks = [unpack(frame.message.value) for frame in frames]
    assert [each for chunk in chunks for each in chunk.records] == [
        (offset, value or b"") for offset, (_, value) in enumerate(entries)
    ]
    heads = list(
        accumulate(
            enumerate(entries), lambda head, at: link(head, at[0], at[1][0], at[1][1] or b""), initial=BEGIN.head
        )
    )
    assert tip == Tip(len(entries), heads[-1])
    for frame, chunk in zip(frames, chunks, strict=True):
        assert chunk.head == frame.message.head == heads[chunk.next_offset]
        assert (
            (chunk.partition, chunk.first_offset) == (PARTITION, frame.first_offset) == (PARTITION, chunk.records[0][0])
        )
        assert frame.message.offset == chunk.next_offset - 1


@given(entries, st.integers(1, 40))
def test_a_chunk_is_no_larger_than_asked_for(entries: list[Any], max_bytes: int) -> None:
    """A chunk has at most so many bytes of values, or is one record that is larger; it could not take the next one."""
    records = [record(offset, key, value) for offset, (key, value) in enumerate(entries)]
    frames, _ = chunked(BEGIN, PARTITION, records, max_bytes)

    runs = [[len(value) for _, value in unpack(frame.message.value).records] for frame in frames]
    assert all(sum(run) <= max_bytes or len(run) == 1 for run in runs)
    assert all(sum(run) + following[0] > max_bytes for run, following in pairwise(runs))


@pytest.mark.parametrize(
    ("offset", "reason"),
    [(6, "has no records from offset 5 to 5"), (4, "goes on at offset 4, but 5 records of it were known")],
)
def test_records_that_do_not_go_on_at_the_tip_are_refused(offset: int, reason: str) -> None:
    """Records that are missing, and records that were there before, mean that this is not the log that was read."""
    with pytest.raises(CorruptLogError, match=reason):
        chunked(Tip(5, b"head"), PARTITION, [record(offset)], 100)


def test_a_gap_between_records_is_refused() -> None:
    """Records that are missing in the middle are noticed too, and nothing is handed over."""
    with pytest.raises(CorruptLogError, match="no records from offset 1 to 2"):
        chunked(BEGIN, PARTITION, [record(0), record(3)], 100)
