"""Chunks: what is framed comes out again, and what is no chunk is refused."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.base import Stored
from stream_processors import chunks


@st.composite
def runs_of_records(draw: st.DrawFn) -> list[Stored]:
    """Records of one partition, one after the other, from any offset on."""
    partition = draw(st.integers(0, 1_000))
    first = draw(st.integers(0, 2**62))
    values = draw(st.lists(st.binary(max_size=300), min_size=1, max_size=50))
    return [
        Stored(partition, first + index, draw(st.none() | st.binary(max_size=9)), value, draw(st.binary(max_size=32)))
        for index, value in enumerate(values)
    ]


@given(runs_of_records())
def test_a_chunk_holds_what_was_packed(records: list[Stored]) -> None:
    """Unpacking gives partition, offsets, values and the last head back, unchanged and in order."""
    chunk = chunks.unpack(chunks.pack(records))

    assert chunk.partition == records[0].partition
    assert chunk.first_offset == records[0].offset
    assert chunk.records == [(record.offset, record.value) for record in records]
    assert chunk.head == records[-1].head


@given(runs_of_records())
def test_work_goes_on_right_after_a_chunk(records: list[Stored]) -> None:
    """The checkpoint after a chunk is the offset after its last record."""
    assert chunks.unpack(chunks.pack(records)).next_offset == records[-1].offset + 1


def test_no_chunk_is_empty() -> None:
    """An empty read is refused rather than framed."""
    with pytest.raises(ValueError, match="at least one record"):
        chunks.pack([])


@given(st.binary(max_size=100))
def test_other_bytes_are_no_chunk(value: bytes) -> None:
    """Bytes that are not a whole chunk raise a decoding error and nothing else."""
    frame = chunks.pack([Stored(0, 0, None, value, b"head")])

    with pytest.raises(msgspec.DecodeError):
        chunks.unpack(frame[:-1])
    with pytest.raises(msgspec.DecodeError):
        chunks.unpack(b"{" + value)
