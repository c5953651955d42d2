"""Law 8: what cannot be read is parked with its reason, and holds up neither the worker nor what stands behind it."""

import shutil
from datetime import timedelta
from pathlib import Path

from eventlog.facts import FACTS_TOPIC, record_of
from eventlog.rejects import parked
from tests.builders import enrolled
from tests.fact_lives import own_programmes
from tests.faults_kit import NOW, Worker, caught_up, garbage, open_log, report, rows, wait_until, work


def test_five_hundred_unreadable_messages_hold_nothing_up(tmp_path: Path) -> None:
    """The same worker processes the 100 facts behind them, and parks each message with its bytes and a reason."""
    own_programmes(tmp_path)
    bad = garbage(range(500), partition=0)
    good = [enrolled(enrolment=f"e-{number}", participant=f"p-{number}") for number in range(100)]
    with open_log(tmp_path) as log, Worker(tmp_path) as worker:
        wait_until("the worker is ready", lambda: worker.ready, worker)

        log.append(FACTS_TOPIC, [*bad, *(record_of(fact, partition=0) for fact in good)])
        seconds = wait_until("all is processed", lambda: caught_up(tmp_path, log), worker)

        assert worker.runs
        assert worker.has_the_lock
        assert "Traceback" not in worker.complained()
        rejects = list(parked(log).values())
    assert rows(tmp_path).keys() == {fact.subject for fact in good}
    assert sorted(each.original for each in rejects) == sorted(record.value for record in bad)
    assert all(each.reason.startswith("not a fact: ") for each in rejects)
    report(f"500 unreadable messages and 100 facts: {seconds:.2f} s from append to projections")


def test_a_message_is_parked_once_however_often_it_is_replayed(tmp_path: Path) -> None:
    """Projections that are lost and built again park nothing a second time."""
    with open_log(tmp_path) as log:
        log.append(FACTS_TOPIC, garbage(range(20)))
        work(tmp_path)
        before = parked(log)
        shutil.rmtree(tmp_path / "projections")
        work(tmp_path, now=NOW + timedelta(days=1))

        assert parked(log) == before
    assert len(before) == 20
