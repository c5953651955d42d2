"""The envelope and its codec: valid CloudEvents on the wire, and nothing but a well-formed fact comes off it."""

import json
import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.events import FACT_TYPES, UnreadableFactError, decode, encode, fact
from learning.facts import (
    AssessmentMarked,
    AssessmentSubmitted,
    Data,
    DayStarted,
    Resumed,
    WithdrawalRecommended,
    Withdrawn,
)
from tests.builders import DATA, START, completed, enrolled, make

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

ANY_DATA: dict[type[Data], st.SearchStrategy[Any]] = {
    **DATA,
    DayStarted: st.builds(DayStarted, day=st.dates(date(2000, 1, 1), date(2099, 12, 31))),
}

MODULE = json.loads(encode(completed("module-1")))
MARKED = json.loads(encode(make(AssessmentMarked(attempt=1, outcome="failed"))))
SUBMITTED = json.loads(encode(make(AssessmentSubmitted(component="case-study", score=0.5, banked=True))))
ENROLLED = json.loads(encode(enrolled()))
RECOMMENDED = json.loads(encode(make(WithdrawalRecommended(reason="other", by="staff-1"))))
DAY = json.loads(encode(make(DayStarted(day=date(2025, 9, 8)))))
WITHDRAWN = json.loads(encode(make(Withdrawn(reason="other", effective=date(2025, 9, 8), signed_off_by="partner-1"))))

REFUSED: list[tuple[dict[str, Any], str, Any]] = [
    (MODULE, "name", "Ada"),
    (MODULE, "__faust", {"ns": "app.Record"}),
    (MODULE, "dataschema", "https://example.org/schema"),
    (MODULE, "id", 5),
    (MODULE, "id", ""),
    (MODULE, "id", "x" * 257),
    (MODULE, "id", "one\ntwo"),
    (MODULE, "source", None),
    (MODULE, "source", "\x00"),
    (MODULE, "subject", ["e-1"]),
    (MODULE, "subject", "ada@school.example"),
    (MODULE, "partitionkey", True),
    (MODULE, "partitionkey", "ada@school.example"),
    (MODULE, "specversion", "0.3"),
    (MODULE, "specversion", 1.0),
    (MODULE, "datacontenttype", "text/plain"),
    (MODULE, "type", "learning.module-completed.v9"),
    (MODULE, "time", "2025-09-08T09:00:00"),
    (MODULE, "time", "2025-09-08"),
    (MODULE, "time", 1757322000),
    (MODULE, "time", "1925-09-08T09:00:00Z"),
    (MODULE, "time", "1999-12-31T23:59:59.999999Z"),
    (MODULE, "time", "2025-02-29T09:00:00Z"),
    (MODULE, "recordedtime", "2100-01-01T00:00:00Z"),
    (MODULE, "recordedtime", "2025-09-08T09:00:00"),
    (MODULE, "data", None),
    (MODULE, "data", []),
    (MODULE, "data.name", "Ada"),
    (MODULE, "data.component", 7),
    (MODULE, "data.component", ""),
    (MODULE, "data.component", "module 1"),
    (MODULE, "data.component", "module-1\n"),
    (MODULE, "data.component", "m" * 129),
    (MARKED, "data.attempt", True),
    (MARKED, "data.attempt", "1"),
    (MARKED, "data.attempt", 1.0),
    (MARKED, "data.attempt", 0),
    (MARKED, "data.attempt", 10),
    (MARKED, "data.outcome", "merit"),
    (SUBMITTED, "data.score", 1.01),
    (SUBMITTED, "data.score", -0.01),
    (SUBMITTED, "data.score", True),
    (SUBMITTED, "data.banked", 1),
    (ENROLLED, "data.participant", "ada@school.example"),
    (ENROLLED, "data.schedule", "npq-leadership-summer"),
    (RECOMMENDED, "data.reason", "quality-of-programme-structure-not-suitable"),
    (DAY, "data.day", "2025-09-08T00:00:00Z"),
    (DAY, "data.day", "9999-12-31"),
    (WITHDRAWN, "data.effective", "0025-09-08"),
]


@pytest.mark.parametrize(("valid", "field", "value"), REFUSED, ids=lambda each: each if isinstance(each, str) else "")
def test_a_wrong_value_is_refused_by_the_name_of_its_field(valid: dict[str, Any], field: str, value: Any) -> None:
    """Given a valid fact, when one field is made wrong, then it is refused with a reason that names the field."""
    outer, _, inner = field.partition(".")
    wrong = {**valid, outer: {**valid["data"], inner: value} if inner else value}

    with pytest.raises(UnreadableFactError, match=rf"^not a fact: .*\b{inner or outer}\b"):
        decode(json.dumps(wrong))


@pytest.mark.parametrize("field", sorted(MODULE))
def test_a_missing_field_is_named(field: str) -> None:
    """Every field of the envelope is required."""
    with pytest.raises(UnreadableFactError, match=f"missing required field `{field}`"):
        decode(json.dumps({name: value for name, value in MODULE.items() if name != field}))


@pytest.mark.parametrize("field", ["participant", "programme", "intake", "provider", "partner"])
def test_a_missing_field_of_the_data_is_named(field: str) -> None:
    """What an enrolment must say is required."""
    data = {name: value for name, value in ENROLLED["data"].items() if name != field}

    with pytest.raises(UnreadableFactError, match=rf"missing required field `{field}` - at `\$\.data`"):
        decode(json.dumps({**ENROLLED, "data": data}))


VALID = encode(completed("module-1"))


NO_FACTS: dict[str, bytes | str] = {
    "nothing": b"",
    "null": b"null",
    "list": b"[]",
    "string": b'"fact"',
    "truncated": VALID[:-1],
    "trailing": VALID + b"x",
    "two facts": VALID + VALID,
    "byte order mark": b"\xef\xbb\xbf" + VALID,
    "no UTF-8": VALID.replace(b"module-1", b"\xff\xfe"),
    "half a surrogate pair": VALID.replace(b"module-1", b"\\ud800"),
    "a surrogate in text": VALID.decode().replace("module-1", "\ud800"),
    "not a number": json.dumps(SUBMITTED).replace("0.5", "NaN"),
    "infinity": json.dumps(SUBMITTED).replace("0.5", "1e999"),
    "deep": VALID[:-1] + b',"deep":' + b"[" * 100_000,
    "two types": VALID[:-1] + b',"type":"learning.resumed.v1"}',
}


@pytest.mark.parametrize("what", NO_FACTS)
def test_what_is_no_fact_is_refused_and_nothing_else_happens(what: str) -> None:
    """What is no JSON object of a fact, whatever is wrong with it, gives the one error."""
    raw = NO_FACTS[what]

    with pytest.raises(UnreadableFactError, match=r"^not a fact: ."):
        decode(raw)


def test_a_field_written_twice_counts_as_written_last() -> None:
    """A repeated field is read as JSON readers read it, so that all of them see the same fact."""
    twice = VALID[:-1] + b',"subject":"e-2"}'

    assert decode(twice).subject == json.loads(twice)["subject"] == "e-2"


@given(st.data(), st.integers(0, len(VALID)), st.integers(0, 9), st.binary(max_size=9))
def test_damaged_bytes_are_a_fact_or_refused(data: st.DataObject, at: int, cut: int, junk: bytes) -> None:
    """Whatever is cut from a fact or written into it, decoding gives a fact that can be written, or the one error."""
    raw = data.draw(st.sampled_from((VALID, json.dumps(SUBMITTED).encode(), json.dumps(ENROLLED).encode())))
    try:
        survivor = decode(raw[:at] + junk + raw[at + cut :])
    except UnreadableFactError:
        return

    assert decode(encode(survivor)) == survivor


@pytest.mark.parametrize("data_type", FACT_TYPES.values(), ids=FACT_TYPES)
@given(values=st.data())
def test_every_type_of_fact_survives_the_wire(data_type: type[Data], values: st.DataObject) -> None:
    """Decoding what was encoded gives the same fact, in one line."""
    written = make(values.draw(ANY_DATA[data_type]))

    assert decode(encode(written)) == written
    assert decode(encode(written).decode()) == written
    assert b"\n" not in encode(written)


@pytest.mark.parametrize("data_type", FACT_TYPES.values(), ids=FACT_TYPES)
@given(values=st.data())
def test_every_fact_is_a_cloud_event(data_type: type[Data], values: st.DataObject) -> None:
    """On the wire is CloudEvents 1.0 in structured JSON: its required attributes, lower-case names, JSON data."""
    written = make(values.draw(ANY_DATA[data_type]))
    event = json.loads(encode(written))
    attributes = {name: value for name, value in event.items() if name != "data"}

    assert {"id", "source", "specversion", "type"} <= set(event)
    assert event["specversion"] == "1.0"
    assert event["type"] == data_type.TYPE
    assert event.get("datacontenttype", "application/json") == "application/json"
    assert isinstance(event["data"], dict)
    assert all(re.fullmatch(r"[a-z0-9]{1,20}", name) for name in attributes)
    assert all(isinstance(value, str) and value for value in attributes.values())
    assert all(INSTANT.fullmatch(event[name]) for name in ("time", "recordedtime"))


def test_the_optional_content_type_may_be_given() -> None:
    """A sender that states the default content type says nothing new."""
    assert decode(json.dumps({**MODULE, "datacontenttype": "application/json"})) == decode(json.dumps(MODULE))


def test_the_years_begin_and_end_sharply() -> None:
    """The first instant of 2000 and the last microsecond of 2099 are times of facts."""
    edges = {"time": "2000-01-01T00:00:00Z", "recordedtime": "2099-12-31T23:59:59.999999Z"}

    assert decode(json.dumps({**MODULE, **edges})).time == datetime(2000, 1, 1, tzinfo=UTC)


def test_a_fact_known_at_once_needs_no_second_time() -> None:
    """Unless told otherwise, a fact became known when it happened; both times are kept in UTC."""
    summer = START.astimezone(timezone(timedelta(hours=1)))
    made = make(Resumed(), summer)

    assert made.time == made.recordedtime == START
    assert (made.time.tzinfo, made.recordedtime.tzinfo) == (UTC, UTC)


@pytest.mark.parametrize("which", ["time", "recordedtime"])
def test_a_time_without_a_zone_is_never_guessed(which: str) -> None:
    """A fact cannot be made of a naive time: it would mean another instant on every machine."""
    times = {"time": START, "recordedtime": START, which: START.replace(tzinfo=None)}

    with pytest.raises(ValueError, match="no time zone"):
        fact(Resumed(), id="1", source="/tests", subject="e-1", partitionkey="p-1", **times)


def test_source_and_id_together_are_the_identity() -> None:
    """The same id from two sources is two facts."""
    one, other = (make(Resumed(), id="1", source=source) for source in ("/a", "/b"))

    assert one.identity != other.identity
