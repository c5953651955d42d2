"""The small OULAD in a folder of its own."""

from pathlib import Path

import pytest

from tests.early_warning_kit import FILES, written


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the eight learners."""
    return written(tmp_path / "oulad", FILES)
