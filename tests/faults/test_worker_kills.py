"""Law 3 under fire: a worker that is killed at any moment loses nothing and does nothing twice."""

from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from random import Random

from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC, start_day
from eventlog.rejects import parked
from learning.events import Fact, encode
from tests.fact_lives import LAST_DAY, lives, own_programmes
from tests.faults_kit import (
    FULL,
    NOW,
    Process,
    Worker,
    assert_exact,
    facts_on,
    garbage,
    open_log,
    processed,
    report,
    wait_until,
)

KILLS, FACTS = (30, 100_000) if FULL else (6, 12_000)
APPENDERS = 8


def test_kills_at_random_moments_while_eight_processes_append(tmp_path: Path) -> None:
    """Acknowledged facts are on the log once, unreadable messages parked once, and all rows equal the model's."""
    facts = lives(seed=11, facts=FACTS, curriculum=own_programmes(tmp_path))
    with ExitStack() as running, open_log(tmp_path) as log:
        appenders = [running.enter_context(_appender(tmp_path, number, facts)) for number in range(APPENDERS)]
        moments = [_kill_one_worker(tmp_path, log, appenders, round_number) for round_number in range(KILLS)]
        _tell(appenders, len(facts))
        assert [each.ended() for each in appenders] == [0] * APPENDERS
        start_day(log, LAST_DAY, NOW)
        with Worker(tmp_path, "--until-caught-up") as last:
            assert last.ended() == 0, last.complained()
        on_log = Counter(id_ for id_, _ in facts_on(log))
        rejects = parked(log)

    ledgers = [ledger.read_text().split() for ledger in tmp_path.glob("ledger-*")]
    acknowledged = Counter(id_ for ledger in ledgers for id_ in ledger)
    assert acknowledged == Counter(fact.id for fact in facts)
    assert on_log == acknowledged
    assert len({each.origin for each in rejects.values()}) == len(rejects) == KILLS
    assert_exact(tmp_path, LAST_DAY)
    report(f"{KILLS} kills, {len(facts):,} facts, {len(rejects)} rejects; records processed at each kill: {moments}")


def _appender(data_dir: Path, number: int, facts: list[Fact]) -> Process:
    lines = data_dir / f"facts-{number}.jsonl"
    lines.write_bytes(b"\n".join(encode(fact) for fact in facts[number::APPENDERS]))
    script = Path(__file__).with_name("fact_appender.py")
    return Process(data_dir, script, data_dir, lines, data_dir / f"ledger-{number}", f"seed {number}")


def _tell(appenders: list[Process], facts: int) -> None:
    for each in appenders:
        each.tell(str(facts // APPENDERS))


def _kill_one_worker(data_dir: Path, log: EmbeddedLog, appenders: list[Process], round_number: int) -> int:
    """Let the appenders go on, and kill a worker when it has come a random number of records further."""
    random = Random(round_number)
    share = FACTS // KILLS // 2
    _tell(appenders, share)
    log.append(FACTS_TOPIC, garbage([round_number]))
    start_day(log, LAST_DAY - timedelta(days=KILLS - round_number), NOW)
    before = processed(data_dir)
    with Worker(data_dir) as worker:
        if random.random() < 0.2:
            wait_until("the worker checks the log", lambda: worker.has_the_lock, worker)
        else:
            wait_until("the worker works", lambda: processed(data_dir) > before, worker)
            _tell(appenders, share)
            further = before + random.randrange(1, sum(log.end_offsets(FACTS_TOPIC).values()) - before)
            wait_until("the worker came further", lambda: processed(data_dir) >= further, worker)
        worker.kill()
    return processed(data_dir)
