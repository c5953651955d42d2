"""Describes the API: as OpenAPI 3.1 for programs, and as a page for people that is made from the same."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import APIRoute, iter_route_contexts

from dashboard.api.addresses import PREFIX
from dashboard.api.answering import CSV
from dashboard.api.models import Problem
from dashboard.problems import PROBLEM_JSON
from dashboard.rendering import render
from dashboard.rules import Anybody, Rule, rule_of
from learning.events import FACT_TYPES

VERSION: Final = "1.0.0"

router = APIRouter(include_in_schema=False)

_DESCRIPTION: Final = """Everything that the pages of the dashboard show, for programs.

Send an API key as `Authorization: Bearer KEY`; `engagement access grant` makes one. A key of a delivery partner sees
its own participants only; the id of another partner's is answered like one that does not exist. There are no names in
it: participants are known by their ids.

Ratios lie between 0 and 1, instants are in UTC, days are days in the United Kingdom. Lists are JSON, or CSV with
`format=csv` or `Accept: text/csv`. A page has 100 rows unless `page[per_page]` says otherwise, and 1,000 at most.
An account may ask 1,000 times in five minutes; the headers `RateLimit` and `Retry-After` say how it stands.
Errors are problem details (RFC 9457)."""

_ERRORS: Final = {
    400: "The request cannot be read.",
    401: "There is no key, or it lets nobody in.",
    403: "The account may not do it.",
    404: "There is no such thing, or it is another delivery partner's.",
    406: "It cannot be answered in that form.",
    408: "The body did not come in time.",
    409: "It cannot be done as things stand.",
    413: "The body is too large, or has too much in it.",
    415: "The body is of a kind that is not taken.",
    422: "What was sent can be read, and makes no sense.",
    429: "Too many requests; `Retry-After` says when to ask again.",
    503: "Something that is needed is away; `Retry-After` says when to ask again.",
}
_ALWAYS: Final = (422, 429, 503)
_OF_BODIES: Final = (400, 408, 409, 413, 415)


@router.get("/openapi.json")
def openapi(request: Request, _: Anybody) -> JSONResponse:
    """The description in OpenAPI 3.1."""
    return JSONResponse(description(request.app))


@router.get("/docs")
def docs(request: Request, _: Anybody) -> HTMLResponse:
    """The description as a page."""
    described = description(request.app)
    return render(request, "api.html", title="API", api=described["info"], operations=list(operations(described)))


def description(app: FastAPI) -> dict[str, Any]:
    """What the API of an app can do, in OpenAPI 3.1; made once."""
    if not hasattr(app.state, "api_description"):
        app.state.api_description = _describe(app)
    found: dict[str, Any] = app.state.api_description
    return found


def operations(described: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each operation, in the order in which they are described, with its `path` and `method`."""
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield {"path": path, "method": method.upper(), **operation}


def _describe(app: FastAPI) -> dict[str, Any]:
    contexts = [each for each in iter_route_contexts(app.routes) if str(each.path).startswith(f"{PREFIX}/")]
    rules = {
        (each.path, method.lower()): rule_of(each.original_route)
        for each in contexts
        if isinstance(each.original_route, APIRoute)
        for method in each.methods or ()
    }
    described = get_openapi(title="Engagement", version=VERSION, description=_DESCRIPTION, routes=contexts)
    schemas = described.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas.update(_schemas())
    described["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            _complete(operation, rules[path, method])
    return described


def _complete(operation: dict[str, Any], rule: Rule) -> None:
    """Say who may ask, that lists come as CSV too, and which errors there are."""
    operation["security"] = [{"key": []}]
    operation["x-rule"] = rule.value
    names = {each["name"] for each in operation.get("parameters", ())}
    if "format" in names:
        operation["responses"]["200"]["content"].setdefault(CSV, {"schema": {"type": "string"}})
    codes = {401, *_ALWAYS, *(int(each) for each in operation["responses"] if each >= "400")}
    if any(each["in"] == "path" for each in operation.get("parameters", ())):
        codes.add(404)
    if rule is not Rule.SIGNED_IN:
        codes.add(403)
    if "requestBody" in operation:
        codes |= {*_OF_BODIES, 403, 404}
    for code in sorted(codes):
        known = operation["responses"].get(str(code), {})
        operation["responses"][str(code)] = _problem(known.get("description") or _ERRORS[code])


def _problem(description: str) -> dict[str, Any]:
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description, "content": content}


def _schemas() -> dict[str, Any]:
    """What FastAPI does not find by itself: errors, and the envelopes of facts."""
    template = "#/components/schemas/{model}"
    problem = Problem.model_json_schema(ref_template=template)
    return {**problem.pop("$defs", {}), "Problem": problem, "Envelope": _envelope()}


def _envelope() -> dict[str, Any]:
    """CloudEvents 1.0 as facts have it; the page of event types says what the data of each type are."""
    text = {"type": "string", "minLength": 1, "maxLength": 256}
    moment = {"type": "string", "format": "date-time"}
    return {
        "type": "object",
        "title": "Envelope",
        "description": "One fact: a CloudEvent 1.0 in structured JSON. The reference of event types has the data.",
        "additionalProperties": False,
        "required": ["id", "source", "type", "subject", "time", "recordedtime", "partitionkey", "specversion", "data"],
        "properties": {
            "id": {**text, "description": "With `source`, what makes it this fact and no other."},
            "source": {**text, "description": "Which system it comes from."},
            "type": {"type": "string", "enum": sorted(FACT_TYPES), "description": "The event type with its version."},
            "subject": {**text, "description": "The enrolment that it is about."},
            "time": {**moment, "description": "When it happened, with its zone."},
            "recordedtime": {**moment, "description": "When it became known, with its zone."},
            "partitionkey": {**text, "description": "The participant."},
            "specversion": {"const": "1.0"},
            "datacontenttype": {"const": "application/json"},
            "data": {"type": "object", "description": "What the event type says."},
        },
    }
