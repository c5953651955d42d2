"""The page of one enrolment: everything that is known and decided, for those who may see it, under any legal id."""

from collections.abc import Iterator
from datetime import date, timedelta
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import compile_path

from dashboard.links import to_action, to_enrolment
from dashboard.noting import ONE_LOOK
from dashboard.wording import NOTHING
from learning.codes import COURSE_GROUPS
from learning.facts import (
    AssessmentEntered,
    AssessmentMarked,
    AttendanceRecorded,
    ContactMade,
    Deferred,
    FlagAcknowledged,
    ParticipantMerged,
    Withdrawn,
)
from registry import audit, people
from registry.people import Profile
from tests.builders import SMALL, at, completed, enrolled, make
from tests.dashboard_kit import DAY, NOW, Client, Site, course, opened
from tests.html_kit import Page

PARTS = "Components beside the plan"
ATTEMPTS = "Attempts at the assessment"
LEVELS = "Levels so far"
IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,40}", fullmatch=True)
ODD = "e/../1:a+b//c/"


def page(client: Client, enrolment: str = "e-11", query: str = "") -> Page:
    """The page of an enrolment that is there."""
    answer = client.get(to_enrolment(enrolment) + query)
    assert answer.status_code == 200, answer.text
    return Page.of(answer)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site for all who only look."""
    whose = {"enrolment": "e-11", "participant": "p-11"}
    facts = [
        make(AttendanceRecorded(component="clinic-1", attendance="absent"), at(26), **whose),
        make(AttendanceRecorded(component="clinic-1", attendance="attended"), at(26), recordedtime=at(35), **whose),
        make(AssessmentEntered(attempt=1, opens=date(2025, 10, 1), closes=date(2025, 10, 8)), at(20), **whose),
        make(AssessmentMarked(attempt=1, outcome="failed"), at(38), **whose),
        make(FlagAcknowledged(by="staff-7"), at(42, -2), **whose),
        make(Deferred(reason="parental-leave", expected_return=date(2026, 1, 5)), at(40), "e-9", "p-9"),
        enrolled(at(-5), ODD, "p-odd", partner="partner-1"),
        make(ParticipantMerged(retired="p-5", into="p-7"), at(30), "e-5", "p-5"),
    ]
    with opened(tmp_path_factory.mktemp("shared")) as site:
        with site.registry.writing() as connection:
            people.put(connection, [Profile(participant="p-11", name="Zoë Ámbar")], NOW)
        yield site.publish(*course(), *facts).start(DAY - timedelta(days=1)).start().fold()


@given(IDS)
def test_any_legal_id_can_be_opened_by_its_link(enrolment: str) -> None:
    """The address of an enrolment is one segment, so no client folds it up, and the route finds the id in it again."""
    for link, template in (
        (to_enrolment(enrolment), "/enrolments/{enrolment:path}"),
        (to_action("contact", enrolment), "/actions/{word}/{enrolment:path}"),
    ):
        path = urlsplit(link).path
        assert path == link
        assert path.count("/") == template.count("/")
        regex, _, _ = compile_path(template)
        found = regex.match(unquote(path))
        assert found is not None
        assert found["enrolment"] == enrolment


def test_the_link_of_a_list_opens_an_odd_id(shared: Site) -> None:
    """An id with slashes and dots in it is opened by the link that the list shows, and so are its forms."""
    client = shared.browser()
    listed = Page.of(client.get("/enrolments", params={"q": "e/../1"}))

    shown = Page.of(client.get(listed.links[ODD]))

    assert f"Enrolment {ODD} of participant p-odd" in shown.words
    assert Page.of(client.get(shown.links["Note a contact"])).fields["key"]


@pytest.mark.parametrize("other", ["e-10", "e-999", "p-10", "e-10/", "%00", "..%2Fe-10"])
def test_another_partners_enrolment_is_answered_like_none(shared: Site, other: str) -> None:
    """A partner cannot tell an enrolment of another one from an id that nobody has."""
    client = shared.browser("partner", "partner-1")
    nobody = client.get("/enrolments/nobody-at-all", follow_redirects=False)

    answer = client.get(f"/enrolments/{other}", follow_redirects=False)

    assert (answer.status_code, answer.text) == (nobody.status_code, nobody.text)
    assert answer.status_code == 404


def test_progress_stands_beside_the_plan(shared: Site) -> None:
    """Each component says when it is due, when it was done, and what is overdue."""
    shown = page(shared.browser(), "e-4")
    states = dict(zip(shown.column(PARTS, "Component"), shown.column(PARTS, "State"), strict=True))

    assert shown.pairs["Completion"] == "40.0 %, 4 of 10 components"
    assert shown.pairs["Due by the plan"] == "70.0 %"
    assert states["Module 4"] == "Completed"
    assert states["Module 5"] == "Overdue"
    assert states["Module 8"] == "To do"
    assert states["Case study"] == "To do does not count for completion"


def test_reasons_are_explained(shared: Site) -> None:
    """A flag says why it is there, what was measured against which threshold, and what would clear it."""
    shown = page(shared.browser(), "e-10")

    assert shown.pairs["Why"]
    assert "counts from" in shown.pairs["Measured"]
    assert shown.pairs["What would clear it"]
    assert "nobody has noted anything about it yet" in shown.words
    assert "Also looked at, and no reason today" in shown.words


def test_a_flag_says_who_takes_care_of_it(shared: Site) -> None:
    """What was done last about a flag stands beside it, with who did it and when."""
    assert "Acknowledged 20 October 2025, 8:00am by staff-7" in page(shared.browser()).words


def test_attempts_tell_their_window_and_what_came_of_them(shared: Site) -> None:
    """The attempts at the assessment stand in a table, and how many are left among the measures."""
    shown = page(shared.browser())

    assert shown.tables[ATTEMPTS][1] == ["1", "1 October 2025 to 8 October 2025", "failed on 16 October 2025"]
    assert shown.pairs["Attempts left"] == "1"


def test_the_story_tells_the_latest_first(shared: Site) -> None:
    """What happened is told in words with UK time; a correction and what became known late are told as such."""
    story = page(shared.browser()).entries
    told = "\n".join(story)

    assert "Attended: Clinic 1 4 October 2025, 10:00am Became known on 13 October 2025" in told
    assert "Absent: Clinic 1 (corrected) 4 October 2025, 10:00am" in told
    assert told.index("Flag acknowledged") < told.index("Absent: Clinic 1") < told.index("Enrolled")
    assert any(each.startswith("Flag raised") for each in story)


def test_a_long_story_has_pages(site: Site) -> None:
    """A story of many entries is told page by page, and none is left out."""
    visits = [
        make(ContactMade(channel="phone", outcome="no-answer", by="staff-1"), at(1, number), "e-11", "p-11")
        for number in range(40)
    ]
    site.publish(*visits).fold()
    client = site.browser()

    told = [each for number in (1, 2) for each in page(client, "e-11", f"?story={number}").entries]

    assert sum(each.startswith("Contact made") for each in told) == 40
    assert page(client).links["Next page"] == "/enrolments/e-11?story=2"
    assert page(client, "e-11", "?story=99").words == page(client, "e-11", "?story=2").words


def test_who_is_deferred_has_no_level_and_looks_not_ahead(shared: Site) -> None:
    """While the clock stands still, nothing counts and nothing is forecast; the reason is told by DfE's code."""
    shown = page(shared.browser(), "e-9")

    assert "The clock stands still" in shown.words
    assert "Forecast at the deadline" not in shown.pairs
    assert shown.pairs["Status"].endswith("Parental leave (parental-leave)")


def test_levels_so_far_are_told(shared: Site) -> None:
    """What was decided is kept, with the reasons of then and the policy of then."""
    rows = page(shared.browser()).tables[LEVELS]

    assert rows[0] == ["Day", "Level", "Flag", "Points", "Reasons", "Policy"]
    assert rows[1][2] in {"Raised", "Changed"}
    assert "silent" in rows[1][4]


def test_a_merged_participant_is_found_by_the_new_id(shared: Site) -> None:
    """By the id of a participant one comes to their enrolment, or to the list of them; the old id is nobody's."""
    client = shared.browser()

    one = client.get("/enrolments/p-11", follow_redirects=False)
    several = client.get("/enrolments/p-7", follow_redirects=False)

    assert (one.status_code, one.headers["location"]) == (303, "/enrolments/e-11")
    assert several.headers["location"] == "/enrolments?q=p-7"
    assert client.get("/enrolments/p-5", follow_redirects=False).status_code == 404
    assert page(client, "e-5").links["e-7"] == "/enrolments/e-7"


def test_names_are_shown_to_those_who_see_names(shared: Site) -> None:
    """The heading is the name where names are on, and the id where they are off."""
    client = shared.browser()
    assert "Zoë Ámbar" in page(client).words

    client.submit("/names", shown="no")

    shown = page(client).words
    assert "Zoë" not in shown
    assert "e-11" in shown


def test_reading_is_noted_once_a_look(site: Site) -> None:
    """Who read about whom is in the audit trail, once for a page that stays open."""
    client = site.browser()
    for _ in range(3):
        page(client)
    site.clock.move(seconds=ONE_LOOK.total_seconds())
    page(client)

    with site.registry.reading() as connection:
        entries = audit.entries(connection, things=["enrolment:e-11"])
    assert client.account is not None
    assert [(each.account, each.action) for each in entries] == [(client.account.id, "participant-read")] * 2


def test_declarations_stand_with_what_is_in_their_way(empty: Site) -> None:
    """Of a programme that DfE knows, each declaration says whether it can be sent and what blocks it."""
    programme = next(each for each in SMALL.programmes.values() if each.course in COURSE_GROUPS)
    empty.publish(enrolled(at(-5), programme=programme.id, intake="2025-autumn")).start().fold()

    shown = page(empty.browser(), "e-1")

    rows = shown.tables["Declarations to DfE"]
    assert rows[1][0] == "Started (started)"
    assert len(rows) > 3


def test_before_the_first_day_there_is_no_level(empty: Site) -> None:
    """A page that is opened before any day has started tells what it can."""
    empty.publish(*course(2), completed("module-1", at(1), subject="e-1", partitionkey="p-1")).fold()

    shown = page(empty.browser(), "e-1")

    assert "No day has looked at this enrolment yet" in shown.words
    assert shown.pairs["Due by the plan"] == NOTHING


def test_an_unknown_component_and_programme_break_nothing(empty: Site) -> None:
    """Facts of a withdrawal that lies before everything else still make a page."""
    gone = Withdrawn(reason="started-in-error", effective=date(2025, 9, 1), signed_off_by="partner-1")
    odd = completed("not-in-the-programme", at(1), subject="e-1", partitionkey="p-1")
    empty.publish(*course(2), odd, make(gone, at(2), "e-1", "p-1")).start().fold()

    shown = page(empty.browser(), "e-1")

    assert "Completed: not-in-the-programme" in "\n".join(shown.entries)
    assert "Started in error (started-in-error)" in shown.pairs["Status"]
