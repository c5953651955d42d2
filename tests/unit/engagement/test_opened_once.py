"""What is opened once: by whoever asks first, however many ask, and anew after it failed or was closed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from engagement.alert_parts import alerts_if_any
from engagement.opened_once import OpenedOnce
from engagement.settings import Settings
from engagement.wiring import Wiring


class Doors:
    """What is opened, one after the other; the first so many stick."""

    def __init__(self, sticking: int = 0) -> None:
        self.sticking = sticking
        self.opened = 0
        self.closed = 0

    @contextmanager
    def open(self) -> Iterator[int]:
        """One of them, by its number."""
        if self.sticking:
            self.sticking -= 1
            raise OSError("it sticks")
        self.opened += 1
        yield self.opened
        self.closed += 1


def test_many_threads_get_the_same_one() -> None:
    """It is opened once, is open after each block, and closed in the end."""
    doors = Doors()
    once = OpenedOnce(doors.open)
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: once.get(), range(100))) == {1}
    with once() as door:
        assert door == 1
    assert (doors.opened, doors.closed) == (1, 0)
    once.close()
    assert (doors.opened, doors.closed) == (1, 1)


def test_after_it_failed_or_was_closed_it_is_opened_anew() -> None:
    """Who asks then hears of the failure; who asks later is not shut out."""
    once = OpenedOnce(Doors(sticking=1).open)
    with pytest.raises(OSError, match="sticks"):
        once.get()
    assert once.get() == 1
    once.close()
    assert once.get() == 2


def test_the_alert_book_is_there_once_somebody_made_it(tmp_path: Path) -> None:
    """Until then there is none, and looking for it makes none; afterwards it is the same one each time."""
    settings = Settings(data_dir=tmp_path)
    alerts = alerts_if_any(settings)
    assert alerts() is None
    assert list(tmp_path.iterdir()) == []
    Wiring(settings).alert_store().close()
    found = alerts()
    assert found is not None
    assert alerts() is found
    found.close()
