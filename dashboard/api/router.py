"""All endpoints of the API, version 1; whoever adds one adds its router here."""

from typing import Final

from fastapi import APIRouter, Depends

from dashboard.api import (
    actions,
    alerts,
    cohorts,
    declarations,
    enrolments,
    events,
    openapi,
    operating,
    programmes,
    questions,
    stream,
    withdrawals,
)
from dashboard.api.addresses import PREFIX
from dashboard.api.limiting import rated

_PARTS: Final = (
    *(enrolments, actions, alerts, stream, cohorts, declarations, withdrawals),
    *(programmes, questions, events, operating, openapi),
)

router = APIRouter(prefix=PREFIX, dependencies=[Depends(rated)])
for each in _PARTS:
    router.include_router(each.router)
