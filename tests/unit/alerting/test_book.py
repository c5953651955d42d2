"""The alert book gives back what was written, and finds what is asked for."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from sqlalchemy import Connection

from alerting import book
from alerting.book import LatestDecision
from alerting.identity import alert_id, notice_id
from alerting.model import Notice
from alerting.store import AlertStore
from learning.facts import Identifier
from tests.alert_kit import MONDAY, Weeks, alert, contact, endpoint, monday

DAY = timedelta(days=1)
ENROLMENTS = st.text(st.sampled_from("e1/_ é"), min_size=1, max_size=256)
"""As facts take them, which stand in the envelope as text."""


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A transaction on an empty alert book."""
    with AlertStore(tmp_path / "alerts.db") as store, store.writing() as opened:
        yield opened


def some_notices() -> list[Notice]:
    """A digest of two alerts and a message to a webhook about each."""
    return sorted(
        Weeks(contact(), endpoint(), alerts=[alert("e-1"), alert("e-2")]).turn(monday(hour=8)), key=lambda each: each.id
    )


def test_alerts_come_back_as_they_were_written(connection: Connection) -> None:
    """Every field, with and without what may be missing; written again, it is the later one."""
    full = alert(
        "e-2",
        told_at=monday(),
        last_told_at=monday(1),
        escalations=2,
        resolved_on=MONDAY,
        risen_on=MONDAY,
        state="resolved",
    )
    book.put_alerts(connection, [alert("e-1"), alert("e-2"), full])

    assert book.alerts(connection) == [alert("e-1"), full]
    assert book.alert(connection, full.id) == full
    assert book.alert(connection, "nothing") is None


def test_alerts_are_found_by_id_enrolment_state_and_since_when(connection: Connection) -> None:
    """Also by more keys than one query names."""
    made = [alert(f"e-{number:04}", state_since=monday(number % 3)) for number in range(1_200)]
    made[0] = structs.replace(made[0], state="told")
    book.put_alerts(connection, made)

    assert book.alerts(connection, ids=[each.id for each in made]) == made
    assert book.alerts(connection, enrolments={each.enrolment for each in made[:700]}) == made[:700]
    assert book.alerts(connection, states=["told"]) == made[:1]
    assert book.alerts(connection, states=["told", "waiting"], since=monday(2)) == made[2::3]
    assert book.alerts(connection, ids=[]) == []


def test_messages_come_back_as_they_were_written(connection: Connection) -> None:
    """With all that they say."""
    made = some_notices()
    book.put_alerts(connection, [alert("e-1"), alert("e-2")])
    book.put_notices(connection, made)

    assert book.notices(connection) == made
    assert book.notice(connection, made[1].id) == made[1]
    assert book.notice(connection, "nothing") is None
    assert book.notices(connection, state="dead") == []


def test_what_was_told_is_known_by_alert(connection: Connection) -> None:
    """To whom, in which step and when; what was cancelled was not told, and what was only composed says so."""
    book.put_alerts(connection, [alert("e-1"), alert("e-2")])
    digest, *others = sorted(some_notices(), key=lambda each: each.kind != "digest")
    about_one = [each for each in others if each.content.alerts[0].enrolment == "e-1"]
    book.put_notices(connection, [digest, structs.replace(others[0], state="cancelled")])

    [telling] = book.told(connection, ["e-1/2026-03-02"])
    assert (telling.receiver, telling.partner, telling.step, telling.level) == ("c-1", "p-1", "first", "at-risk")
    assert (telling.at, telling.dry) == (monday(hour=8), False)

    book.put_notices(connection, [structs.replace(each, state="dry-run") for each in about_one])
    assert sorted(each.dry for each in book.told(connection, ["e-1/2026-03-02"])) == [False, True]
    assert book.told_since(connection, monday(hour=8)) == {"e-1/2026-03-02", "e-2/2026-03-02"}
    assert book.told_since(connection, monday(hour=9)) == set()


def test_positions_decisions_and_digests_are_kept(connection: Connection) -> None:
    """The latest of each."""
    for offset in (3, 7):
        book.put_position(connection, "topic", 1, offset)
    for day in (MONDAY, MONDAY + DAY):
        book.put_decisions(connection, {"e-1": LatestDecision(day, True)})
        book.put_digest_windows(connection, {"c-1": day})

    assert book.positions(connection, "topic") == {1: 7}
    assert book.positions(connection, "other") == {}
    assert book.decisions(connection, ["e-1", "e-2"]) == {"e-1": LatestDecision(MONDAY + DAY, True)}
    assert book.digest_windows(connection) == {"c-1": MONDAY + DAY}


@given(enrolment=ENROLMENTS, other=ENROLMENTS)
def test_every_alert_has_an_id_that_a_fact_can_name(enrolment: str, other: str) -> None:
    """Whatever the id of its enrolment is; another enrolment's alert has another one, and the same again the same."""
    mine = alert_id(enrolment, "withdrawal", "2026-03-02")

    assert msgspec.convert(mine, Identifier) == mine == alert_id(enrolment, "withdrawal", "2026-03-02")
    assert (mine == alert_id(other, "withdrawal", "2026-03-02")) == (enrolment == other)
    assert mine != alert_id(enrolment, "withdrawal", "2026-03-03")


@pytest.mark.parametrize(("length", "is_plain"), [(106, True), (107, False)])
def test_the_id_of_an_alert_shows_its_enrolment_while_there_is_room(length: int, *, is_plain: bool) -> None:
    """An identifier has 128 characters at most, of which a withdrawal and its day take 22."""
    enrolment = "e" * length

    assert (alert_id(enrolment, "withdrawal", "2026-03-02") == f"{enrolment}/withdrawal/2026-03-02") == is_plain


def test_a_message_is_known_by_what_makes_it_this_one() -> None:
    """The same parts give the same id; any other part, or the same text cut elsewhere, gives another."""
    whole = notice_id("digest", "c-1", "p-1", "2026-03-02")

    assert whole == notice_id("digest", "c-1", "p-1", "2026-03-02")
    assert whole.startswith("msg_")
    others = [
        notice_id("reminder", "c-1", "p-1", "2026-03-02"),
        notice_id("digest", "c-2", "p-1", "2026-03-02"),
        notice_id("digest", "c-1", "p-2", "2026-03-02"),
        notice_id("digest", "c-1", "p-1", "2026-03-03"),
        notice_id("digest", "c-1", "p-12026-03-02"),
    ]
    assert len({whole, *others}) == 6
