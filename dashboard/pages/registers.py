"""Registers sent from the page of a delivery partner: good rows become facts, and every other is told what is wrong."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from threading import Lock
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection, select
from starlette.datastructures import UploadFile

from dashboard.guarding import up_to
from dashboard.noting import note
from dashboard.pages.counting import to_partner
from dashboard.pages.partners import partner_page, require_partner
from dashboard.problems import ForbiddenError, NotReadyError, UnfitError
from dashboard.reading import Rows
from dashboard.rules import Acting, SignedIn
from dashboard.visitors import parts_of
from learning.errors import EngagementError
from producers.register.column_maps import ColumnMapError
from producers.register.files import RegisterFileError, Upload
from producers.registers import import_attendance, import_enrolments
from producers.report import Report
from projections.schema import enrolment_progress
from registry.audit import Action

router = APIRouter(include_in_schema=False)

MOST_BYTES: Final = 10_000_000
"""Of a register."""

_AROUND: Final = 100_000
"""Bytes of a form besides its file, at most."""

_one_at_a_time = Lock()
"""A register is compared with the whole log, so several at once would keep pages from being answered."""


class Sent(NamedTuple):
    """What the form brought."""

    content: bytes
    """Of the file; empty where none was chosen."""
    kind: str


async def _sent(request: Request, _: Acting) -> AsyncIterator[Sent]:
    """Read the form; of a stranger, nothing is read."""
    async with request.form() as form:
        file, kind = form.get("file"), form.get("kind", "attendance")
        content = await file.read() if isinstance(file, UploadFile) else b""
        yield Sent(content, kind if isinstance(kind, str) else "")


@router.get("/partners/{partner:path}/registers")
def sent(partner: str, rows: Rows, visitor: SignedIn) -> Response:
    """Leads back to the page with the form, for who loads the address of a report again."""
    require_partner(rows, visitor, partner)
    return RedirectResponse(to_partner(partner), HTTPStatus.SEE_OTHER)


@router.post("/partners/{partner:path}/registers", dependencies=[up_to(MOST_BYTES + _AROUND)])
def upload(
    request: Request, partner: str, rows: Rows, visitor: Acting, form: Annotated[Sent, Depends(_sent)]
) -> Response:
    """Record a register and report on it; sending it again adds nothing. The file is kept nowhere.

    Enrolments come from the lead provider: a partner that could send them would learn which ids others have.
    """
    require_partner(rows, visitor, partner)
    if form.kind not in {"attendance", "enrolments"}:
        raise UnfitError("Say whether the sheet holds attendance or enrolments.")
    if form.kind == "enrolments" and visitor.account.role != "staff":
        raise ForbiddenError("Enrolments are loaded by staff of the lead provider. Send them your sheet.")
    if not form.content:
        return partner_page(request, rows, visitor, partner, error="Choose a file that is not empty.", status=422)
    # what it is called here: the name that it had may be somebody's
    sheet = Upload(f"{partner}/{form.kind}-register", form.content)
    try:
        with _alone():
            report = _recorded(request, rows, partner, sheet, form.kind)
    except (RegisterFileError, ColumnMapError) as error:
        return partner_page(request, rows, visitor, partner, error=_sentence(error), status=422)
    counts = {"new": report.appended, "there": report.duplicates, "refused": report.parked + report.conflicts}
    note(request, visitor, Action.REGISTER_UPLOADED, f"partner:{partner}", {"kind": form.kind, **counts})
    return partner_page(request, rows, visitor, partner, report=report)


def _recorded(request: Request, rows: Connection, partner: str, sheet: Upload, kind: str) -> Report:
    parts = parts_of(request)
    columns, curriculum = parts.column_map(partner), parts.rulebook().curriculum
    with parts.log() as log:
        if kind == "enrolments":
            return import_enrolments(log, sheet, curriculum, parts.now(), column_map=columns, partner=partner)
        return import_attendance(
            log, sheet, curriculum, parts.now(), column_map=columns, among=_enrolments(rows, partner)
        )


def _enrolments(rows: Connection, partner: str) -> frozenset[str]:
    """Whom the partner has now: by the projections, as on every page."""
    table = enrolment_progress.c
    return frozenset(rows.scalars(select(table.enrolment).where(table.partner == partner, table.erased.is_(False))))


@contextmanager
def _alone() -> Iterator[None]:
    if not _one_at_a_time.acquire(blocking=False):
        raise NotReadyError("Another register is being recorded. Send yours again in a few seconds.")
    try:
        yield
    finally:
        _one_at_a_time.release()


def _sentence(error: EngagementError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
