"""Wiring: what only reads leaves no trace in an empty folder, and says what to run first."""

from pathlib import Path

import pytest

from engagement.settings import Settings
from engagement.wiring import NothingThereError, Wiring
from eventlog.locks import WorkerRunningError, worker_lock


def wired(folder: Path) -> Wiring:
    """The application on a data folder."""
    return Wiring(Settings(data_dir=folder))


def test_reading_an_empty_folder_makes_nothing(tmp_path: Path) -> None:
    """Log and projections that are not there are not made by looking for them."""
    wiring = wired(tmp_path / "data")
    with pytest.raises(NothingThereError, match="engagement demo"), wiring.log():
        pytest.fail("there is no log")
    with pytest.raises(NothingThereError, match="engagement demo"), wiring.store():
        pytest.fail("there are no projections")
    assert wiring.positions() == {}
    assert not wiring.worker_runs()
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_nobody_processed_leads_to_the_worker(tmp_path: Path) -> None:
    """Where facts wait and no worker ever ran, the message says to run one."""
    wiring = wired(tmp_path)
    with wiring.log_to_append():
        pass
    with pytest.raises(NothingThereError, match="engagement worker"), wiring.store():
        pytest.fail("there are no projections")


def test_a_running_worker_is_noticed(tmp_path: Path) -> None:
    """Somebody who holds the worker lock is the worker; afterwards there is none."""
    wiring = wired(tmp_path)
    with worker_lock(tmp_path):
        assert wiring.worker_runs()
        with pytest.raises(WorkerRunningError):
            wiring.pipeline()
    assert not wiring.worker_runs()


def test_a_partners_column_map_is_found_where_there_is_one(tmp_path: Path) -> None:
    """Sheets are read by the map that the data folder keeps for the partner, else by the built-in headings."""
    (tmp_path / "registers").mkdir()
    (tmp_path / "registers" / "north.toml").write_text('[columns]\nenrolment = "Our ref"\n', encoding="utf-8")
    wiring = wired(tmp_path)

    assert wiring.column_map("north").headings_of("enrolment") == ("Our ref",)
    assert wiring.column_map("south").columns == {}


def test_a_partners_id_leads_to_no_other_folder(tmp_path: Path) -> None:
    """An id with slashes and dots is no way out of the folder of column maps."""
    (tmp_path / "elsewhere.toml").write_text('[columns]\nenrolment = "Secret"\n', encoding="utf-8")
    (tmp_path / "registers").mkdir()

    assert wired(tmp_path).column_map("../elsewhere").columns == {}
