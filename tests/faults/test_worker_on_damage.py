"""A worker refuses a log that is not what was written to it, and projections it cannot use; both stay as they are."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from eventlog.base import CorruptLogError
from eventlog.facts import start_day
from eventlog.sqlite.slots import OFFSETS
from producers.publisher import publish
from projections import rebuild
from projections.curriculum_files import load_curriculum
from projections.live import LiveProjections
from projections.rulebook import Rulebook
from projections.store import StoreError
from tests.builders import enrolled
from tests.fact_lives import LAST_DAY, lives, own_programmes
from tests.faults_kit import NOW, Worker, assert_exact, open_log, rows, wait_until, work

SLOT = 5
"""The damage is done in this partition of the facts' topic, which was made first, so its slots are its partitions."""


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data folder whose facts are all processed."""
    with open_log(tmp_path) as log:
        publish(log, lives(seed=5, facts=600, curriculum=own_programmes(tmp_path)), now=NOW)
        start_day(log, LAST_DAY, NOW)
    work(tmp_path)
    return tmp_path


def flip_a_bit(data_dir: Path) -> None:
    """Turn over one bit of a record in the middle of a partition."""
    with closing(sqlite3.connect(data_dir / "log.db")) as log, log:
        [value] = log.execute("SELECT value FROM records WHERE position = ?", (SLOT * OFFSETS + 3,)).fetchone()
        broken = bytes((*value[:40], value[40] ^ 1, *value[41:]))
        log.execute("UPDATE records SET value = ? WHERE position = ?", (broken, SLOT * OFFSETS + 3))


def cut_the_tail(data_dir: Path) -> None:
    """Take away the last records of a partition, and the witness with them: only the projections know."""
    with closing(sqlite3.connect(data_dir / "log.db")) as log, log:
        log.execute(
            "DELETE FROM records WHERE position IN (SELECT position FROM records WHERE position BETWEEN ? AND ? "
            "ORDER BY position DESC LIMIT 3)",
            (SLOT * OFFSETS, SLOT * OFFSETS + OFFSETS - 1),
        )
    (data_dir / "log.db.witness").unlink()


def write_another_tail(data_dir: Path) -> None:
    """Cut the tail and let others append in its place: the chain of the log itself holds."""
    cut_the_tail(data_dir)
    with open_log(data_dir) as log:
        publish(log, (enrolled(enrolment=f"n-{n}", participant=f"n-{n}") for n in range(100)), now=NOW)


DAMAGES = pytest.mark.parametrize("damage", [flip_a_bit, cut_the_tail, write_another_tail])


@DAMAGES
def test_a_damaged_log_is_refused(data_dir: Path, damage: Callable[[Path], None]) -> None:
    """Whatever was done to the log, the worker does not start on it and the projections stay as they were."""
    before = _content(data_dir)
    damage(data_dir)

    with pytest.raises(CorruptLogError, match=f"partition {SLOT}.*engagement rebuild"):
        work(data_dir)

    assert _content(data_dir) == before


def test_the_refusal_is_one_sentence_and_an_exit_code(data_dir: Path) -> None:
    """`engagement worker` on a damaged log ends with exit code 1 and says what is damaged and what to do."""
    flip_a_bit(data_dir)

    with Worker(data_dir) as worker:
        assert worker.ended() == 1
        [sentence] = worker.complained().splitlines()
    assert f"topic learning-events, partition {SLOT}, offset 3 is not what was written there" in sentence


def test_a_worker_whose_log_is_removed_ends(data_dir: Path) -> None:
    """A worker at work does not wait for ever on a file that is gone: it ends with exit code 1 and says so."""
    with Worker(data_dir) as worker:
        wait_until("the worker is ready", lambda: worker.ready, worker)
        (data_dir / "log.db").unlink()
        assert worker.ended() == 1
        [_, sentence] = worker.complained().splitlines()
    assert "log.db was removed or replaced while it was in use" in sentence


def test_lost_projections_are_built_again(data_dir: Path) -> None:
    """When the folder of the projections is gone, the next worker fills it again, row by row as it was."""
    before = rows(data_dir)
    shutil.rmtree(data_dir / "projections")

    work(data_dir)

    assert rows(data_dir) == before
    assert_exact(data_dir, LAST_DAY)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path: _execute(path, "UPDATE about SET version = 99"), "has version 99, this program writes"),
        (lambda path: path.write_bytes(b"no database" * 1_000), "is not a readable projection store"),
    ],
    ids=["another version", "no database"],
)
def test_a_store_that_cannot_be_used_is_refused_until_it_is_rebuilt(
    data_dir: Path, spoil: Callable[[Path], object], reason: str
) -> None:
    """A store of another version, or one that is no store, stops the worker with the remedy; the remedy works."""
    live = LiveProjections(data_dir / "projections")
    spoil(live.place)

    with pytest.raises(StoreError, match=f"{reason}.*; run `engagement rebuild`"):
        work(data_dir)

    with open_log(data_dir) as log:
        rebuild.rebuild(log, live, Rulebook(load_curriculum(data_dir / "programmes")), lambda: NOW)
    work(data_dir)
    assert_exact(data_dir, LAST_DAY)


def _execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def _content(data_dir: Path) -> list[str]:
    """Everything that stands in the live store."""
    with closing(sqlite3.connect(LiveProjections(data_dir / "projections").place)) as connection:
        return list(connection.iterdump())
