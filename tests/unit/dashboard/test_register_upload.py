"""Registers from the page: good rows are recorded, wrong ones explained, and nobody learns of others' participants."""

import io
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from httpx2 import Response
from openpyxl import Workbook

from dashboard.pages import registers
from eventlog.facts import FACTS_TOPIC
from eventlog.rejects import REJECTS_TOPIC, parked
from producers.register.column_maps import ColumnMap
from registry import audit
from tests.dashboard_kit import Client, Site

HEAD = "Enrolment,Session,Date,Attendance\n"
ENROLMENTS = "Enrolment,Participant,Programme,Intake,Partner,Provider,Enrolled on\n"
GOOD = "e-0,clinic-1,2025-10-02,present\n"


def send(client: Client, text: str | bytes, partner: str = "partner-0", **fields: str) -> Response:
    """Send a register as the form does."""
    content = text.encode() if isinstance(text, str) else text
    file = {"file": ("Register of Zoe Quagga.csv", content, "text/csv")}
    return client.post(f"/partners/{partner}/registers", data={"csrf": client.csrf, **fields}, files=file)


def records(site: Site, topic: str = FACTS_TOPIC) -> list[bytes]:
    """Everything on a topic."""
    if topic not in site.log.topics():
        return []
    return [
        each.value
        for partition in range(site.log.topics()[topic])
        for each in site.log.read(topic, partition, 0, 10_000)
    ]


@pytest.fixture
def partner(site: Site) -> Client:
    """A browser of the partner that has the enrolments e-0, e-2 and so on."""
    return site.browser("partner", "partner-0")


def test_good_rows_become_facts(site: Site, partner: Client) -> None:
    """The attendance is on the log at once, and the page says how many rows are new."""
    before = len(records(site))

    page = send(partner, HEAD + GOOD + "e-2,clinic-1,02/10/2025,no\n")

    assert page.status_code == 200
    assert "Recorded: 2 new facts, 0 rows there already, 0 rows refused." in page.text
    assert len(records(site)) == before + 2


def test_the_same_register_again_adds_nothing(site: Site, partner: Client) -> None:
    """Whoever is not sure whether it was sent sends it again."""
    send(partner, HEAD + GOOD)
    before = records(site)

    page = send(partner, HEAD + GOOD)

    assert "Recorded: 0 new facts, 1 row there already, 0 rows refused." in page.text
    assert records(site) == before


def test_wrong_rows_are_explained_and_keep_no_good_one_out(partner: Client) -> None:
    """A wrong row is named by its number with what to do; the others are recorded."""
    page = send(partner, HEAD + GOOD + "e-2,clinic-1,02/10/2025,perhaps\n")
    row = page.text.partition("Rows to mend</caption>")[2].partition("</tbody>")[0]

    assert "1 new fact," in page.text
    assert ">3<" in row
    assert "perhaps" in row
    assert "is no word for attendance that is known" in row
    assert "write attended, absent or caught up" in row


def test_a_mended_sheet_settles_what_was_set_aside(site: Site, partner: Client) -> None:
    """Once the row is mended and the sheet sent again, nothing waits for staff."""
    send(partner, HEAD + "e-2,clinic-1,02/10/2025,perhaps\n")
    waited = len(parked(site.log))

    send(partner, HEAD + "e-2,clinic-1,02/10/2025,yes\n")

    assert (waited, len(parked(site.log))) == (1, 0)


@pytest.mark.parametrize("column", ["Enrolment", "Participant"])
def test_anothers_participant_is_refused_like_one_that_does_not_exist(site: Site, partner: Client, column: str) -> None:
    """The report tells nothing of who is with another partner, and nothing of theirs is recorded."""
    before = records(site)
    mark = column[0].lower()
    pages = [
        send(partner, f"{column},Session,Date,Attendance\n{mark}-{whose},clinic-1,2025-10-02,present\n").text
        for whose in ("1", "9999")
    ]

    assert pages[0].replace(f"{mark}-1<", "ID<") == pages[1].replace(f"{mark}-9999<", "ID<")
    assert "1 row refused" in pages[0]
    assert records(site) == before


def test_only_staff_load_enrolments(site: Site, partner: Client) -> None:
    """A partner is refused, whatever the sheet holds; else it could find out which ids others have."""
    sheet = f"{ENROLMENTS}e-90,p-90,small/course,autumn,partner-0,provider-1,2025-09-08\n"
    before = records(site)

    assert send(partner, sheet, kind="enrolments").status_code == 403
    assert records(site) == before
    assert "1 new fact," in send(site.browser(), sheet, kind="enrolments").text


def test_staff_load_enrolments_of_the_page_s_partner_only(site: Site) -> None:
    """A row of another partner does not slip in with the sheet of this one."""
    sheet = ENROLMENTS + "".join(
        f"e-9{number},p-9{number},small/course,autumn,partner-{number},provider-1,2025-09-08\n" for number in (0, 1)
    )

    page = send(site.browser(), sheet, kind="enrolments").text

    assert "1 new fact, 0 rows there already, 1 row refused" in page
    assert "is another delivery partner" in page


def test_workbooks_are_read(partner: Client) -> None:
    """An Excel workbook does as well as CSV."""
    workbook, content = Workbook(), io.BytesIO()
    sheet = workbook.create_sheet("Attendance", 0)
    for row in (HEAD + GOOD).splitlines():
        sheet.append(row.split(","))
    workbook.save(content)

    assert "1 new fact," in send(partner, content.getvalue()).text


def test_the_partners_own_headings_are_understood(site: Site, partner: Client) -> None:
    """Where a column map is kept for the partner, its sheets are read by it."""
    columns = ColumnMap(columns={"enrolment": "Our ref", "component": "What"})
    site.app.state.parts = site.parts._replace(column_map=lambda name: columns if name == "partner-0" else ColumnMap())

    page = send(partner, "Our ref,What,Date,Attendance\ne-0,clinic-1,2025-10-02,present\n")

    assert "1 new fact," in page.text


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "Choose a file that is not empty."),
        (b"\x00\x01\x02", "is not a text file"),
        (b"PK\x03\x04 broken", "cannot be read as an Excel workbook"),
        (b"Name,Shoe size\nZoe,39\n", "has no column enrolment or participant"),
    ],
)
def test_a_file_that_is_no_register_is_refused_as_a_whole(partner: Client, content: bytes, says: str) -> None:
    """The page says what is wrong with it and has the form again."""
    page = send(partner, content)

    assert page.status_code == 422
    assert says in page.text
    assert 'type="file"' in page.text


def test_a_form_without_a_file_is_answered(partner: Client) -> None:
    """Whoever forgets to choose one is told so."""
    page = partner.submit("/partners/partner-0/registers")

    assert page.status_code == 422
    assert "Choose a file that is not empty." in page.text


def test_a_workbook_that_unpacks_to_very_much_is_refused(partner: Client) -> None:
    """A small file cannot fill the memory."""
    content = io.BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as packed, packed.open("xl/sheet.xml", "w") as sheet:
        for _ in range(101):
            sheet.write(bytes(1_000_000))

    page = send(partner, content.getvalue())

    assert page.status_code == 422
    assert "MB once it is unpacked" in page.text


def test_too_large_a_file_is_refused(partner: Client) -> None:
    """Ten megabytes are enough for a register, and a page of other forms takes much less."""
    row = b"e-0,clinic-1,2025-10-02,present\n"
    moderate = HEAD.encode() + (row.rstrip() + b"," + b"x" * 100_000 + b"\n") * 20

    assert send(partner, moderate).status_code == 200
    assert send(partner, row * (registers.MOST_BYTES // len(row) + 10_000)).status_code == 413


def test_an_upload_is_noted_with_its_counts_only(site: Site, partner: Client) -> None:
    """The audit trail says who sent a register, of which partner, and how many rows became what."""
    send(partner, HEAD + GOOD + "e-2,clinic-1,02/10/2025,perhaps\n")

    with site.registry.reading() as connection:
        [noted] = [each for each in audit.entries(connection) if each.action == "register-uploaded"]
    assert partner.account is not None
    assert (noted.account, noted.thing) == (partner.account.id, "partner:partner-0")
    assert noted.details == {"kind": "attendance", "new": 1, "there": 0, "refused": 1}


def test_nothing_that_may_name_somebody_gets_onto_the_log(site: Site, partner: Client) -> None:
    """Neither the file's name nor a column that is not needed is kept anywhere on the log."""
    sheet = "Enrolment,Name,Session,Date,Attendance\ne-0,Zoe Quagga,clinic-1,2025-10-02,present\n"
    send(partner, sheet + "e-2,Zoe Quagga,clinic-1,2025-10-02,Quagga\n")

    assert not [each for each in records(site) + records(site, REJECTS_TOPIC) if b"Quagga" in each]


def test_another_sites_form_is_refused(site: Site, partner: Client) -> None:
    """Without the token of the session nothing is recorded."""
    before = records(site)

    answer = partner.post(
        "/partners/partner-0/registers", files={"file": ("r.csv", (HEAD + GOOD).encode(), "text/csv")}
    )

    assert answer.status_code == 403
    assert records(site) == before


def test_who_may_only_look_sends_nothing(site: Site) -> None:
    """A read-only account is refused."""
    before = records(site)

    assert send(site.browser("read-only", "partner-0"), HEAD + GOOD).status_code == 403
    assert records(site) == before


def test_a_kind_that_there_is_not_is_refused(partner: Client) -> None:
    """Registers hold attendance or enrolments."""
    assert send(partner, HEAD + GOOD, kind="marks").status_code == 422


def test_the_address_of_a_report_leads_back_to_the_form(partner: Client) -> None:
    """Whoever loads the page of a report again comes to the partner's page."""
    found = partner.get("/partners/partner-0/registers", follow_redirects=False)

    assert (found.status_code, found.headers["location"]) == (303, "/partners/partner-0")
