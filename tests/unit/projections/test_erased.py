"""Who was erased counts in every total as before and is in nothing that names or tells of anybody, whatever follows."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC, start_day
from learning.events import Fact
from learning.facts import FlagAcknowledged, ParticipantErased, ParticipantMerged
from learning.milestones import milestones
from learning.plan import start_of
from learning.policy import shipped_policies
from producers.publisher import publish
from projections import (
    cohort_completion,
    enrolment_list,
    enrolment_progress,
    enrolment_risk,
    flag_stories,
    outbox,
    overview,
    partner_summary,
    risk_attention,
    risk_history,
    simulation,
)
from projections.declaration_readiness import declarations, expected_but_not_ready, ready, summary
from projections.explanation import NoDecisionError, hindsight
from projections.list_filters import Wanted
from projections.live import LiveProjections
from projections.projector import Projector
from projections.rebuild import rebuild, replay, verify
from projections.rulebook import Rulebook
from projections.schema import metadata
from projections.schema import risk_history as history_table
from projections.timeline import timeline
from stream_processors.relay import relay
from tests.builders import SMALL, START, at, completed, enrolled, make
from tests.log_lives import Log, everything, live, logs, tables

RULEBOOK = Rulebook(SMALL)
DAY = date(2025, 10, 20)
_DECISIONS = select(
    *(history_table.c[name] for name in ("enrolment", "day", "level", "previous_level", "change", "status"))
).order_by(history_table.c.enrolment, history_table.c.day)
ERASED = make(ParticipantErased(by="staff-1"), at(42))


class Bench:
    """A log with its projections."""

    def __init__(self, folder: Path) -> None:
        """Twelve people of two partners, who did more or less; the first, of whom it is all about, hardly anything."""
        self.folder = folder
        self.log = EmbeddedLog(folder / "log.db")
        self.log.create_topic(FACTS_TOPIC, 3)
        self.live = LiveProjections(folder / "projections")
        people = range(1, 13)
        self.fold(*(enrolled(at(-5), f"e-{each}", f"p-{each}", partner=f"partner-{each % 2}") for each in people))
        self.fold(
            *(
                completed(f"module-{module}", at(7 * module - 2), subject=f"e-{each}", partitionkey=f"p-{each}")
                for each in people
                for module in range(1, 1 + each // 2)
            )
        )
        for week in range(1, 7):
            self.start(START.date() + timedelta(weeks=week))
        self.fold(make(FlagAcknowledged(by="staff-7"), at(41)))

    def fold(self, *facts: Fact) -> None:
        """Put facts on the log and do a worker's work."""
        publish(self.log, facts, now=START)
        with self.live.writing() as store:
            replay(self.log, Projector(store, RULEBOOK, park=lambda _: None, now=lambda: START), store)

    def start(self, day: date) -> None:
        """Start a day."""
        start_day(self.log, day, start_of(day))
        self.fold()

    def verified(self) -> bool:
        """Whether a replay agrees, row by row."""
        with self.live.open() as store:
            return verify(self.log, store, RULEBOOK, lambda: START) > 0

    def connect(self) -> Connection:
        """For queries."""
        return self.live.open().connect()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A log with its projections."""
    made = Bench(tmp_path)
    with made.log, made.live:
        yield made


def figures(connection: Connection) -> dict[str, Any]:
    """Everything that is counted of enrolments."""
    found = declarations(connection, SMALL, milestones(), day=DAY)
    lives = simulation.replay(connection, SMALL, shipped_policies(), shipped_policies(), since=None, every=7)
    outcome = simulation.compare(lives)
    return {
        "glance": overview.at_a_glance(connection),
        "of a partner": overview.at_a_glance(connection, {"partner": "partner-1"}),
        "changed": overview.changed_today(connection),
        "deadlines": overview.deadlines(connection, within=timedelta(days=400)),
        "reasons": overview.reasons(connection, Wanted()),
        "choices": overview.choices(connection),
        "cohorts": cohort_completion.cohorts(connection),
        "partners": partner_summary.partners(connection),
        "watch": risk_attention.on_watch(connection, {}),
        "declarations": summary(found),
        "simulation": (outcome.total, outcome.partners, outcome.days),
        "decisions": connection.execute(_DECISIONS).all(),
    }


def named(connection: Connection) -> Mapping[str, Any]:
    """Whom everything that names enrolments names."""
    found = list(declarations(connection, SMALL, milestones(), day=DAY))
    return {
        "list": [row["enrolment"] for row in enrolment_list.every(connection, Wanted())],
        "changes": [row["enrolment"] for row in enrolment_list.changes(connection, Wanted()).rows],
        "those": list(enrolment_list.those(connection, Wanted(), ["e-1"])),
        "search": [row["enrolment"] for row in enrolment_list.every(connection, Wanted(text="E-1"))],
        "person": enrolment_progress.of_participant(connection, "p-1"),
        "like": enrolment_progress.ids_like(connection, "e-1"),
        "at risk": [row["enrolment"] for row in enrolment_risk.at_risk(connection, lowest="on-track")],
        "silent": risk_attention.long_silent(connection, shipped_policies(), {}),
        "declared": [each.enrolment for some in (ready, expected_but_not_ready) for each in some(found)],
    }


def test_every_figure_stays(bench: Bench) -> None:
    """All that is counted is what it was before, and is so after a rebuild."""
    with bench.connect() as connection:
        before = figures(connection)
    assert before["glance"].totals["flagged"] > 1
    assert before["changed"].raised + before["changed"].changed > 0
    bench.fold(ERASED)
    with bench.connect() as connection:
        after = figures(connection)
    rebuild(bench.log, bench.live, RULEBOOK, lambda: START)
    with bench.connect() as connection:
        rebuilt = figures(connection)

    assert after == before
    assert rebuilt == before


def test_it_is_named_nowhere(bench: Bench) -> None:
    """No list, search, register or declaration has it, and what is asked about it alone is as of an unknown id."""
    with bench.connect() as connection:
        assert {name for name, some in named(connection).items() if "e-1" not in some} <= {"silent", "declared"}
    bench.fold(ERASED)

    store = bench.live.open()
    with store.connect() as connection:
        assert [name for name, some in named(connection).items() if {"e-1", "p-1"} & set(some)] == []
        assert enrolment_progress.find(connection, "e-1") is None
        assert enrolment_risk.find(connection, "e-1") is None
        assert enrolment_list.find(connection, Wanted(), "e-1") is None
        assert risk_history.of(connection, "e-1") == []
        assert risk_history.decided_on(connection, "e-1", DAY) is None
        assert flag_stories.exemplary(connection) != "e-1"
        with pytest.raises(NoDecisionError, match="nothing is known of e-1"):
            hindsight(connection, RULEBOOK, "e-1", DAY)
    assert timeline(store, "e-1") == []


def test_a_list_says_how_many_it_leaves_out(bench: Bench) -> None:
    """By the same filters as the figure beside it; a search, which finds none of them, leaves none out."""
    bench.fold(ERASED)
    with bench.connect() as connection:
        total = overview.at_a_glance(connection).totals
        for wanted, counted in ((Wanted(), total["enrolled"]), (Wanted(flagged=True), total["flagged"])):
            assert enrolment_list.count(connection, wanted) + enrolment_list.erased(connection, wanted) == counted
            assert enrolment_list.erased(connection, wanted) == 1
        assert enrolment_list.erased(connection, Wanted(partner="partner-0")) == 0
        assert enrolment_list.erased(connection, Wanted(text="e-1")) == 0
        [signal, *_] = overview.reasons(connection, Wanted())
        assert enrolment_list.erased(connection, Wanted(flagged=True, reason=signal)) == 1


def test_nothing_is_told_of_it(bench: Bench) -> None:
    """What waits in the outbox about it is gone, and no day decides about it again, however silent it is."""
    bench.fold(ERASED)
    for week in range(7, 20):
        bench.start(START.date() + timedelta(weeks=week))
    with bench.connect() as connection:
        waiting = outbox.waiting(connection, 1_000, date.max)
        decided = select(history_table.c.day, history_table.c.reasons).where(history_table.c.enrolment == "e-1")
        rows = connection.execute(decided).all()

    assert waiting
    assert "e-1" not in {each.enrolment for each in waiting}
    assert max(row.day for row in rows) <= DAY
    assert {row.reasons for row in rows} == {b"[]"}
    assert bench.verified()


def test_a_rebuild_relays_nothing_of_it(bench: Bench) -> None:
    """What had been told before stays on its topic, and nothing is put beside it."""
    with bench.live.writing() as store:
        assert relay(bench.log, store) > 0
    bench.fold(ERASED)
    before = sum(bench.log.end_offsets("risk-changes").values())
    rebuild(bench.log, bench.live, RULEBOOK, lambda: START)
    with bench.live.writing() as store:
        relay(bench.log, store)

    assert sum(bench.log.end_offsets("risk-changes").values()) == before


def test_what_comes_later_stays_erased(bench: Bench) -> None:
    """Facts that arrive afterwards count, and bring back neither the enrolment nor the participant."""
    bench.fold(ERASED)
    with bench.connect() as connection:
        before = overview.at_a_glance(connection).totals["completion_ratio"]
    bench.fold(
        completed("module-1", at(43)),
        enrolled(at(44), partner="partner-1"),
        make(ParticipantMerged(retired="p-1", into="p-99"), at(45)),
        completed("module-2", at(46), partitionkey="p-99"),
    )

    with bench.connect() as connection:
        assert overview.at_a_glance(connection).totals["completion_ratio"] > before
        assert enrolment_progress.find(connection, "e-1") is None
        assert enrolment_progress.of_participant(connection, "p-99") == []
    assert bench.verified()


def test_another_enrolment_of_the_same_person_is_another_matter(bench: Bench) -> None:
    """Who comes back under the old id is looked after, until they are erased again."""
    bench.fold(ERASED)
    bench.fold(enrolled(at(43), "e-99", "p-1"))
    with bench.connect() as connection:
        assert enrolment_progress.of_participant(connection, "p-1") == ["e-99"]


def test_after_a_rebuild_no_byte_leads_from_the_projections_to_the_participant(bench: Bench) -> None:
    """The id of the participant is in no file of the projections."""
    bench.fold(enrolled(at(1), "e-77", "participant-7777777"), ERASED)
    bench.fold(make(ParticipantErased(by="staff-1"), at(43), "e-77", "participant-7777777"))
    rebuild(bench.log, bench.live, RULEBOOK, lambda: START)

    files = [path for path in (bench.folder / "projections").iterdir() if path.is_file()]
    assert files
    assert not any(b"participant-7777777" in path.read_bytes() for path in files)


@given(logs(), st.randoms(use_true_random=False))
def test_in_whatever_order_it_is_read_it_leads_to_nobody(log: Log, random: Random) -> None:
    """Of an erased enrolment no row has a participant, no message waits, and no decision has a reason."""
    found = tables(log, live(log, everything(log), random))
    erased = {fact.subject for facts in log for fact in facts if isinstance(fact.data, ParticipantErased)}

    theirs = [row for rows in found.values() for row in rows if row.get("enrolment") in erased]
    assert not any(str(value).startswith("p-") for row in theirs for value in row.values())
    assert not any(b'"p-' in row.get("state", b"") or b"\xa3p-" in row.get("state", b"") for row in theirs)
    assert {row["enrolment"] for row in found["outbox"]}.isdisjoint(erased)
    reasons = [row["reasons"] for row in found["risk_history"] if row["enrolment"] in erased]
    assert set(reasons) <= {b"[]"}
    assert all(row["erased"] is (row["enrolment"] in erased) for row in found["enrolment_progress"])
    given_inputs = [
        each["inputs"] for row in theirs if "next_look" in row for each in msgspec.json.decode(row["reasons"])
    ]
    assert not any(given_inputs)
    assert set(found) == {table.name for table in metadata.sorted_tables} - {"about"}
