"""Withdrawals as read model: where each stands, in order, and what DfE is to be told of it."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection

from learning.curriculum import Curriculum
from learning.events import Fact, encode
from learning.facts import (
    DayStarted,
    ParticipantErased,
    ParticipantMerged,
    Resumed,
    Transferred,
    WithdrawalObjected,
    WithdrawalRecommended,
    Withdrawn,
)
from learning.milestones import milestones
from learning.plan import start_of
from projections import withdrawals
from projections.list_filters import Wanted
from projections.projector import Projector
from projections.rulebook import Rulebook
from projections.store import Store
from projections.withdrawal_rows import DFE_COLUMNS, OUR_COLUMNS, cells, request_of
from projections.withdrawals import Found, Place, Rules
from tests.builders import SMALL, START, at, completed, enrolled, make

DAY = date(2026, 2, 2)
SIGNED = Withdrawn(reason="change-in-career", effective=date(2025, 12, 1), signed_off_by="lead-3")
RULES = Rules(SMALL, milestones())
KNOWN = {"programme": "ambition-2024/npqltd", "intake": "2025-autumn"}


def recommended(enrolment: str, days: float) -> Fact:
    """Staff recommend a withdrawal."""
    data = WithdrawalRecommended(reason="disengaged-and-unresponsive", by="staff-1")
    return make(data, at(days), enrolment, f"p-{enrolment}")


def said(data: object, enrolment: str, days: float) -> Fact:
    """Something else is said of somebody."""
    return make(data, at(days), enrolment, f"p-{enrolment}")  # type: ignore[arg-type]  # a fact's data


def life() -> Iterator[Fact]:
    """Two who wait, one objected to, three signed off, one who came back, one erased, and one without a word of it."""
    for number in range(9):
        whose = {"enrolment": f"e-{number}", "participant": f"p-e-{number}"}
        yield enrolled(at(-5), **whose, **(KNOWN if number in (4, 5, 8) else {}), partner=f"partner-{number % 2}")
    for each in ("e-4", "e-8"):
        yield completed("induction", at(60), enrolment=each, participant=f"p-{each}")
    yield recommended("e-0", 50)
    yield recommended("e-1", 45)
    yield recommended("e-2", 40)
    yield said(WithdrawalObjected(reason="still-taking-part", by="adviser-2"), "e-2", 47)
    for number, days in ((3, 70), (4, 71), (5, 72)):
        yield said(SIGNED, f"e-{number}", days)
    yield recommended("e-6", 50)
    yield said(Resumed(), "e-6", 55)
    yield recommended("e-7", 50)
    yield said(ParticipantErased(by="staff-1"), "e-7", 56)


def stored(store: Store, *more: Fact, curriculum: Curriculum = SMALL) -> Store:
    """Fold everything, and start a day."""
    projector = Projector(store, Rulebook(curriculum), park=lambda _: None, now=lambda: START)
    day = make(DayStarted(day=DAY), start_of(DAY), "calendar", "calendar")
    facts = [*life(), *more, day]
    projector.apply(0, [(place, encode(each)) for place, each in enumerate(facts)], b"head")
    return store


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """To a store with them."""
    moved = said(Transferred(partner="partner-9"), "e-1", 60)
    merged = said(ParticipantMerged(retired="p-e-3", into="p-new"), "e-3", 80)
    path = tmp_path_factory.mktemp("withdrawals") / "store.db"
    with Store(path) as store, stored(store, moved, merged).connect() as opened:
        yield opened


def ids(found: list[Found]) -> list[str]:
    """Whose they are."""
    return [each.enrolment for each in found]


def test_what_waits_longest_stands_first(connection: Connection) -> None:
    """Of those that are recommended, and the other way round where the latest is to stand first."""
    waiting = Wanted(withdrawal="recommended")

    assert ids(withdrawals.page(connection, RULES, waiting)) == ["e-1", "e-0"]
    assert ids(withdrawals.page(connection, RULES, waiting, latest_first=True)) == ["e-0", "e-1"]
    assert ids(withdrawals.page(connection, RULES, waiting, number=2, size=1)) == ["e-0"]


def test_nobody_is_listed_who_has_none(connection: Connection) -> None:
    """Who never had one, who came back, and whoever was erased is on no list."""
    assert ids(list(withdrawals.every(connection, RULES, Wanted()))) == ["e-1", "e-2", "e-0", "e-3", "e-4", "e-5"]


def test_states_are_counted_as_they_are_listed(connection: Connection) -> None:
    """Each count is that of its list; a state with nobody is there with 0."""
    assert withdrawals.counts(connection, Wanted()) == {"recommended": 2, "objected": 1, "signed-off": 3}
    assert withdrawals.counts(connection, Wanted(partner="partner-9")) == {
        "recommended": 1,
        "objected": 0,
        "signed-off": 0,
    }


@pytest.mark.parametrize("size", [1, 2, 4, 9])
def test_pages_that_go_on_from_a_place_are_the_whole_list(connection: Connection, size: int) -> None:
    """Nobody is missed and nobody comes twice, whatever the size."""
    found: list[Found] = []
    place = None
    while part := withdrawals.following(connection, RULES, Wanted(), place, size=size):
        found += part
        assert part[-1].case.said_at is not None
        place = Place(part[-1].case.said_at, part[-1].enrolment)

    assert found == list(withdrawals.every(connection, RULES, Wanted()))


def test_a_list_can_begin_with_a_moment(connection: Connection) -> None:
    """Only what came to where it stands at that moment or later."""
    wanted = Wanted(withdrawal="signed-off", withdrawal_since=at(71))

    assert ids(list(withdrawals.every(connection, RULES, wanted))) == ["e-4", "e-5"]


def test_a_transfer_takes_it_along(connection: Connection) -> None:
    """The partner that has the participant now answers; a merged participant goes by the id that counts."""
    [waiting] = withdrawals.every(connection, RULES, Wanted(partner="partner-9"))
    merged = next(each for each in withdrawals.every(connection, RULES, Wanted()) if each.enrolment == "e-3")

    assert (waiting.enrolment, waiting.case.state) == ("e-1", "recommended")
    assert (merged.participant, merged.status) == ("p-new", "withdrawn")


def test_only_what_is_signed_off_and_known_to_dfe_is_ready(connection: Connection) -> None:
    """A course is needed; of who has no evidence for a started declaration there is a warning."""
    found = {each.enrolment: (each.ready, each.warnings) for each in withdrawals.every(connection, RULES, Wanted())}

    assert found == {
        "e-0": (False, ()),
        "e-1": (False, ()),
        "e-2": (False, ()),
        "e-3": (False, ("course-unknown-to-dfe",)),
        "e-4": (True, ()),
        "e-5": (True, ("no-started-evidence",)),
    }


@pytest.mark.parametrize(("effective", "ready"), [(DAY, True), (date(2026, 2, 3), False)])
def test_dfe_is_told_on_the_effective_day_and_not_before(tmp_path: Path, effective: date, ready: bool) -> None:
    """DfE dates a withdrawal by the call, so until its day it waits; the status changes on that day too."""
    late = Withdrawn(reason="other", effective=effective, signed_off_by="lead-3")
    with Store(tmp_path / "store.db") as store, stored(store, said(late, "e-8", 100)).connect() as connection:
        found = {each.enrolment: each for each in withdrawals.every(connection, RULES, Wanted())}["e-8"]

    assert (found.ready, found.warnings) == (ready, () if ready else ("not-yet-effective",))
    assert found.status == ("withdrawn" if ready else "active")


def test_a_row_is_what_dfe_takes_and_then_ours(connection: Connection) -> None:
    """The body is that of DfE's withdraw request; the effective day is beside it, since DfE takes none."""
    found = next(each for each in withdrawals.every(connection, RULES, Wanted()) if each.enrolment == "e-4")
    request = request_of(found)

    assert request["participant_id"] == "p-e-4"
    assert request["request"] == {
        "data": {
            "type": "participant-withdraw",
            "attributes": {
                "reason": "change-in-career",
                "course_identifier": "npq-leading-teaching-development",
            },
        }
    }
    assert request["ours"]["effective"] == date(2025, 12, 1)
    line = dict(zip((*DFE_COLUMNS, *OUR_COLUMNS), cells(found), strict=True))
    assert (line["participant_id"], line["reason"], line["signed_off_by"]) == ("p-e-4", "change-in-career", "lead-3")
    assert list(request["ours"]) == list(OUR_COLUMNS)
