"""Known heads: the nearest one before an offset, in little memory."""

from itertools import pairwise

from eventlog.brokers.heads import KnownHeads
from eventlog.brokers.reader import Place
from eventlog.chain import Tip, start

PLACE = Place("facts", 3)
BEGIN = Tip(0, start(*PLACE))


def tip(offset: int) -> Tip:
    """A head that is recognisable by its offset."""
    return Tip(offset, offset.to_bytes(16, "big"))


def test_the_beginning_is_always_known() -> None:
    """The head before offset 0 follows from the partition's name."""
    assert KnownHeads().nearest(PLACE, 99) == BEGIN


def test_the_nearest_at_or_before_is_answered() -> None:
    """In whatever order heads were noted, the last one that is not beyond the offset comes back."""
    heads = KnownHeads()
    for offset in (50, 10, 30, 30):
        heads.note(PLACE, tip(offset))

    assert [heads.nearest(PLACE, offset).next_offset for offset in (0, 9, 10, 29, 30, 49, 50, 99)] == [
        *(0, 0, 10, 10, 30, 30, 50, 50),
    ]
    assert heads.knows(PLACE)
    assert not heads.knows(Place("facts", 4))


def test_of_very_many_some_are_forgotten() -> None:
    """However many are noted, a few thousand are kept: the newest all, the old ones far apart."""
    heads = KnownHeads()
    for offset in range(1, 20_001):
        heads.note(PLACE, tip(offset))

    kept = sorted({heads.nearest(PLACE, offset).next_offset for offset in range(20_001)})
    assert len(kept) <= 4_096
    assert (kept[0], kept[-1]) == (0, 20_000)
    assert kept[-1_000:] == list(range(19_001, 20_001))
    assert max(later - earlier for earlier, later in pairwise(kept)) < 500
