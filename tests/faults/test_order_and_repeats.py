"""Law 2 through the whole pipeline: neither the order of facts nor their repetition leaves a trace."""

from pathlib import Path
from random import Random
from typing import Any

from eventlog.facts import publish, start_day
from learning.events import Fact
from projections.cohort_completion import cohorts
from projections.live import LiveProjections
from projections.partner_summary import partners
from projections.timeline import timeline
from tests.fact_lives import LAST_DAY, lives, own_programmes
from tests.faults_kit import NOW, assert_exact, open_log, rows, work


def test_shuffled_and_repeated_facts_give_the_same_read_models(tmp_path: Path) -> None:
    """Facts sent 1 to 3 times, shuffled over three imports, end in the read models of facts sent once, in order."""
    straight, scrambled = tmp_path / "straight", tmp_path / "scrambled"
    for folder in (straight, scrambled):
        curriculum = own_programmes(folder)
    facts = lives(seed=4, facts=2_400, curriculum=curriculum)
    random = Random(4)
    sent = [fact for fact in facts for _ in range(random.randint(1, 3))]
    random.shuffle(sent)

    _import(straight, sorted(facts, key=lambda fact: fact.recordedtime))
    for batch in range(3):
        _import(scrambled, sent[batch::3])

    assert_exact(straight, LAST_DAY)
    assert_exact(scrambled, LAST_DAY)
    assert _read_models(scrambled) == _read_models(straight)


def _import(folder: Path, facts: list[Fact]) -> None:
    with open_log(folder) as log:
        publish(log, facts, now=NOW)
        start_day(log, LAST_DAY, NOW)
    work(folder)


def _read_models(folder: Path) -> dict[str, Any]:
    with LiveProjections(folder / "projections").open() as store, store.connect() as connection:
        return {
            "rows": rows(folder),
            "cohorts": cohorts(connection),
            "partners": partners(connection),
            "timelines": {enrolment: timeline(store, enrolment) for enrolment in rows(folder)},
        }
