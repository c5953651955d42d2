"""A registry for each test, in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.store import Registry


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """An empty registry."""
    with Registry(tmp_path / "registry.db") as made:
        yield made
