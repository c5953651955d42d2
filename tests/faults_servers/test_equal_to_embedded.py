"""One machine with files and several workers on Kafka and PostgreSQL are the same program: all rows are equal."""

import os
from datetime import date
from pathlib import Path

import duckdb
import pytest

from eventlog.base import EventLog
from eventlog.facts import start_day
from eventlog.kafka import KafkaLog
from producers.oulad import import_oulad
from stream_processors.deployment import live_projections, opened_log
from stream_processors.relay import relay
from stream_processors.settings import WorkerSettings
from tests.faults_kit import FULL, NOW, Process, Worker, open_log, report, settings_of
from tests.log_lives import rows
from tests.trial_kit import Trial

OULAD = Path(os.environ.get("OULAD_DIR", Path(__file__).parents[3] / "shared" / "oulad"))
EVERY = 1 if FULL else 10
"""Every learner, with their visits, or every tenth, without."""
OF_LEARNERS = ("studentInfo.csv", "studentRegistration.csv", "studentAssessment.csv", "studentVle.parquet")
DAYS = (date(2013, 11, 4), date(2014, 2, 17), date(2014, 6, 2))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """OULAD's files, of some learners or of all."""
    folder = tmp_path / "oulad"
    folder.mkdir()
    for path in (*OULAD.glob("*.csv"), *OULAD.glob("*.parquet")):
        if path.name not in OF_LEARNERS:
            (folder / path.name).symlink_to(path)
            continue
        some = f"SELECT * FROM '{path}' WHERE id_student % {EVERY} = 0"
        duckdb.connect().execute(f"COPY ({some}) TO '{folder / path.name}'")
    return folder


@pytest.mark.skipif(not OULAD.is_dir(), reason="the OULAD files are not there (OULAD_DIR names their folder)")
def test_oulad_on_kafka_gives_the_rows_of_the_embedded_run(
    tmp_path: Path, folder: Path, shared_servers: WorkerSettings
) -> None:
    """Every row of every table is the same after three workers on Kafka, heads of the log included; both verify."""
    files = settings_of(tmp_path / "files")
    with open_log(files.data_dir) as log:
        facts = _import(log, folder, files)
    with Worker(files, "--until-caught-up") as worker:
        assert worker.ended() == 0, worker.complained()

    servers = shared_servers.model_copy(update={"chunk_records": 2_000})
    with KafkaLog(servers.kafka_cluster()) as log:
        assert _import(log, folder, servers) == facts
    with Trial(servers) as trial:
        seconds = trial.process_all()

    ours, theirs = _tables(servers), _tables(files)
    assert ours.keys() == theirs.keys()
    assert [name for name in theirs if ours[name] != theirs[name]] == []
    for settings in (servers, files):
        with Process(settings, "-m", "engagement", "verify") as verifying:
            assert verifying.ended() == 0, verifying.complained()
    counts = {name: len(found) for name, found in ours.items()}
    report(f"{facts:,} facts of OULAD on Kafka, three workers: {seconds:.1f} s; equal rows: {counts}")


def _import(log: EventLog, folder: Path, settings: WorkerSettings) -> int:
    imported = import_oulad(log, folder, settings.data_dir, NOW, visits=FULL)
    for day in DAYS:
        start_day(log, day, NOW)
    return imported.appended


def _tables(settings: WorkerSettings) -> dict[str, list[str]]:
    """Every row of every table, in full, when all has been told."""
    with opened_log(settings) as log, live_projections(settings) as live, live.open() as store:
        relay(log, store)
        return {name: [repr(row) for row in found] for name, found in rows(store).items()}
