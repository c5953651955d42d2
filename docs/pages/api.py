"""The page of the API: every endpoint with its parameters and answers, as the OpenAPI file has them."""

from collections.abc import Iterator
from typing import Any, cast

from dashboard.api.openapi import description, operations
from dashboard.app import create_app
from dashboard.parts import Parts
from pages.markdown import code, page, table

_NOTHING = cast("Any", None)
"""Stands for each part that the app is made of: its description needs none of them."""


def api_page() -> str:
    """The whole page."""
    described = description(create_app(Parts(*[_NOTHING] * 6)))
    schemas = described["components"]["schemas"]
    found = list(operations(described))
    rows = [(code(f"{each['method']} {each['path']}"), each["summary"], each["x-rule"]) for each in found]
    return page(
        "API",
        described["info"]["description"],
        "The running dashboard has the same as a page at `/api/v1/docs` and as OpenAPI 3.1 at `/api/v1/openapi.json`. "
        "[Use the API](../how-to/use-the-api.md) has examples.",
        "## Endpoints",
        table(("endpoint", "what it does", "for whom"), rows),
        *(block for each in found for block in _operation(each)),
        "## Forms",
        "What answers and bodies consist of.",
        *(block for name in sorted(schemas) for block in _schema(name, schemas[name])),
    )


def _operation(operation: dict[str, Any]) -> Iterator[str]:
    yield f"### {operation['method']} {operation['path']}"
    yield operation["description"]
    if parameters := operation.get("parameters"):
        rows = [(code(each["name"]), each["in"], each.get("description", "")) for each in parameters]
        yield table(("parameter", "where", "what it says"), rows)
    answers = [(status, each["description"]) for status, each in operation["responses"].items()]
    yield table(("status", "when"), answers)


def _schema(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f"### {schema.get('title', name)}"
    yield schema.get("description", "")
    fields = schema.get("properties", {})
    yield table(
        ("field", "what it means"), ((code(each), says.get("description", "")) for each, says in fields.items())
    )
