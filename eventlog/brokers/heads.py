"""Which heads of hash chains are known, so that a chain need not be computed from its beginning each time."""

from bisect import bisect_right

from eventlog.brokers.reader import Place
from eventlog.chain import Tip, start

_MOST = 4_096


class KnownHeads:
    """Heads at some offsets of each partition; of very many every second is forgotten, so old ones grow sparse."""

    def __init__(self) -> None:
        self._tips: dict[Place, list[Tip]] = {}

    def knows(self, place: Place) -> bool:
        """Whether anything was noted of the partition."""
        return place in self._tips

    def note(self, place: Place, tip: Tip) -> None:
        """Remember a head."""
        tips = self._tips.setdefault(place, [Tip(0, start(*place))])
        at = bisect_right(tips, tip.next_offset, key=_offset)
        if tips[at - 1].next_offset == tip.next_offset:
            return
        tips.insert(at, tip)
        if len(tips) > _MOST:
            del tips[1::2]

    def nearest(self, place: Place, offset: int) -> Tip:
        """The last known head at or before an offset."""
        tips = self._tips.get(place) or [Tip(0, start(*place))]
        return tips[bisect_right(tips, offset, key=_offset) - 1]


def _offset(tip: Tip) -> int:
    return tip.next_offset
