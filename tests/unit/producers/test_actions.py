"""Actions become facts with a named actor, if they fit where the enrolment stands; nothing else is put in."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import count

import pytest
from sqlalchemy import Connection

from learning.events import Fact, decode, encode
from learning.facts import (
    AlertsMuted,
    AssessmentMarked,
    AssessmentSubmitted,
    ContactMade,
    DayStarted,
    DeferralRequested,
    Deferred,
    FlagAcknowledged,
    ImprovementSeen,
    ParticipantMerged,
    Resumed,
    WithdrawalObjected,
    WithdrawalRecommended,
    Withdrawn,
)
from producers.actions import Action, ActionError, Actions, NoFlagError, StaffIdError, fits, staff_id
from projections import enrolment_progress
from projections.projector import Projector
from projections.rulebook import Rulebook
from projections.store import Store
from tests.builders import COMPONENTS, SMALL, START, at, completed, enrolled, make
from tests.risk_kit import policies_of, rules_of, steps

DAY = date(2025, 10, 6)
NOON = datetime(2025, 10, 6, 12, tzinfo=UTC)
RULEBOOK = Rulebook(SMALL, policies_of(rules_of(behind=steps("behind", (2, 2), (4, 3)))))

BY = "account-0000000001"
ACKNOWLEDGED = FlagAcknowledged(by=BY)
CONTACTED = ContactMade(channel="phone", outcome="reached", by=BY)
IMPROVING = ImprovementSeen(by=BY)
ASKED = DeferralRequested(reason="career-break")
DEFERRED = Deferred(reason="career-break", granted_by=BY)
RECOMMENDED = WithdrawalRecommended(reason="other", by=BY)
WITHDRAWN = Withdrawn(reason="other", effective=DAY, signed_off_by=BY)
OBJECTED = WithdrawalObjected(reason="still-taking-part", by=BY)
RESUMED = Resumed()
MUTED = AlertsMuted(by=BY, until=DAY)

EVERY: tuple[Action, ...] = (
    ACKNOWLEDGED,
    CONTACTED,
    IMPROVING,
    ASKED,
    DEFERRED,
    RECOMMENDED,
    OBJECTED,
    WITHDRAWN,
    RESUMED,
    MUTED,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One flagged and recommended to leave, one on track, one deferred, one withdrawn, one completed, one too new."""
    people = {
        each: {"enrolment": each, "participant": f"p-{each}"} for each in ("on-track", "deferred", "gone", "done")
    }
    recommended = make(RECOMMENDED, at(25), enrolment="flagged", participant="p-old")
    facts: list[Fact] = [
        enrolled(enrolment="flagged", participant="p-old"),
        make(ParticipantMerged(retired="p-old", into="p-new"), at(1), enrolment="flagged"),
        recommended,
        *(enrolled(enrolment=each, participant=f"p-{each}") for each in people),
        *(completed(component, at(20), **people["on-track"]) for component in COMPONENTS[:6]),
        make(Deferred(reason="other"), at(10), **people["deferred"]),
        make(Withdrawn(reason="other", effective=at(9).date(), signed_off_by=BY), at(9), **people["gone"]),
    ]
    facts += [completed(component, at(20), **people["done"]) for component in COMPONENTS]
    facts.append(make(AssessmentSubmitted(component="case-study"), at(21), **people["done"]))
    facts.append(make(AssessmentMarked(attempt=1, outcome="passed"), at(22), **people["done"]))
    path = tmp_path_factory.mktemp("actions") / "store.db"
    with Store(path) as opened:
        projector = Projector(opened, RULEBOOK, park=lambda _: None, now=lambda: START)
        day = make(DayStarted(day=DAY), at(28), enrolment="calendar")
        late = enrolled(at(29), enrolment="new", participant="p-late")
        projector.apply(0, list(enumerate(map(encode, [*facts, day]))), b"head")
        projector.apply(1, [(0, encode(late))], b"head")
        yield opened


@pytest.fixture
def connection(store: Store) -> Iterator[Connection]:
    """A connection for queries."""
    with store.connect() as opened:
        yield opened


@pytest.fixture
def actions() -> Actions:
    """Of a place whose clock ticks once a fact, and whose random texts are numbers."""
    ticks, numbers = count(), count()
    return Actions(
        "/tests/desk",
        now=lambda: NOON + timedelta(microseconds=next(ticks)),
        unique=lambda: f"{next(numbers):04}",
    )


@pytest.mark.parametrize("action", [each for each in EVERY if each != RESUMED], ids=lambda each: each.TYPE)
def test_an_action_becomes_a_fact_of_the_enrolment(connection: Connection, actions: Actions, action: Action) -> None:
    """It says what was done, when, where it was noted, and of whom, by the id that counts now; and it can be read."""
    made = actions.fact(connection, "flagged", action)

    assert (made.data, made.subject, made.partitionkey) == (action, "flagged", "p-new")
    assert (made.source, made.time, made.recordedtime) == ("/tests/desk", NOON, NOON)
    assert decode(encode(made)) == made


def test_ids_sort_by_time_and_differ_at_one_moment(connection: Connection) -> None:
    """Whatever zone the clock is in, the text of an id goes up with time; of one moment the random part differs."""
    numbers = count()

    def made_at(moment: datetime) -> str:
        desk = Actions("/tests/desk", now=lambda: moment, unique=lambda: f"{next(numbers):04}")
        return desk.fact(connection, "flagged", CONTACTED).id

    east = timezone(timedelta(hours=9))
    moments = [
        NOON,
        NOON.astimezone(east),
        (NOON + timedelta(microseconds=1)).astimezone(east),
        NOON + timedelta(days=9),
    ]
    ids = [made_at(moment) for moment in moments]

    assert ids == sorted(set(ids))


FITS: list[tuple[str, set[Action]]] = [
    ("flagged", {*EVERY} - {RESUMED}),
    ("on-track", {CONTACTED, ASKED, DEFERRED, RECOMMENDED, WITHDRAWN, MUTED}),
    ("new", {CONTACTED, ASKED, DEFERRED, RECOMMENDED, WITHDRAWN, MUTED}),
    ("deferred", {CONTACTED, DEFERRED, RECOMMENDED, WITHDRAWN, RESUMED, MUTED}),
    ("gone", {CONTACTED, WITHDRAWN, RESUMED}),
    ("done", {CONTACTED}),
]


@pytest.mark.parametrize("action", EVERY, ids=lambda each: each.TYPE)
@pytest.mark.parametrize(("enrolment", "may"), FITS, ids=[enrolment for enrolment, _ in FITS])
def test_an_action_must_fit_where_the_enrolment_stands(
    connection: Connection, actions: Actions, enrolment: str, may: set[Action], action: Action
) -> None:
    """What is noted about a flag needs one; who is deferred, withdrawn or taken back follows DfE's transitions."""
    if action in may:
        assert actions.fact(connection, enrolment, action).data == action
    else:
        with pytest.raises(ActionError, match=enrolment):
            actions.fact(connection, enrolment, action)


@pytest.mark.parametrize(("enrolment", "may"), FITS, ids=[enrolment for enrolment, _ in FITS])
def test_what_is_offered_is_what_would_be_taken(connection: Connection, enrolment: str, may: set[Action]) -> None:
    """By the status and by whether there is a flag, the same actions fit as become facts."""
    row = enrolment_progress.find(connection, enrolment)
    assert row is not None

    assert {each for each in EVERY if fits(type(each), row, flagged=enrolment == "flagged")} == may


@pytest.mark.parametrize(
    ("enrolment", "said"),
    [
        ("on-track", "it is on track"),
        ("new", "it was not looked at yet"),
        ("gone", "it is withdrawn"),
    ],
)
def test_why_there_is_no_flag_is_said(connection: Connection, actions: Actions, enrolment: str, said: str) -> None:
    """And what can be noted all the same."""
    with pytest.raises(NoFlagError, match=f"{enrolment} has no flag: {said}; a contact can be noted"):
        actions.fact(connection, enrolment, ACKNOWLEDGED)


def test_what_does_not_fit_is_said_with_what_would(connection: Connection, actions: Actions) -> None:
    """The sentence names the status there is and those that it takes."""
    with pytest.raises(ActionError, match="done is completed, so its withdrawal cannot be signed off; that takes one"):
        actions.fact(connection, "done", WITHDRAWN)


def test_nothing_is_objected_to_that_is_not_recommended(connection: Connection, actions: Actions) -> None:
    """An objection answers a recommendation; without one there is nothing that it could end."""
    with pytest.raises(ActionError, match="nobody recommends to withdraw on-track"):
        actions.fact(connection, "on-track", OBJECTED)


@pytest.mark.parametrize(("days", "fits"), [(-1, False), (0, True), (1, True), (60, True), (61, False)])
def test_alerts_are_muted_for_sixty_days_at_most(
    connection: Connection,
    actions: Actions,
    days: int,
    fits: bool,
) -> None:
    """From today, which ends a mute, to sixty days ahead; whoever needs longer looks at the participant again."""
    action = AlertsMuted(by=BY, until=NOON.date() + timedelta(days=days))

    if fits:
        assert actions.fact(connection, "flagged", action).data == action
    else:
        with pytest.raises(ActionError, match=r"from today \(2025-10-06\) to 2025-12-05"):
            actions.fact(connection, "flagged", action)


def test_today_is_the_day_in_the_uk(connection: Connection) -> None:
    """Half an hour after midnight in the UK it is still yesterday in UTC; yesterday is past."""
    desk = Actions("/tests/desk", now=lambda: datetime(2025, 10, 5, 23, 30, tzinfo=UTC), unique=lambda: "1")

    with pytest.raises(ActionError, match="2025-10-06"):
        desk.fact(connection, "flagged", AlertsMuted(by=BY, until=date(2025, 10, 5)))


def test_nobody_acts_on_an_unknown_enrolment(connection: Connection, actions: Actions) -> None:
    """Its id is named."""
    with pytest.raises(ActionError, match="no enrolment e-9"):
        actions.fact(connection, "e-9", CONTACTED)


@pytest.mark.parametrize(
    "action",
    [
        FlagAcknowledged(by="jane.smith"),
        Deferred(reason="other", granted_by="Jane"),
        Withdrawn(reason="other", effective=DAY, signed_off_by="jane@school-1.uk"),
    ],
    ids=lambda each: each.TYPE,
)
def test_no_name_gets_onto_the_log(connection: Connection, actions: Actions, action: Action) -> None:
    """Wherever a fact names the actor, only the id of a member of staff is taken."""
    with pytest.raises(StaffIdError, match="no names and no email addresses"):
        actions.fact(connection, "flagged", action)


@pytest.mark.parametrize("wanted", ["partner-07/adviser-3", "account-0000000001", "7"])
def test_an_id_with_a_number_is_taken(wanted: str) -> None:
    """It is answered as it is."""
    assert staff_id(wanted) == wanted


@pytest.mark.parametrize("wanted", ["", "Jane", "Jane Smith 2", "x" * 129 + "1"])
def test_what_is_no_id_of_staff_is_refused(wanted: str) -> None:
    """Nothing, names, and what could never stand on the log."""
    with pytest.raises(StaffIdError):
        staff_id(wanted)


def test_acting_writes_to_no_projection(store: Store) -> None:
    """Given a store that nobody may write to, facts are made all the same, and the store stays as it was."""
    before = store.checkpoints()
    with store.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
        try:
            Actions("/tests/desk", now=lambda: NOON, unique=lambda: "1").fact(connection, "flagged", WITHDRAWN)
        finally:
            connection.exec_driver_sql("PRAGMA query_only = OFF")

    assert store.checkpoints() == before
