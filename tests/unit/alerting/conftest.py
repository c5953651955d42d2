"""What several tests of alerting are given."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerting.store import AlertStore
from registry.store import Registry
from tests.delivery_kit import opened


@pytest.fixture
def books(tmp_path: Path) -> Iterator[tuple[AlertStore, Registry]]:
    """An alert book and a registry."""
    store, registry = opened(tmp_path)
    with store, registry:
        yield store, registry
