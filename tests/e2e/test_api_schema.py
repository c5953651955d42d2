"""The OpenAPI file is true: requests made from it at random never bring the server down, and answers are as it says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from limits import RateLimitItemPerSecond
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dashboard.api.limiting import Rates
from dashboard.api.openapi import description
from dashboard.app import create_app
from dashboard.parts import Parts
from tests.alert_pages_kit import a_notice, an_alert, keep
from tests.dashboard_kit import Client, course, opened

load_all_checks()
FILE = "/api/v1/openapi.json"
_NOTHING = cast("Any", None)
_APP = create_app(Parts(_NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING))
SCHEMA = schemathesis.openapi.from_dict(description(_APP)).exclude(path="/api/v1/stream")
"""What can be asked, without the stream, which does not end."""
CHECKS = [
    schemathesis.checks.not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A program of staff, which may ask as often as it likes."""
    folder: Path = tmp_path_factory.mktemp("schema")
    with opened(folder) as site:
        site.publish(*course()).start().fold()
        keep(site, [an_alert()], [a_notice("msg_1", [an_alert()])])
        site.app.state.rates = Rates(RateLimitItemPerSecond(1_000_000))
        yield site.program("staff")


@SCHEMA.parametrize()
@settings(
    max_examples=15,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.filter_too_much,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
def test_any_request_is_answered_as_the_file_says(case: schemathesis.Case, client: Client) -> None:
    """No request brings the server down; status, media type and form of each answer are those of the file."""
    case.call_and_validate(
        app=client.app, headers={"Authorization": client.headers["Authorization"]}, checks=cast("Any", CHECKS)
    )


def test_the_file_describes_every_endpoint_for_who_reads_it(client: Client) -> None:
    """Each endpoint has a summary and a description, and each of its parameters and fields says what it means."""
    described = client.get(FILE).json()
    operations = [each for methods in described["paths"].values() for each in methods.values()]
    silent = [
        (name, field)
        for name, schema in described["components"]["schemas"].items()
        for field, says in schema.get("properties", {}).items()
        if "description" not in says and "$ref" not in says and "const" not in says
    ]

    assert described["openapi"].startswith("3.1")
    assert all(each["summary"] and each["description"] for each in operations)
    assert [
        one["name"] for each in operations for one in each.get("parameters", ()) if not one.get("description")
    ] == []
    assert silent == []
