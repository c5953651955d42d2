"""Filters, on a connection that keeps what other answers were made of: they leave exactly the others out."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import NamedTuple

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from analytics.answer import Answer
from analytics.filters import Filters
from analytics.questions.registry import QUESTIONS
from learning.curriculum import Curriculum
from learning.events import Fact
from learning.facts import AlertSent, AttendanceRecorded, ContactMade, FlagAcknowledged, Withdrawn
from tests.analytics_kit import warehouse
from tests.builders import enrolled, make

SHIPPED = Curriculum.shipped()
PROGRAMME = "reformed-2021/npqsl"
STARTS = datetime(2024, 10, 7, 9, tzinfo=UTC)
AS_OF = date(2025, 6, 2)
WITHOUT_HISTORY = sorted(set(QUESTIONS) - {"gate-forecast"})
"""Forecasts read the history of everybody, whatever the filters."""


class Person(NamedTuple):
    """Where somebody is."""

    number: int
    intake: str
    provider: str
    partner: str
    cohort: str | None

    @property
    def enrolment(self) -> str:
        """Their enrolment."""
        return f"e-{self.number}"


def people() -> list[Person]:
    """Forty people, of whom those of two providers and three cohorts sit in the same rooms."""
    random = Random(5)
    return [
        Person(
            number,
            random.choice(("2024-autumn", "2023-autumn")),
            random.choice(("provider-1", "provider-2")),
            random.choice(("partner-1", "partner-2")),
            random.choice((None, "2024a", "2024b")),
        )
        for number in range(40)
    ]


def life(person: Person) -> Iterator[Fact]:
    """What one of them did, which depends on nobody else."""
    random, programme = Random(person.number), SHIPPED.programme(PROGRAMME)
    whose = {"enrolment": person.enrolment, "participant": f"p-{person.number}"}
    place = {name: getattr(person, name) for name in ("intake", "provider", "partner", "cohort")}
    yield enrolled(STARTS - timedelta(days=9), **whose, programme=PROGRAMME, **place)
    for week, component in enumerate(programme.components[:12]):
        held = STARTS + timedelta(weeks=week)
        word = random.choice(("attended", "attended", "absent", "caught-up"))
        yield make(
            AttendanceRecorded(component=component.id, attendance=word),
            held,
            recordedtime=held + timedelta(days=random.randint(0, 12)),
            **whose,
        )
        if random.random() < 0.2:
            contact = ContactMade(channel="phone", outcome="reached", by="staff-1")
            yield make(contact, held + timedelta(days=random.randint(1, 6)), **whose)
    if random.random() < 0.2:
        left = STARTS + timedelta(weeks=random.randint(4, 30))
        yield make(Withdrawn(reason="other", effective=left.date(), signed_off_by=person.partner), left, **whose)


def told_of(person: Person) -> Iterator[Fact]:
    """The alert about the flag of one of them, and what followed."""
    whose = {"enrolment": person.enrolment, "participant": f"p-{person.number}"}
    sent = STARTS + timedelta(weeks=person.number % 12, hours=1)
    alert = AlertSent(alert=f"a-{person.number}", notice="msg_1", step="first", channel="email", to="contact-1")
    yield make(alert, sent, **whose)
    if person.number % 3:
        yield make(FlagAcknowledged(by="staff-1"), sent + timedelta(days=person.number % 9), **whose)


def flags(some: list[Person]) -> pd.DataFrame:
    """One flag each."""
    days = [(person.enrolment, STARTS.date() + timedelta(weeks=person.number % 12)) for person in some]
    rows = [(enrolment, day, "at-risk", "on-track", "raised") for enrolment, day in days]
    return pd.DataFrame(rows, columns=["enrolment", "day", "level", "previous_level", "change"])


@pytest.mark.parametrize("name", WITHOUT_HISTORY)
def test_a_filter_answers_as_if_there_were_nobody_else(name: str) -> None:
    """After everybody was asked about, each filter still gives what a lake of only these people gives."""

    def asked(connection: object, filters: Filters) -> Answer:
        return QUESTIONS[name].load()(connection, filters)

    everybody = people()
    facts = {person: [*life(person), *told_of(person)] for person in everybody}
    one = warehouse((fact for own in facts.values() for fact in own), SHIPPED, as_of=AS_OF, decisions=flags(everybody))
    asked(one, Filters(programme=PROGRAMME))
    for filters in (
        Filters(provider="provider-2"),
        Filters(cohort="2024b", partner="partner-1"),
        Filters(intake="2024-autumn"),
    ):
        given = {field: value for field, value in filters._asdict().items() if value is not None}
        few = [person for person in everybody if all(getattr(person, field) == value for field, value in given.items())]
        alone = warehouse((fact for each in few for fact in facts[each]), SHIPPED, as_of=AS_OF, decisions=flags(few))
        found, expected = (asked(each, filters).frame for each in (one, alone))
        assert len(expected)
        assert_frame_equal(found, expected, rtol=1e-12)
