"""The page of event types: the envelope, then each type with its fields and an example."""

from collections.abc import Callable, Iterator
from typing import Any, get_args

import msgspec
from msgspec import inspect as shapes

from learning.codes import DeferralReason, ScheduleIdentifier, WithdrawalReason
from learning.events import EARLIEST, FACT_TYPES, LATEST, MEDIA_TYPE, Fact
from learning.facts import Data
from pages.fact_examples import EXAMPLES
from pages.markdown import code, docstring, field_notes, page, table

_CODE_LISTS = {
    "withdrawal reasons": get_args(WithdrawalReason),
    "deferral reasons": get_args(DeferralReason),
    "schedules": get_args(ScheduleIdentifier),
}

_MEANINGS = {
    "alert": "The alert that the message told of; the same for all that is sent about it.",
    "attempt": "Which attempt at the final assessment, counted from 1.",
    "attendance": "What the register says.",
    "by": "Who did so: a random id of a member of staff.",
    "channel": "How the participant was contacted, or the message sent.",
    "clicks": "How often the resource was clicked.",
    "closes": "The last day on which work can be handed in.",
    "cohort": "DfE's cohort: the call-off contract that funds the place.",
    "component": "Id of the component in the programme's catalogue file.",
    "day": "The day that began, in the UK.",
    "effective": "The day from which the withdrawal holds.",
    "expected_return": "The day on which the participant means to come back.",
    "intake": "Id of the intake, such as `2025-autumn`.",
    "granted_by": "Who granted it: a random id of a member of staff.",
    "into": "The participant id that counts from now on.",
    "opens": "The first day on which work can be handed in.",
    "outcome": "What came of it.",
    "participant": "Random id of the participant.",
    "partner": "Id of the delivery partner.",
    "programme": "Id of the programme: catalogue file and code, such as `ambition-2024/npqsl`.",
    "provider": "Id of the lead provider.",
    "reason": "Why, as a code.",
    "resource": "What was visited.",
    "retired": "The participant id that is no longer used.",
    "schedule": "DfE's schedule identifier.",
    "score": "The mark as a ratio.",
    "step": "Why the message was sent.",
    "signed_off_by": "Id of the delivery partner that signed it off.",
}

_ENVELOPE = {
    "id": "Unique within its source. Ids that sort by time (UUID version 7) keep the log's index fast.",
    "source": "Who says so, such as `/registers/partner-07`. Source and id together are the identity of a fact.",
    "type": "The event type with its version, one of those below.",
    "subject": "The enrolment that it is about; `calendar` for a day.",
    "time": "When it happened.",
    "recordedtime": "When it became known. Of two facts that happened at the same moment, the one known later counts.",
    "partitionkey": "The participant, so that all facts of a person stand in one partition, in order.",
    "data": "What the type says.",
    "specversion": "The version of CloudEvents.",
    "datacontenttype": "The form of `data`.",
}


def events_page() -> str:
    """The whole page.

    Raises:
        KeyError: An event type has no example, or a field no meaning.
    """
    return page(
        "Event types",
        "Every fact on the log is one JSON object: an envelope (CloudEvents 1.0, structured mode, media type "
        f"`{MEDIA_TYPE}`) around the `data` of its type. It is decoded strictly: an unknown field, a missing one or a "
        "value out of bounds makes it a reject, with the field named. A version is never edited; a change makes a new "
        "version, and old ones are read for ever.",
        "A fact carries codes and random ids only. Names and addresses do not belong on the log.",
        "## The envelope",
        _envelope(),
        f"`time` and `recordedtime` carry a zone and lie between {EARLIEST.year} and {LATEST.year}.",
        table(
            ("event type", "in short"),
            ((f"[`{name}`](#{_anchor(name)})", _first(data)) for name, data in FACT_TYPES.items()),
        ),
        *(block for name, data in FACT_TYPES.items() for block in _event(name, data)),
        "## Code lists",
        *(block for name, codes in _CODE_LISTS.items() for block in _codes(name, codes)),
    )


def _envelope() -> str:
    defaults = {field.name: field for field in msgspec.structs.fields(Fact)}
    names = [name for name in _ENVELOPE if name == "type" or name in defaults]
    optional = {name for name, field in defaults.items() if not field.required}
    rows = ((code(name), "no" if name in optional else "yes", _ENVELOPE[name]) for name in names)
    return table(("field", "required", "meaning"), rows)


def _event(name: str, data: type[Data]) -> Iterator[str]:
    yield f"## `{name}`"
    yield docstring(data)
    notes = field_notes(data)
    fields = shapes.type_info(data)
    assert isinstance(fields, shapes.StructType)  # noqa: S101 - for the type checker; all data are structs
    rows = [
        (code(field.name), _shape(field.type), _required(field), notes.get(field.name) or _MEANINGS[field.name])
        for field in fields.fields
    ]
    yield table(("field", "type", "required", "meaning"), rows) if rows else "Its `data` is empty."
    example = msgspec.json.format(msgspec.json.encode(EXAMPLES[name]), indent=2).decode()
    yield f"```json\n{example}\n```"


def _required(field: shapes.Field) -> str:
    if field.required:
        return "yes"
    if field.default is None:
        return "no"
    default = msgspec.json.encode(field.default).decode().strip('"')
    return f"no ({code(default)})"


def _shape(shape: Any) -> str:
    """A type in words.

    Raises:
        KeyError: There are no words for it yet.
    """
    if isinstance(shape, shapes.UnionType):
        return ", ".join(_shape(each) for each in shape.types if not isinstance(each, shapes.NoneType))
    return _WORDS[type(shape)](shape)


def _choice(shape: shapes.LiteralType) -> str:
    name = next((name for name, codes in _CODE_LISTS.items() if set(codes) == set(shape.values)), None)
    if name:
        return f"one of the [{name}](#{_anchor(name)})"
    return ", ".join(code(str(each)) for each in shape.values)


_WORDS: dict[type, Callable[[Any], str]] = {
    shapes.BoolType: lambda _: "true or false",
    shapes.DateType: lambda _: "date",
    shapes.FloatType: lambda shape: f"number from {shape.ge:g} to {shape.le:g}",
    shapes.IntType: lambda shape: f"whole number from {shape.ge}" + (f" to {shape.le}" if shape.le else ""),
    shapes.LiteralType: _choice,
    shapes.StrType: lambda shape: f"identifier, at most {shape.max_length} characters",
}


def _codes(name: str, codes: tuple[str, ...]) -> Iterator[str]:
    yield f"### {name.capitalize()}"
    yield "\n".join(f"- {code(each)}" for each in codes)


def _first(data: type[Data]) -> str:
    return docstring(data).splitlines()[0]


def _anchor(heading: str) -> str:
    return heading.replace(".", "").replace(" ", "-")
