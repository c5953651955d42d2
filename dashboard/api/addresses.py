"""Ids in addresses: an id is one segment of the path, percent-encoded, whatever characters it has.

Ids of enrolments and programmes may have a `/`. Servers hand paths over decoded, so that `a%2Ftimeline` could be the
enrolment `a/timeline` or the timeline of `a`; here the two stay apart.
"""

from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import Path
from pydantic import AfterValidator
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.links import API

PREFIX = API

_ESCAPES = str.maketrans({"%": "%25", "/": "%2F"})


class WholeSegments:
    """Leaves `/` and `%` encoded in the segments of the API's paths; routes decode them again, see `Id`."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        raw = scope.get("raw_path")
        if scope["type"] == "http" and raw and scope["path"].startswith(f"{PREFIX}/"):
            segments = raw.decode("latin-1").partition("?")[0].split("/")
            scope["path"] = "/".join(unquote(each).translate(_ESCAPES) for each in segments)
        await self._app(scope, receive, send)


def segment(identifier: str) -> str:
    """An id as it stands in an address."""
    return quote(identifier, safe="")


_decoded = AfterValidator(unquote)

EnrolmentId = Annotated[
    str, Path(description="The id of an enrolment, percent-encoded.", min_length=1, max_length=800), _decoded
]
PartnerId = Annotated[
    str, Path(description="The id of a delivery partner, percent-encoded.", min_length=1, max_length=400), _decoded
]
ProgrammeId = Annotated[
    str,
    Path(
        description="The id of a programme, percent-encoded, such as `ambition-2024%2Fnpqsl`.",
        min_length=1,
        max_length=400,
    ),
    _decoded,
]
AlertId = Annotated[
    str,
    Path(
        description="The id of an alert, percent-encoded, such as `e-1250412%2F2026-03-02`.",
        min_length=1,
        max_length=900,
    ),
    _decoded,
]
NoticeId = Annotated[str, Path(description="The id of a message.", min_length=1, max_length=100), _decoded]
