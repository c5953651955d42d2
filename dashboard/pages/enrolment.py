"""Everything about one enrolment on one page: where it stands, why it has its level, its story, what can be done."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from math import ceil
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from dashboard.acting import ways
from dashboard.component_progress import components_of
from dashboard.drawing import PlanBar, plan_bar
from dashboard.links import address, to_enrolment
from dashboard.naming import actors, names_of
from dashboard.noting import note_look
from dashboard.pages.counting import to_partner
from dashboard.pages.enrolment_leaving import leaving
from dashboard.pages.enrolment_standing import attempts, components, measures
from dashboard.pages.enrolment_story import ENTRIES, told
from dashboard.problems import NotThereError
from dashboard.reading import Rows, own_enrolment, reading_of
from dashboard.rendering import render
from dashboard.rules import SignedIn
from dashboard.visitors import Visitor, parts_of
from learning.curriculum import Curriculum, UnknownProgrammeError
from learning.milestones import milestones
from learning.policy import Policies
from learning.programme import Programme
from learning.progress import decode_state
from learning.reason_texts import measured
from learning.signals import SIGNALS
from projections import enrolment_list, enrolment_progress, enrolment_states, risk_history
from projections.declaration_readiness import declarations
from projections.explanation import without_reason
from projections.list_filters import Wanted
from projections.timeline import timeline
from registry.audit import Action

router = APIRouter(include_in_schema=False)

Number = Annotated[int, Query(ge=1, le=100_000)]
_NONE: Final[dict[str, Any]] = {"reasons": (), "flagged_since": None}


@router.get("/enrolments/{enrolment:path}")
def enrolment(request: Request, enrolment: str, rows: Rows, visitor: SignedIn, story: Number = 1) -> Response:
    """An enrolment, or those of a participant whose id is given; that it was read is noted."""
    try:
        row = own_enrolment(rows, visitor, enrolment if enrolment.isprintable() else "")
    except NotThereError:
        return _of_participant(rows, visitor, enrolment)
    note_look(request, visitor, Action.PARTICIPANT_READ, f"enrolment:{enrolment}")
    name = names_of(request, visitor, [row["participant"]]).get(row["participant"])
    return render(
        request,
        "enrolment.html",
        title=name or enrolment,
        active="at-risk",
        live=True,
        row=row,
        name=name,
        partner_href=to_partner(row["partner"]),
        others=[each for each in _ids(rows, visitor, row["participant"]) if each["enrolment"] != enrolment],
        **_standing(request, rows, row),
        **_risk(request, rows, visitor, row),
        **_story(request, visitor, row, story),
    )


def _of_participant(rows: Connection, visitor: Visitor, participant: str) -> Response:
    """The enrolment of a participant, or the list of them.

    Raises:
        NotThereError: Nobody whom the visitor may see has this id.
    """
    found = _ids(rows, visitor, participant) if participant.isprintable() else []
    if not found:
        raise NotThereError("There is no such enrolment, or it is not with your organisation.")
    one = found[0]["href"] if len(found) == 1 else address("/enrolments", q=participant)
    return RedirectResponse(one, HTTPStatus.SEE_OTHER)


def _ids(rows: Connection, visitor: Visitor, participant: str) -> list[dict[str, str]]:
    """The enrolments of a participant that the visitor may see."""
    ids = enrolment_progress.of_participant(rows, participant)
    wanted = Wanted(partner=visitor.partner)
    seen = [each for each in ids if visitor.partner is None or enrolment_list.find(rows, wanted, each) is not None]
    return [{"enrolment": each, "href": to_enrolment(each)} for each in seen]


def _standing(request: Request, rows: Connection, row: Mapping[str, Any]) -> dict[str, Any]:
    curriculum = parts_of(request).rulebook().curriculum
    programme = curriculum.programmes.get(row["programme"])
    found = components_of(rows, curriculum, row["enrolment"], row["programme"], row["intake"])
    state = decode_state(enrolment_states.find(rows, [row["enrolment"]])[row["enrolment"]].state)
    declared = list(_declarations(rows, curriculum, row))
    started = any(each["type"] == "started" and each["date"] is not None for each in declared)
    return {
        "programme": programme,
        "leaving": leaving(row, state.life, programme, started=started),
        "gate": _gate(programme),
        "bar": _bar(row, programme),
        "measures": list(measures(row)),
        "components": list(components(found, row["as_of"])),
        "attempts": attempts(state.life),
        "declarations": declared,
    }


def _gate(programme: Programme | None) -> float | None:
    """The gate as a ratio; None where each group of components has one of its own."""
    if programme is None or programme.gate_points is None:
        return None
    return programme.gate_points / programme.total_points


def _bar(row: Mapping[str, Any], programme: Programme | None) -> PlanBar:
    return plan_bar(row["completion"], row["expected"], _gate(programme), width=320)


def _declarations(rows: Connection, curriculum: Curriculum, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """How DfE's declarations stand; none before a first day, or of a programme that DfE does not know."""
    if row["as_of"] is None:
        return
    try:
        for each in declarations(rows, curriculum, milestones(), enrolment=row["enrolment"]):
            stands = each.readiness
            yield {
                "type": stands.declaration_type,
                "ready": stands.ready,
                "expected": stands.expected,
                "opens": stands.window_start,
                "deadline": stands.deadline,
                "date": stands.declaration_date,
                "blockers": [blocker.sentence for blocker in stands.blockers],
            }
    except UnknownProgrammeError:
        return


def _risk(request: Request, rows: Connection, visitor: Visitor, row: Mapping[str, Any]) -> dict[str, Any]:
    found = enrolment_list.find(rows, Wanted(partner=visitor.partner), row["enrolment"]) or _NONE
    risk = found if row["level"] is not None else _NONE
    return {
        "risk": risk,
        "reasons": [
            {
                "title": SIGNALS[each.signal].title,
                "points": each.points,
                "sentence": each.sentence,
                "measured": f"{measured(each)} ({SIGNALS[each.signal].measures})",
                "remedy": each.remedy,
            }
            for each in risk["reasons"]
        ],
        "silent": _silent(risk, row, parts_of(request).rulebook().policies),
        "history": list(_history(rows, row["enrolment"])),
        "deeds": ways(visitor, row, flagged=risk["flagged_since"] is not None),
    }


def _silent(risk: Mapping[str, Any], row: Mapping[str, Any], policies: Policies) -> list[str]:
    """What was looked at and found nothing."""
    if row["level"] is None or row["as_of"] is None:
        return []
    codes = without_reason({each.signal for each in risk["reasons"]}, policies, row["provider"], row["as_of"])
    return [SIGNALS[code].title.lower() for code in codes]


def _history(rows: Connection, enrolment: str) -> Iterator[dict[str, Any]]:
    """What was decided, the latest first."""
    for each in reversed(risk_history.of(rows, enrolment)):
        why = ", ".join(SIGNALS[reason.signal].title.lower() for reason in each["reasons"])
        yield {**each, "why": why or "no reasons"}


def _story(request: Request, visitor: Visitor, row: Mapping[str, Any], number: int) -> dict[str, Any]:
    """One page of the story, the latest first."""
    curriculum = parts_of(request).rulebook().curriculum
    programme = curriculum.programmes.get(row["programme"])
    titles = {each.id: each.title for each in programme.components} if programme else {}
    entries = timeline(reading_of(request).store(), row["enrolment"])
    last = max(1, ceil(len(entries) / ENTRIES))
    number = min(number, last)
    here = to_enrolment(row["enrolment"])
    known = actors(request, visitor)
    part = told(entries, titles, known)[(number - 1) * ENTRIES : number * ENTRIES]
    pages = range(1, last + 1)
    return {
        "story": part,
        "actors": known,
        "paging": {
            "first": min(len(entries), (number - 1) * ENTRIES + 1),
            "last": min(len(entries), number * ENTRIES),
            "total": len(entries),
            "previous": address(here, story=number - 1) if number > 1 else None,
            "next": address(here, story=number + 1) if number < last else None,
            "items": [{"number": each, "href": address(here, story=each), "current": each == number} for each in pages],
        },
    }
