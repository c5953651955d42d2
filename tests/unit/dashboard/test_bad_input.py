"""What must never get in: each kind of bad input is refused by itself, with a reason, and nothing of it is kept."""

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.api.incoming import MEDIA_TYPES, take_apart
from dashboard.problems import TooLargeError
from eventlog.facts import FACTS_TOPIC
from tests.dashboard_kit import Client, Site, opened

ENVELOPE: dict[str, Any] = {
    "specversion": "1.0",
    "id": "1",
    "source": "/lms",
    "type": "learning.component-completed.v1",
    "subject": "e-1",
    "time": "2025-10-01T10:00:00Z",
    "recordedtime": "2025-10-01T10:00:00Z",
    "partitionkey": "p-1",
    "data": {"component": "module-1"},
}
GOOD = json.dumps(ENVELOPE)
JSON = "application/json"


def envelope(**fields: Any) -> str:
    """The good envelope with other fields."""
    return json.dumps({**ENVELOPE, **fields})


def with_raw(field: str, raw: str) -> str:
    """The good envelope with a field written out as it stands here."""
    return GOOD.replace(json.dumps(ENVELOPE[field]), raw, 1)


def attended(**data: Any) -> str:
    """An assessment that was handed in, with such data."""
    return envelope(type="learning.assessment-submitted.v1", data={"component": "case-study", **data})


def at(moment: str) -> str:
    """The good envelope at another time."""
    return envelope(time=moment)


NOT_JSON: dict[str, str | bytes] = {
    "nothing": "",
    "no JSON": "enrolment,component\ne-1,module-1\n",
    "truncated": GOOD[:-2],
    "two values": f"{GOOD} {GOOD}",
    "NaN": with_raw("id", "NaN"),
    "Infinity": with_raw("id", "-Infinity"),
    "a byte order mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "half a character": with_raw("id", '"\\ud800"'),
    "Latin-1": GOOD.replace("e-1", "\xe9-1").encode("latin-1"),
    "UTF-16": GOOD.encode("utf-16"),
    "nesting of 10,000": with_raw("data", "[" * 10_000 + "]" * 10_000),
    "a huge whole number": with_raw("id", "1" * 100_000),
    "a number without end": with_raw("id", "1e400"),
}
NOT_FACTS: dict[str, str] = {
    "a field twice": GOOD.replace('"id": "1"', '"id": "1", "id": "2"'),
    "a field of the data twice": GOOD.replace('{"component"', '{"component": "module-2", "component"'),
    "no id": json.dumps({name: value for name, value in ENVELOPE.items() if name != "id"}),
    "an empty id": envelope(id=""),
    "__faust": envelope(__faust={"ns": "x"}),
    "__proto__": envelope(__proto__={"admin": True}),
    "a field more": envelope(name="Olive Owen"),
    "a field more in the data": envelope(data={"component": "module-1", "note": "ill"}),
    "a number for a text": envelope(id=1),
    "a text for a number": attended(attempt="1"),
    "true for a number": attended(attempt=True),
    "minus zero as a count": attended(attempt=-0),
    "a whole number too large": attended(attempt=2**63),
    "a score above 1": attended(score=1.5),
    "null for a text": envelope(subject=None),
    "a list for an envelope": with_raw("data", "[]"),
    "NUL": envelope(id="1\x00"),
    "a line break": envelope(subject="e-1\nDROP"),
    "an email address": envelope(subject="olive@example.org"),
    "a text of a megabyte": envelope(id="x" * 1_000_000),
    "an unknown type": envelope(type="learning.hacked.v1"),
    "a day": envelope(type="learning.day-started.v1", data={"day": "2025-10-21"}),
    "our own source": envelope(source="/engagement/day-clock"),
    "a naive time": at("2025-10-01T10:00:00"),
    "the far past": at("1999-12-31T23:59:59Z"),
    "the year 1": at("0001-01-01T00:00:00+14:00"),
    "the far future": at("9999-12-31T23:59:59Z"),
    "tomorrow": at("2025-10-21T10:00:00Z"),
    "known tomorrow": envelope(recordedtime="2025-10-21T10:00:00Z"),
    "24 o'clock": at("2025-10-01T24:00:00Z"),
    "the 60th second": at("2025-10-01T10:59:60Z"),
    "no date": at("2025-02-30T10:00:00Z"),
    "a day for a time": at("2025-10-01"),
    "a number for a time": envelope(time=1_759_312_800),
}


WHY = ("not a fact: ", "fact ", "time of fact ", "recordedtime of fact ", "sources ")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A dashboard that has seen nothing."""
    folder: Path = tmp_path_factory.mktemp("bad")
    with opened(folder) as site:
        yield site


@pytest.fixture
def client(site: Site) -> Client:
    """A program of staff, which may send everything, with its own limit of requests."""
    return site.program("staff")


def send(client: Client, body: str | bytes, kind: str = JSON, **headers: str) -> Response:
    """Send a body."""
    return client.post("/api/v1/events", content=body, headers={"Content-Type": kind, **headers})


def on_the_log(site: Site) -> int:
    """How many facts there are."""
    return sum(site.log.end_offsets(FACTS_TOPIC).values())


@pytest.mark.parametrize("body", [*NOT_JSON.values(), *NOT_FACTS.values()], ids=[*NOT_JSON, *NOT_FACTS])
def test_bad_input_is_refused_and_leaves_nothing(body: str | bytes, site: Site, client: Client) -> None:
    """One envelope that is wrong is answered with 422 and a reason, and the log stays as it was."""
    before = on_the_log(site)

    answer = send(client, body)

    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith(
        ("not a fact: ", "fact ", "time of fact ", "recordedtime of fact ", "sources ")
    )
    assert on_the_log(site) == before


@pytest.mark.parametrize("bad", NOT_FACTS.values(), ids=NOT_FACTS)
def test_what_is_right_beside_bad_input_is_kept(bad: str, site: Site, client: Client) -> None:
    """In a list, a bad envelope is refused by itself: those before and after it are on the log."""
    good = [envelope(id=f"{client.account.id if client.account else ''}-{number}") for number in (1, 2)]
    before = on_the_log(site)

    answer = send(client, f"[{good[0]},{bad},{good[1]}]")

    assert answer.status_code == 207
    assert [each["result"] for each in answer.json()["results"]] == ["accepted", "refused", "accepted"]
    assert on_the_log(site) == before + 2


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_a_list_that_is_no_json_is_refused_whole(body: str | bytes, site: Site, client: Client) -> None:
    """Where it cannot be told what an item is, nothing is taken, and the answer says that it is no JSON."""
    raw = body if isinstance(body, bytes) else body.encode()
    before = on_the_log(site)

    answer = send(client, b"[" + raw + b", x]")

    assert answer.status_code == 400
    assert on_the_log(site) == before


BODIES: dict[str, tuple[bytes, str, dict[str, str], int]] = {
    "no list": (b'{"id": 1}', "application/cloudevents-batch+json", {}, 400),
    "an empty list": (b"[]", JSON, {}, 422),
    "no lines": (b"\n\n", "application/x-ndjson", {}, 422),
    "100,000 items": (b"[" + b"0," * 99_999 + b"0]", JSON, {}, 413),
    "1,001 lines": (b"{}\n" * 1_001, "application/x-ndjson", {}, 413),
    "5 MB of lines": (b"\n" * 4_999_999, "application/x-ndjson", {}, 413),
    "more than 5 MB": (b" " * 5_000_001, JSON, {}, 413),
    "another type": (GOOD.encode(), "text/plain", {}, 415),
    "a form": (b"id=1", "application/x-www-form-urlencoded", {}, 415),
    "no type": (GOOD.encode(), "", {}, 415),
    "another character set": (GOOD.encode("utf-16"), f"{JSON}; charset=utf-16", {}, 415),
    "packed": (b"\x1f\x8b" + bytes(100), JSON, {"Content-Encoding": "gzip"}, 415),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_body_that_is_not_taken_says_why(case: str, site: Site, client: Client) -> None:
    """A body that is too large, of another kind or without envelopes is refused whole, in the one shape of errors."""
    body, kind, headers, status = BODIES[case]
    before = on_the_log(site)

    answer = send(client, body, kind, **headers)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert on_the_log(site) == before


@pytest.mark.parametrize(
    "moment", ["2025-10-01T12:00:00+02:00", "2025-10-01T10:00:00.5Z", "2000-01-01T00:00:00Z", "2025-10-20T09:34:00Z"]
)
def test_times_that_can_be_are_taken(moment: str, client: Client) -> None:
    """Other zones, parts of seconds, and a clock that is four minutes ahead are no mistakes."""
    whose = client.account.id if client.account else ""

    assert send(client, envelope(id=f"{whose}-{moment}", time=moment)).status_code == 201


def test_a_long_list_costs_little_room() -> None:
    """Five megabytes of items are given up at the first one too many, not taken apart to the end."""
    body = b"[" + b"{}," * 1_600_000 + b"{}]"
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            take_apart(JSON, body)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 20_000_000


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ENVELOPE, "x"]), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    body=st.binary(max_size=200)
    | ANYTHING.map(lambda value: json.dumps(value).encode())
    | st.tuples(st.sampled_from(sorted(ENVELOPE)), ANYTHING).map(lambda pair: envelope(**{pair[0]: pair[1]}).encode()),
    kind=st.sampled_from(MEDIA_TYPES),
)
def test_whatever_comes_is_answered(body: bytes, kind: str, client: Client) -> None:
    """No body brings the server down: whatever it is, it is taken or refused with a reason."""
    assert send(client, body, kind).status_code in {200, 201, 207, 400, 409, 413, 422}
