"""The demonstration's folder: it deletes what it made itself, and nothing else."""

from pathlib import Path

import pytest

from engagement.demonstration import MARKER, DemonstrationError, simulation, stream
from engagement.settings import Settings
from engagement.wiring import Wiring
from eventlog.locks import worker_lock


def start(folder: Path, **settings: str) -> None:
    """Begin a demonstration that is expected to be refused."""
    stream(Wiring(Settings(data_dir=folder, **settings)), simulation(33), lambda _: None)


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """What has no marker of a demonstration is neither deleted nor written to."""
    (tmp_path / "log.db").write_text("precious")
    with pytest.raises(DemonstrationError, match="not made by a demonstration"):
        start(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["log.db"]


def test_a_demonstration_that_is_in_use_is_left_alone(tmp_path: Path) -> None:
    """While a worker runs in the folder, it is not deleted under its feet."""
    (tmp_path / MARKER).touch()
    with worker_lock(tmp_path), pytest.raises(DemonstrationError, match="stop it"):
        start(tmp_path)
    assert (tmp_path / MARKER).exists()


@pytest.mark.parametrize("setting", [{"broker": "kafka://kafka:9092"}, {"database": "postgresql://postgres/live"}])
def test_invented_participants_are_kept_out_of_shared_servers(tmp_path: Path, setting: dict[str, str]) -> None:
    """Where Kafka or a database is configured, the demonstration says so before it does anything."""
    with pytest.raises(DemonstrationError, match="unset ENGAGEMENT_BROKER"):
        start(tmp_path / "demo", **setting)
    assert not (tmp_path / "demo").exists()
