"""A bench, empty or with somebody who was flagged."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import enrolled
from tests.decisions_kit import FLAG, WATCH, Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """An empty store."""
    made = Bench(tmp_path / "store.db")
    with made.store:
        yield made


@pytest.fixture
def flagged(bench: Bench) -> Bench:
    """Somebody who did nothing, and was flagged two study weeks in."""
    bench.apply(enrolled(), WATCH, FLAG)
    return bench
