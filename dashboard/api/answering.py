"""How the API answers: JSON, or lists as CSV for those who ask for it, with the headers that go with both."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from io import StringIO
from typing import Any, Final, TypeVar

from fastapi import Request
from fastapi.responses import Response

from analytics.exports import write_rows
from dashboard.api.asking import Form
from dashboard.api.models import Freshness, Listed, Told
from dashboard.visitors import parts_of

JSON: Final = "application/json"
CSV: Final = "text/csv"

Row = TypeVar("Row", bound=Told)


def answer(request: Request, said: Told, *, status: int = HTTPStatus.OK) -> Response:
    """One thing, as JSON."""
    return Response(said.model_dump_json(), status, headers_of(request), JSON)


def answer_list(
    request: Request,
    form: Form,
    kind: type[Row],
    rows: Iterable[Any],
    *,
    after: str | None = None,
    freshness: Any = None,
    erased: int | None = None,
) -> Response:
    """Some things, as JSON or CSV.

    Args:
        request: Who asks.
        form: What they ask for.
        kind: What is told of each.
        rows: What is known of each; what `kind` does not name is left out.
        after: The place to go on from, if there is more.
        freshness: Of the projections that the rows come from.
        erased: How many enrolments the list leaves out because their participants were erased.
    """
    told = [kind.model_validate(dict(row) if isinstance(row, Mapping) else row) for row in rows]
    headers = headers_of(request)
    if after is not None:
        headers["Link"] = f'<{_address(request, after)}>; rel="next"'
    if wants_csv(request, form):
        name = request.url.path.rpartition("/")[2]
        headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return Response(_as_csv(kind, told), headers=headers, media_type=f"{CSV}; charset=utf-8")
    fresh = None if freshness is None else Freshness.model_validate(freshness)
    page = Listed[kind].model_construct(data=told, next=after, freshness=fresh, erased=erased)  # type: ignore[valid-type]  # made here
    return Response(page.model_dump_json(), headers=headers, media_type=JSON)


def wants_csv(request: Request, form: Form) -> bool:
    """Whether rows are wanted as CSV: by `format`, or else by the header `Accept`."""
    if form.format is not None:
        return form.format == "csv"
    weights = dict(_weight(each) for each in request.headers.get("accept", "").lower().split(","))
    return weights.get(CSV, 0) > max(weights.get(JSON, 0), weights.get("application/*", 0), weights.get("*/*", 0))


def columns(kind: type[Told]) -> list[str]:
    """The columns that a list has as CSV."""
    return list(kind.model_fields)


def _as_csv(kind: type[Row], rows: Sequence[Row]) -> str:
    names, text = columns(kind), StringIO()
    write_rows(names, ([_cell(getattr(row, name)) for name in names] for row in rows), "csv", text)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """A value of CSV: of a list its codes, with a space between; of what has parts, how it says itself."""
    if isinstance(value, list):
        return " ".join(str(each) for each in value)
    return str(value) if isinstance(value, Told) else value


def _weight(accepted: str) -> tuple[str, float]:
    kind, *parameters = (each.strip() for each in accepted.split(";"))
    given = next((each.removeprefix("q=") for each in parameters if each.startswith("q=")), "1")
    try:
        return kind, float(given)
    except ValueError:
        return kind, 0.0


def headers_of(request: Request) -> dict[str, str]:
    """What every answer has besides its type."""
    return {**request.state.rate.headers, "Cache-Control": "no-store"}


def _address(request: Request, after: str) -> str:
    address = request.url.include_query_params(**{"page[after]": after})
    return f"{parts_of(request).public_url}{address.path}?{address.query}"
