"""Law 2 through the whole pipeline: neither the order of facts nor their repetition leaves a trace."""

from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from eventlog.facts import start_day
from learning.events import Fact
from learning.progress import decode_state
from producers.publisher import publish
from projections.cohort_completion import cohorts
from projections.enrolment_risk import at_risk
from projections.live import LiveProjections
from projections.partner_summary import partners
from projections.schema import risk_history
from projections.timeline import story
from tests.fact_lives import LAST_DAY, lives, own_programmes
from tests.faults_kit import NOW, assert_exact, open_log, rows, work


def test_shuffled_and_repeated_facts_give_the_same_read_models(tmp_path: Path) -> None:
    """Facts sent 1 to 3 times, shuffled over three imports, end in the read models of facts sent once, in order.

    Only the decisions of the first day differ, on which less was known; from the next day on they agree again.
    """
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
    assert _decided(scrambled) != _decided(straight)

    for folder in (straight, scrambled):
        _import(folder, [], LAST_DAY + timedelta(days=1))
        assert_exact(folder, LAST_DAY + timedelta(days=1))
    assert _decided(scrambled) == _decided(straight)


def _import(folder: Path, facts: list[Fact], day: date = LAST_DAY) -> None:
    with open_log(folder) as log:
        publish(log, facts, now=NOW)
        start_day(log, day, NOW)
    work(folder)


def _read_models(folder: Path) -> dict[str, Any]:
    with LiveProjections(folder / "projections").open() as store, store.connect() as connection:
        return {
            "rows": rows(folder),
            "cohorts": cohorts(connection),
            "partners": partners(connection),
            "register": at_risk(connection, lowest="on-track"),
            "timelines": {
                enrolment: story(decode_state(stored.state)) for enrolment, stored in store.states(rows(folder)).items()
            },
        }


def _decided(folder: Path) -> dict[str, str]:
    """The level that was decided last of each enrolment that is not on track."""
    with LiveProjections(folder / "projections").open() as store, store.connect() as connection:
        history = connection.execute(risk_history.select().order_by(risk_history.c.day)).mappings()
        levels = {row["enrolment"]: row["level"] for row in history}
    return {enrolment: level for enrolment, level in levels.items() if level != "on-track"}
