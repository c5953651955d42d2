"""A hundred dense lives in a store, and the whole list of them."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count

import pytest
from sqlalchemy import Connection

from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC, start_day
from learning.facts import ContactMade
from producers.publisher import publish
from projections.enrolment_list import Wanted, every
from projections.projector import Projector
from projections.rebuild import replay
from projections.rulebook import Rulebook
from projections.store import Store
from tests.builders import START, at, enrolled, make
from tests.fact_lives import LAST_DAY, lives, own_programmes
from tests.lists_kit import DAYS, Row
from tests.risk_kit import policies_of, rules_of, steps

POLICIES = policies_of(rules_of(behind=steps("behind", (1, 1), (4, 2), (9, 3)), silent=steps("silent", (20, 1))))


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A hundred dense lives with days between them, each run of records a second later; one came after the last day."""
    folder = tmp_path_factory.mktemp("lists")
    curriculum = own_programmes(folder)
    facts = sorted(lives(5, 2_000, curriculum), key=lambda fact: fact.recordedtime)
    seconds = count()
    with EmbeddedLog(folder / "log.db") as log, Store(folder / "store.db") as opened:
        log.create_topic(FACTS_TOPIC, 3)
        projector = Projector(
            opened,
            Rulebook(curriculum, POLICIES),
            park=lambda _: None,
            now=lambda: START + timedelta(seconds=next(seconds)),
        )
        before = date.min
        for day in [*DAYS, LAST_DAY + timedelta(days=1)]:
            publish(log, [each for each in facts if before <= each.recordedtime.date() < day], now=START)
            start_day(log, day, START)
            replay(log, projector, opened)
            before = day
        contact = ContactMade(channel="phone", outcome="reached", by="staff-1")
        publish(log, [make(contact, at(200), enrolment="e-1", participant="p-1")], now=START)
        late = enrolled(at(200), enrolment="e-late", participant="p-late", cohort=None)
        publish(log, [late], now=START)
        replay(log, projector, opened)
        yield opened


@pytest.fixture
def connection(store: Store) -> Iterator[Connection]:
    """A connection for queries."""
    with store.connect() as opened:
        yield opened


@pytest.fixture
def rows(connection: Connection) -> list[Row]:
    """The whole list."""
    return list(every(connection, Wanted()))
