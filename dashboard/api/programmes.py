"""The programmes, for programs: what there is to study, and what each consists of."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from dashboard.api.addresses import ProgrammeId
from dashboard.api.answering import answer, answer_list
from dashboard.api.asking import FormQuery
from dashboard.api.cohort_models import Programme, ProgrammeDetail
from dashboard.api.models import Listed
from dashboard.problems import NotThereError
from dashboard.rules import SignedIn
from dashboard.visitors import parts_of
from learning import programme as catalogue

router = APIRouter(tags=["Programmes"])


@router.get("/programmes", response_model=Listed[Programme], summary="Programmes")
def programmes(request: Request, asked: FormQuery, _: SignedIn) -> Response:
    """Every programme that facts can be about, by id."""
    found = parts_of(request).rulebook().curriculum.programmes
    return answer_list(request, asked, Programme, (_summary(each) for _, each in sorted(found.items())))


@router.get("/programmes/{programme}", response_model=ProgrammeDetail, summary="One programme, with its components")
def programme(request: Request, programme: ProgrammeId, _: SignedIn) -> Response:
    """What it consists of, in the order in which it is due."""
    found = parts_of(request).rulebook().curriculum.programmes.get(programme)
    if found is None:
        raise NotThereError("There is no such programme in any catalogue file.")
    components = [
        {
            "component": each.id,
            "kind": each.kind,
            "title": each.title,
            "counts": each.counts,
            "points": found.points.get(each.id, 0),
            "due_week": each.due_week,
            "due_day": each.due_day,
        }
        for each in found.components
    ]
    return answer(request, ProgrammeDetail.model_validate({**_summary(found), "components": components}))


def _summary(found: catalogue.Programme) -> dict[str, Any]:
    return {
        "programme": found.id,
        "title": found.title,
        "provider": found.provider,
        "generation": found.generation,
        "course": found.course,
        "months": found.months,
        "components_total": len(found.points),
        "gate": float(found.completion.threshold),
    }
