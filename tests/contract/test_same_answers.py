"""The same log gives the same rows and the same answers, whether the projections are in SQLite or in PostgreSQL."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from sqlalchemy import select

from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC, start_day
from learning.events import Fact
from learning.facts import ContactMade, FlagAcknowledged, ImprovementSeen
from learning.milestones import milestones
from learning.policy import LEVELS
from producers.publisher import publish
from projections import (
    cohort_completion,
    days,
    declaration_readiness,
    enrolment_list,
    enrolment_progress,
    enrolment_risk,
    enrolment_states,
    explanation,
    flag_stories,
    outbox,
    overview,
    partner_summary,
    policy_use,
    risk_attention,
    risk_history,
    simulation,
    timeline,
)
from projections.enrolment_list import Sort, SortBy, Wanted
from projections.projector import Projector
from projections.rebuild import replay, verify
from projections.rulebook import Rulebook
from projections.schema import metadata
from projections.storage.places import Database, Schema
from projections.store import Store
from tests.builders import COMPONENTS, START, at, completed, enrolled, make
from tests.fact_lives import LAST_DAY, lives, own_programmes
from tests.risk_kit import only

_CANDIDATE = only("behind", (2, 2))
_WANTED = (
    Wanted(),
    Wanted(flagged=True, reason="behind"),
    Wanted(stage="raised"),
    Wanted(text="E-1", participants=frozenset({"p-3"})),
    Wanted(behind=2, gate_reached=False, deadline_from=date(2025, 9, 1), deadline_until=date(2026, 9, 1)),
    Wanted(changed_on=LAST_DAY + timedelta(days=60)),
    Wanted(updated_since=START, status_since=date(2026, 1, 1)),
)
_DAYS = [START.date() + timedelta(days=14 * number) for number in range(1, 14)]


def story() -> list[Fact]:
    """Of somebody who was at risk, whom people took care of, and who went on."""
    who = {"enrolment": "e-story", "participant": "p-story"}
    cared = [
        make(FlagAcknowledged(by="staff-1"), at(20), **who),
        make(ContactMade(channel="phone", outcome="reached", by="staff-1"), at(21), **who),
        make(ImprovementSeen(by="staff-1"), at(30), **who),
    ]
    return [enrolled(**who), *cared, *(completed(component, at(29), **who) for component in COMPONENTS)]


@pytest.fixture
def rulebook(tmp_path: Path) -> Rulebook:
    """Programmes that come with the product and programmes of a user's own."""
    return Rulebook(own_programmes(tmp_path))


@pytest.fixture
def log(tmp_path: Path, rulebook: Rulebook) -> Iterator[EmbeddedLog]:
    """A hundred lives with every type of fact, told as they became known, with a day every second week."""
    facts = [*lives(11, 2_000, rulebook.curriculum), *story()]
    with EmbeddedLog(tmp_path / "log.db") as opened:
        opened.create_topic(FACTS_TOPIC, 3)
        before = date.min
        for day in [*_DAYS, LAST_DAY + timedelta(days=60)]:
            publish(opened, [each for each in facts if before <= each.recordedtime.date() < day], now=START)
            start_day(opened, day, START)
            before = day
        yield opened


@pytest.fixture
def stores(tmp_path: Path, postgres_url: str, log: EmbeddedLog, rulebook: Rulebook) -> Iterator[tuple[Store, Store]]:
    """One store of each kind, with all of the log."""
    places = (tmp_path / "store.db", Schema(Database(postgres_url), "projections_000001"))
    with Store(places[0]) as file, Store(places[1]) as schema:
        for store in (file, schema):
            replay(log, Projector(store, rulebook, park=lambda _: None, now=lambda: START), store)
        yield file, schema


def tables(store: Store) -> dict[str, Any]:
    """Every row of every table, by the table's key."""
    with store.connect() as connection:
        return {
            table.name: connection.execute(select(table).order_by(*table.primary_key.columns)).all()
            for table in metadata.sorted_tables
        }


def answers(store: Store, rulebook: Rulebook) -> dict[str, Any]:
    """The answers to everything that can be asked."""
    curriculum, policies = rulebook
    with store.connect() as connection:
        people = sorted(store.states(f"e-{number}" for number in range(100)))
        declared = list(declaration_readiness.declarations(connection, curriculum, milestones()))
        partners = declaration_readiness.values(connection, "partner")
        columns = [{"programme": "small/course"}, {"intake": "autumn"}, {"partner": partners[0]}]
        return {
            "cohorts": [cohort_completion.cohorts(connection, each) for each in (None, *columns)],
            "partners": [partner_summary.partners(connection, each) for each in (None, *columns)],
            "progress": [enrolment_progress.find(connection, each) for each in people],
            "of participants": [enrolment_progress.of_participant(connection, f"p-{each}") for each in range(100)],
            "ids like": [enrolment_progress.ids_like(connection, each) for each in ("e-1", "P-2", "e_")],
            "at risk": [enrolment_risk.at_risk(connection, lowest=level) for level in LEVELS],
            "at risk, filtered": [
                enrolment_risk.at_risk(connection, each, lowest="watch")
                for each in (*columns, {"provider": "provider-1"}, {"level": "at-risk"}, {"stage": "raised"})
            ],
            "risk": [enrolment_risk.find(connection, each) for each in people],
            "decided": sorted(enrolment_risk.decided(connection, people).items()),
            "due": [
                list(enrolment_risk.due(connection, partition, LAST_DAY, everybody=everybody))
                for partition in range(3)
                for everybody in (False, True)
            ],
            "lists": [list(enrolment_list.every(connection, each)) for each in _WANTED],
            "sorted": [
                enrolment_list.page(connection, Wanted(), Sort(by, descending=descending), size=60)
                for by in get_args(SortBy)
                for descending in (False, True)
            ],
            "changes": [enrolment_list.changes(connection, each, size=60) for each in _WANTED],
            "glance": [overview.at_a_glance(connection, each) for each in (None, *columns)],
            "today": [overview.changed_today(connection, each) for each in (None, *columns)],
            "deadlines": [overview.deadlines(connection, each, within=timedelta(500)) for each in (None, *columns)],
            "reasons": [overview.reasons(connection, each) for each in _WANTED],
            "choices": overview.choices(connection),
            "on watch": [risk_attention.on_watch(connection, each) for each in ({}, *columns)],
            "long silent": [risk_attention.long_silent(connection, policies, each) for each in ({}, *columns)],
            "history": [risk_history.of(connection, each) for each in people],
            "decided on": [risk_history.decided_on(connection, each, _DAYS[-1]) for each in people],
            "story": flag_stories.exemplary(connection),
            "explained": [explanation.hindsight(connection, rulebook, each, _DAYS[6]) for each in people[:40]],
            "declarations": declared,
            "declarations, summed up": declaration_readiness.summary(declared),
            "values": [declaration_readiness.values(connection, each) for each in declaration_readiness.FILTERS],
            "policies": [
                policy_use.was_used(connection, each.version) for each in (*policies.versions, *_CANDIDATE.versions)
            ],
            "days": [(days.of(connection, each), days.latest(connection, each)) for each in range(3)],
            "messages": outbox.waiting(connection, 1_000, date.max),
            "states": sorted(enrolment_states.find(connection, people).items()),
            "simulation": simulation.compare(
                simulation.replay(connection, curriculum, policies, _CANDIDATE, since=_DAYS[9], every=28)
            ),
            "simulated": simulation.number_of_states(connection),
            "timelines": [timeline.timeline(store, each) for each in people],
        }


def test_the_rows_are_the_same(stores: tuple[Store, Store]) -> None:
    """Every row of every table has equal values of equal types, in the same order."""
    file, schema = map(tables, stores)

    assert all(file.values())
    for name, rows in file.items():
        assert list(map(repr, rows)) == list(map(repr, schema[name])), name


def test_the_answers_are_the_same(stores: tuple[Store, Store], rulebook: Rulebook) -> None:
    """Every question of every read model is answered alike, whatever the filter."""
    file, schema = (answers(store, rulebook) for store in stores)

    assert all(file.values())
    for question, answer in file.items():
        assert repr(answer) == repr(schema[question]), question


def test_a_replay_into_a_file_proves_a_schema(
    stores: tuple[Store, Store], log: EmbeddedLog, rulebook: Rulebook
) -> None:
    """What a schema holds is verified against the log by a replay into a file."""
    _, schema = stores

    assert verify(log, schema, rulebook, lambda: START) == sum(log.end_offsets(FACTS_TOPIC).values())
