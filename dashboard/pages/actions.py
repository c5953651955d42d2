"""Forms on which people note what they do about an enrolment; sent, they become facts."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final, NamedTuple

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from dashboard.acting import DEEDS, Deed, Doing, do, new_key
from dashboard.links import to_action, to_enrolment
from dashboard.naming import names_of
from dashboard.pages.action_fields import FIELDS, Fault, FormField, Sent, read
from dashboard.reading import Rows, own_enrolment
from dashboard.rendering import render
from dashboard.rules import acting, partner_only, staff
from dashboard.visitors import Visitor, parts_of

router = APIRouter(include_in_schema=False)

_RULES: Final = {"acting": acting, "staff": staff, "partner": partner_only}
_SIGN_OFF: Final = DEEDS["sign-off"]
Filled = Annotated[Sent, Form()]


class About(NamedTuple):
    """What every form is asked for with."""

    request: Request
    rows: Connection


def _about(request: Request, rows: Rows) -> About:
    return About(request, rows)


Asked = Annotated[About, Depends(_about)]


def _add(deed: Deed) -> None:
    """Add the form of a deed, and what takes it when it is sent."""
    check, path = _RULES[deed.who], f"/actions/{deed.word}/{{enrolment:path}}"

    @router.get(path, name=f"form_{deed.word}")
    def form(asked: Asked, enrolment: str, visitor: Annotated[Visitor, Depends(check)]) -> Response:
        """The form."""
        return _form(_doing(asked, visitor, enrolment, deed))

    @router.post(path, name=deed.word)
    def act(asked: Asked, enrolment: str, sent: Filled, visitor: Annotated[Visitor, Depends(check)]) -> Response:
        """Notes what the form says."""
        return _send(_doing(asked, visitor, enrolment, deed), sent)


def _doing(asked: About, visitor: Visitor, enrolment: str, deed: Deed) -> Doing:
    row = own_enrolment(asked.rows, visitor, enrolment if enrolment.isprintable() else "")
    return Doing(asked.request, visitor, asked.rows, row, deed)


def _form(doing: Doing) -> Response:
    return _render(doing, Sent(key=new_key(parts_of(doing.request).now())))


def _send(doing: Doing, sent: Sent) -> Response:
    deed = doing.deed
    action, faults = read(deed.word, deed.kind, sent, doing.visitor.account.id)
    if action is None:
        return _render(doing, sent, faults)
    if deed is _SIGN_OFF and sent.confirmed != "yes":
        return _render(doing, sent, template="action_confirm.html", action=action)
    do(doing, action, sent.key)
    return RedirectResponse(f"{to_enrolment(doing.row['enrolment'])}?done={deed.done}", HTTPStatus.SEE_OTHER)


def _render(
    doing: Doing, sent: Sent, faults: Sequence[Fault] = (), *, template: str = "action.html", **context: Any
) -> Response:
    request, visitor, _, row, deed = doing
    enrolment, participant = row["enrolment"], row["participant"]
    said = {each.field: each.text for each in faults}
    return render(
        request,
        template,
        title=f"Error: {deed.title}" if faults else deed.title,
        active="at-risk",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        deed=deed,
        sent=sent,
        row=row,
        who=names_of(request, visitor, [participant]).get(participant, enrolment),
        here=to_action(deed.word, enrolment),
        back=to_enrolment(enrolment),
        fields=[_shown(each, sent, said) for each in FIELDS.get(deed.word, ())],
        errors=[{"text": each.text, "field": each.field} for each in faults],
        **context,
    )


def _shown(field: FormField, sent: Sent, said: dict[str, str]) -> dict[str, Any]:
    return {**field._asdict(), "value": getattr(sent, field.name), "error": said.get(field.name)}


for _deed in DEEDS.values():
    _add(_deed)
