"""Takes in facts of other systems: each is on the log, durably, before it is said to be accepted."""

from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from dashboard.api.answering import answer
from dashboard.api.event_models import EventResult, EventResults
from dashboard.api.incoming import BATCH, LINES, MOST_BYTES, MOST_EVENTS, ONE, media_type, read, take_apart
from dashboard.api.incoming import JSON as ANY_JSON
from dashboard.api.senders import Place, places_of, refusal
from dashboard.guarding import up_to
from dashboard.noting import note
from dashboard.problems import NotReadyError, ProblemError
from dashboard.reading import reading_of
from dashboard.rules import Acting
from dashboard.visitors import Visitor, parts_of
from eventlog.base import LogAwayError, LogError
from learning.errors import EngagementError
from learning.events import Fact
from producers import admission
from producers.publisher import Sent, send
from registry.audit import Action

router = APIRouter(tags=["Events"])

_ONE_EVENT: Final = {"$ref": "#/components/schemas/Envelope"}
_MANY: Final = {"type": "array", "items": _ONE_EVENT, "minItems": 1, "maxItems": MOST_EVENTS}
_BODY: Final = {
    "required": True,
    "content": {
        ONE: {"schema": _ONE_EVENT},
        BATCH: {"schema": _MANY},
        ANY_JSON: {"schema": {"anyOf": [_ONE_EVENT, _MANY]}},
        LINES: {"schema": {"type": "string", "description": "One envelope a line."}},
    },
}
_ALREADY: Final = (
    "this id of this source already stands for another fact, which stays; send a correction as a new fact with an id "
    "of its own"
)
_AWAY: Final = "The log cannot be written to at present. Send all of it again in a few seconds: nothing is there twice."


@router.post(
    "/events",
    response_model=EventResult,
    status_code=HTTPStatus.CREATED,
    summary="Send facts",
    dependencies=[up_to(MOST_BYTES)],
    openapi_extra={"requestBody": _BODY},
    responses={
        200: {"model": EventResult | EventResults, "description": "A duplicate; or a list, all of it on the log."},
        207: {"model": EventResults, "description": "A list, of which some is not on the log: see each result."},
        409: {"description": "The id of this source already stands for another fact."},
    },
)
async def events(request: Request, visitor: Acting) -> Response:
    """Send one envelope (CloudEvents 1.0 in JSON), a list of them, or lines; up to 1,000.

    What is said to be accepted, or to be a duplicate, is on the log, durably. Sending again is safe: the same envelope
    is a duplicate. One envelope by itself is answered with 201, with 200 when it is a duplicate, with 409 when its id
    stands for another fact, or with why it is refused. A list is answered with 200 when all of it is on the log and
    with 207 when some of it is not; what is right beside it is on the log.

    A body has at most 5,000,000 bytes and an envelope 65,536. An account of a delivery partner sends facts of its own
    participants only, under the source `/partners/ID` or below it.
    """
    content_type = request.headers.get("content-type", "")
    media_type(content_type)  # before the body, which has been read already where it is a form
    return await run_in_threadpool(_take, request, visitor, content_type, await request.body())


def _take(request: Request, visitor: Visitor, content_type: str, body: bytes) -> Response:
    incoming = take_apart(content_type, body)
    results = _results(request, visitor, incoming.envelopes)
    counts: Counter[str] = Counter(each.result for each in results)
    note(request, visitor, Action.EVENTS_SENT, details=counts)
    if not incoming.single:
        return _answer_all(request, results, counts)
    [result] = results
    if result.result in {"conflict", "refused"}:
        raise _problem(result)
    return answer(request, result, status=result.status)


def _results(request: Request, visitor: Visitor, envelopes: Sequence[bytes]) -> list[EventResult]:
    now = parts_of(request).now()
    found: dict[int, EventResult] = {}
    facts: dict[int, Fact] = {}
    for index, envelope in enumerate(envelopes):
        try:
            facts[index] = read(envelope)
            admission.check(facts[index], now)
        except EngagementError as error:
            found[index] = _refused(index, facts.pop(index, None), HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
    places = _places(request, visitor, list(facts.values()))
    for index, fact in list(facts.items()):
        if refused := refusal(visitor, fact, places):
            found[index] = _refused(index, facts.pop(index), *refused)
    for index, sent in zip(facts, _send(request, list(facts.values())), strict=True):
        found[index] = _result(index, sent)
    return [found[index] for index in range(len(envelopes))]


def _places(request: Request, visitor: Visitor, facts: Sequence[Fact]) -> dict[str, Place]:
    """Only asked for where it matters: staff can send facts before anything was processed."""
    if visitor.partner is None:
        return {}
    with reading_of(request).store().connect() as connection:
        return places_of(connection, facts)


def _send(request: Request, facts: Sequence[Fact]) -> list[Sent]:
    if not facts:
        return []
    try:
        with parts_of(request).log() as log:
            return send(log, facts)
    except LogAwayError:
        raise
    except LogError as error:
        raise NotReadyError(_AWAY) from error


def _result(index: int, sent: Sent) -> EventResult:
    fact = sent.sent
    if sent.conflicts:
        return EventResult(
            index=index, id=fact.id, source=fact.source, result="conflict", status=HTTPStatus.CONFLICT, reason=_ALREADY
        )
    accepted = sent.there is None
    return EventResult(
        index=index,
        id=fact.id,
        source=fact.source,
        result="accepted" if accepted else "duplicate",
        status=HTTPStatus.CREATED if accepted else HTTPStatus.OK,
    )


def _refused(index: int, fact: Fact | None, status: HTTPStatus, reason: str) -> EventResult:
    named = {"id": fact.id, "source": fact.source} if fact else {"id": None, "source": None}
    return EventResult(index=index, **named, result="refused", status=status, reason=reason)


def _problem(result: EventResult) -> ProblemError:
    error = ProblemError(f"{result.reason}.")
    error.status = HTTPStatus(result.status)
    return error


def _answer_all(request: Request, results: Sequence[EventResult], counts: Counter[str]) -> Response:
    told = EventResults(
        accepted=counts["accepted"],
        duplicates=counts["duplicate"],
        conflicts=counts["conflict"],
        refused=counts["refused"],
        results=list(results),
    )
    everything = not told.conflicts and not told.refused
    return answer(request, told, status=HTTPStatus.OK if everything else HTTPStatus.MULTI_STATUS)
