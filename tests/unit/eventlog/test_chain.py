"""The hash chain tells any two histories apart."""

from hypothesis import assume, given
from hypothesis import strategies as st

from eventlog.chain import HEAD_BYTES, link, start

frames = st.tuples(st.integers(0, 2**40), st.none() | st.binary(max_size=6), st.binary(max_size=6))


@given(frames, frames)
def test_different_records_give_different_heads(
    one: tuple[int, bytes | None, bytes], other: tuple[int, bytes | None, bytes]
) -> None:
    """Offset, key and value are framed so that no two records look alike, wherever key ends and value begins."""
    assume(one != other)

    assert link(bytes(HEAD_BYTES), *one) != link(bytes(HEAD_BYTES), *other)


def test_a_missing_key_is_not_an_empty_key() -> None:
    """No key and an empty key are two different records."""
    assert link(bytes(HEAD_BYTES), 0, None, b"v") != link(bytes(HEAD_BYTES), 0, b"", b"v")


def test_a_head_depends_on_the_head_before() -> None:
    """The same record after another history has another head."""
    assert link(start("t", 0), 0, b"k", b"v") != link(start("t", 1), 0, b"k", b"v")


def test_the_rule_of_the_chain_does_not_change() -> None:
    """Heads are kept in files for ever, so this one must always come out the same."""
    assert link(start("learning-events", 3), 0, b"key", b"value").hex() == "e49111f94bc67f59a8a21d3687ecf826"
