"""A log for the apps, seen as another process sees it."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from eventlog.embedded import EmbeddedLog
from tests.embedded_kit import FACTS, OTHERS, PARTITIONS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is; the folder's name has what means something else in a URL."""
    return tmp_path / "a folder; 100 % #1?" / "log.db"


@pytest.fixture
def log(path: Path) -> Iterable[EmbeddedLog]:
    """A second handle on the log, as another process has it, with two topics."""
    log = EmbeddedLog(path)
    log.create_topic(FACTS, PARTITIONS)
    log.create_topic(OTHERS, PARTITIONS)
    yield log
    log.close()
