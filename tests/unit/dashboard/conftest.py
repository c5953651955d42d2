"""One dashboard for a test, in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.alert_pages_kit import tell
from tests.dashboard_kit import Site, course, opened


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A dashboard whose worker has done its work on a small course of two partners."""
    with opened(tmp_path) as site:
        yield site.publish(*course()).start().fold()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Site]:
    """A dashboard where no worker has run."""
    with opened(tmp_path) as site:
        yield site


@pytest.fixture
def told(site: Site) -> Site:
    """A site where each partner was told of somebody."""
    return tell(site)
