"""The lake under fire: whatever kills the worker, every fact of the log is in the lake once, and analysts read on."""

import os
import signal
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import duckdb
import msgspec

from eventlog.base import EventLog
from eventlog.facts import FACTS_TOPIC, record_of, start_day
from eventlog.lake.lake import Lake
from eventlog.lake.verification import verify
from learning.events import Fact, encode
from stream_processors.settings import WorkerSettings
from tests.fact_lives import LAST_DAY, lives, own_programmes
from tests.faults_kit import FULL, NOW, Process, Worker, garbage, open_log, report, settings_of, wait_until

KILLS = 20 if FULL else 5
SHARE = 2_000 if FULL else 300
"""Facts that are appended while one worker lives."""

INGESTED = 400_000 if FULL else 20_000
_PAGE = 5_000
_IS_FACT = b'{"type":"learning.'


class _Envelope(msgspec.Struct):
    type: str
    source: str
    id: str
    subject: str


def test_the_lake_equals_the_log_after_kills_at_random_moments(tmp_path: Path) -> None:
    """However often archiver and worker are killed, what the log has is in the lake, no fact less and none twice."""
    facts = _recorded_lately(lives(seed=5, facts=(KILLS + 1) * SHARE, curriculum=own_programmes(tmp_path)))
    lines = tmp_path / "facts.jsonl"
    lines.write_bytes(b"\n".join(encode(fact) for fact in facts))
    eager = settings_of(tmp_path).model_copy(update={"archive": True, "archive_seconds": 0})
    lake = Lake(eager.lake_path)
    script = Path(__file__).with_name("fact_appender.py")
    with (
        open_log(tmp_path) as log,
        Process(tmp_path, script, tmp_path, lines, tmp_path / "ledger", "seed") as appender,
    ):
        moments = [_kill_one_worker(eager, log, appender, number) for number in range(KILLS)]
        appender.tell(str(len(facts)))
        assert appender.ended() == 0
        with Worker(eager, "--until-caught-up") as last:
            assert last.ended() == 0, last.complained()

        verify(lake, log)
        assert _in_the_lake(lake) == _on_the_log(log)
    report(f"{KILLS} kills, {len(facts):,} facts; records in the lake at each kill: {moments}")


def _kill_one_worker(eager: WorkerSettings, log: EventLog, appender: Process, number: int) -> int:
    """Let the appender go on, and kill a worker when the lake has come a random number of records further."""
    lake = Lake(eager.lake_path)
    log.append(FACTS_TOPIC, garbage([number]))
    start_day(log, LAST_DAY, NOW)
    before = _archived(lake)
    appender.tell(str(SHARE))
    with Worker(eager) as worker:
        further = before + Random(number).randrange(1, SHARE * 3 // 4)
        wait_until("the lake has come further", lambda: _archived(lake) >= further, worker)
        archived = _archived(lake)
        _kill_the_archiver(worker)
        if number % 3 == 0:  # only the archiver is killed, and its worker starts another one
            wait_until("the lake goes on", lambda: _archived(lake) > archived, worker)
            _kill_the_archiver(worker)
        worker.kill()
    return archived


def _kill_the_archiver(worker: Process) -> None:
    """Kill -9 the process that writes the lake, the only one that a worker starts, as Linux tells of it."""
    lists = Path(f"/proc/{worker.pid}/task").glob("*/children")
    [archiver] = [int(pid) for each in lists for pid in each.read_text().split()]
    os.kill(archiver, signal.SIGKILL)


def _recorded_lately(facts: list[Fact]) -> list[Fact]:
    """As facts come to a worker: recorded one after the other, here in two months, as a file holds those of one."""
    apart = timedelta(days=30) / len(facts)
    return [msgspec.structs.replace(fact, recordedtime=NOW + number * apart) for number, fact in enumerate(facts)]


def _archived(lake: Lake) -> int:
    return sum(each.next_offset for each in lake.positions().values())


def _in_the_lake(lake: Lake) -> list[tuple[object, ...]]:
    """Every row, by its place; read by DuckDB alone."""
    with duckdb.connect() as connection:
        query = "SELECT log_partition, log_offset, type, source, id, enrolment FROM "
        return connection.execute(f"{query}{lake.relation()} ORDER BY ALL").fetchall()


def _on_the_log(log: EventLog) -> list[tuple[object, ...]]:
    """The same of every fact on the log, read as JSON by a decoder of its own."""
    found: list[tuple[object, ...]] = []
    for partition in sorted(log.end_offsets(FACTS_TOPIC)):
        offset = 0
        while page := log.read(FACTS_TOPIC, partition, offset, _PAGE):
            offset = page[-1].offset + 1
            for stored in page:
                if stored.value.startswith(_IS_FACT):
                    fact = msgspec.json.decode(stored.value, type=_Envelope)
                    found.append((partition, stored.offset, fact.type, fact.source, fact.id, fact.subject))
    return found


def test_an_analyst_reads_while_the_worker_ingests_at_full_speed(tmp_path: Path) -> None:
    """Every query of another process succeeds and sees at least what the last one saw, and the worker finishes."""
    facts = _recorded_lately(lives(seed=6, facts=INGESTED, curriculum=own_programmes(tmp_path)))
    with open_log(tmp_path) as log:
        log.append(FACTS_TOPIC, map(record_of, facts))
    settings = WorkerSettings(data_dir=tmp_path, day_clock=False, chunk_records=1_000, archive_seconds=0)
    with (
        Process(tmp_path, Path(__file__).with_name("analyst.py"), settings.lake_path) as analyst,
        Worker(settings, "--until-caught-up") as worker,
    ):
        wait_until("the worker has ended", lambda: not worker.runs, analyst)
        assert worker.ended() == 0, worker.complained()
        assert analyst.ended() == 0, analyst.complained()

    answers = [tuple(map(int, line.split())) for line in analyst.said().splitlines()]
    assert all(rows == places for rows, places, _ in answers)
    assert all(earlier <= later for (earlier, *_), (later, *_) in pairwise(answers))
    assert answers[-1] == (len(facts), len(facts), len({fact.subject for fact in facts}))
    between = {rows for rows, *_ in answers} - {0, len(facts)}
    assert between, "the analyst never saw the lake while it grew"
    report(f"{len(answers)} queries while {len(facts):,} facts came; {len(between)} different counts on the way")
