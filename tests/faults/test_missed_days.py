"""Law 5: days that passed while no worker ran are caught up in order, and rows are as measured from scratch."""

import shutil
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from eventlog.facts import FACTS_TOPIC
from learning.curriculum import Curriculum
from learning.events import Fact, decode
from learning.facts import DayStarted
from learning.measures import measure
from learning.policy import shipped_policies
from learning.progress import fold_all
from learning.risk import assess
from producers.publisher import publish
from projections.enrolment_progress import row
from tests.fact_lives import LAST_DAY, lives, own_programmes
from tests.faults_kit import assert_exact, but_when_written, open_log, rows, work

NOON = datetime(2026, 3, 13, 12, tzinfo=UTC)
FACTS = 800


@pytest.fixture
def curriculum(tmp_path: Path) -> Curriculum:
    """The curriculum of a data folder with facts on its log and no day yet."""
    curriculum = own_programmes(tmp_path)
    with open_log(tmp_path) as log:
        publish(log, lives(seed=9, facts=FACTS, curriculum=curriculum), now=NOON)
    return curriculum


def test_missed_days_are_caught_up_in_order(tmp_path: Path, curriculum: Curriculum) -> None:
    """A worker that was down for three days starts each of them once, in order, on every partition."""
    assert curriculum
    work(tmp_path, NOON, day_clock=True)
    for _ in range(2):
        work(tmp_path, NOON + timedelta(days=4), day_clock=True)

    expected = [LAST_DAY + timedelta(days=days) for days in range(5)]
    assert _days(tmp_path) == dict.fromkeys(range(12), expected)


def test_after_a_day_everybody_is_as_measured_from_scratch(tmp_path: Path, curriculum: Curriculum) -> None:
    """After days without any fact, every row equals one measured from scratch, though few were looked at."""
    work(tmp_path, NOON, day_clock=True)
    before = rows(tmp_path)
    later = LAST_DAY + timedelta(days=7)
    work(tmp_path, NOON + timedelta(days=7), day_clock=True)

    found = rows(tmp_path)
    assert found == _measured_from_scratch(tmp_path, curriculum, later)
    assert {each["as_of"] for each in found.values()} == {later}
    assert any(found[each]["lag_weeks"] > before[each]["lag_weeks"] for each in found)
    assert_exact(tmp_path, later)


def test_a_day_begins_at_midnight_in_the_united_kingdom(tmp_path: Path, curriculum: Curriculum) -> None:
    """In summer time it is tomorrow already at 23:30 in UTC."""
    assert curriculum
    work(tmp_path, datetime(2026, 3, 29, 22, 30, tzinfo=UTC), day_clock=True)
    work(tmp_path, datetime(2026, 3, 29, 23, 30, tzinfo=UTC), day_clock=True)

    assert _days(tmp_path)[0] == [date(2026, 3, 29), date(2026, 3, 30)]


def test_days_are_caught_up_although_the_projections_were_lost(tmp_path: Path, curriculum: Curriculum) -> None:
    """The log itself says which day was the last, so that losing the projections loses no day."""
    assert curriculum
    work(tmp_path, NOON, day_clock=True)
    shutil.rmtree(tmp_path / "projections")
    work(tmp_path, NOON + timedelta(days=2), day_clock=True)

    assert _days(tmp_path)[11] == [LAST_DAY, LAST_DAY + timedelta(days=1), LAST_DAY + timedelta(days=2)]


def _on_log(data_dir: Path) -> dict[int, list[Fact]]:
    with open_log(data_dir) as log:
        return {
            partition: [decode(stored.value) for stored in log.read(FACTS_TOPIC, partition, 0, 10_000)]
            for partition in range(log.topics()[FACTS_TOPIC])
        }


def _days(data_dir: Path) -> Mapping[int, list[date]]:
    return {
        partition: [fact.data.day for fact in facts if isinstance(fact.data, DayStarted)]
        for partition, facts in _on_log(data_dir).items()
    }


def _measured_from_scratch(data_dir: Path, curriculum: Curriculum, day: date) -> dict[str, object]:
    facts: defaultdict[str, list[Fact]] = defaultdict(list)
    for partition in _on_log(data_dir).values():
        for fact in partition:
            facts[fact.subject].append(fact)
    return {enrolment: found for enrolment, its in facts.items() if (found := _row(enrolment, its, curriculum, day))}


def _row(enrolment: str, facts: list[Fact], curriculum: Curriculum, day: date) -> dict[str, object] | None:
    state = fold_all(facts)
    progress = measure(state, curriculum, day)
    if progress is None:
        return None
    assessment = assess(state, curriculum, shipped_policies(), day)
    level = assessment and assessment.level
    return but_when_written({**row(enrolment, progress, level, NOON), "as_of": day})
