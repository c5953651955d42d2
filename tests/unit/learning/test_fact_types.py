"""What facts may say: DfE's codes letter for letter, ids and figures, and never a word about who somebody is."""

from typing import Any, get_args

import msgspec
import pytest
from msgspec import inspect as shapes

from learning.codes import (
    COURSE_GROUPS,
    DECLARATION_TYPES,
    CourseIdentifier,
    DeferralReason,
    ScheduleIdentifier,
    WithdrawalReason,
)
from learning.events import FACT_TYPES, decode, encode
from learning.facts import Data, Transferred, WithdrawalRecommended
from tests.builders import make

WITHDRAWAL_REASONS = {
    "insufficient-capacity-to-undertake-programme",
    "personal-reason-health-or-pregnancy-related",
    "personal-reason-moving-school",
    "personal-reason-other",
    "insufficient-capacity",
    "change-in-developmental-or-personal-priorities",
    "change-in-school-circumstances",
    "change-in-school-leadership",
    "quality-of-programme-structure-not-suitable.",
    "quality-of-programme-content-not-suitable",
    "quality-of-programme-facilitation-not-effective",
    "quality-of-programme-accessibility",
    "quality-of-programme-other",
    "programme-not-appropriate-for-role-and-cpd-needs",
    "started-in-error",
    "other",
    "expected-commitment-unclear",
    "assessment-requirements-not-met",
    "change-in-career",
    "disengaged-and-unresponsive",
    "non-payment-of-invoice",
}

PERSONAL = ("name", "mail", "phone", "address", "trn", "birth", "note", "comment", "text", "message", "description")


def test_withdrawal_reasons_are_dfes_own() -> None:
    """The 21 codes of DfE's API, the one with the full stop at its end included."""
    assert len(get_args(WithdrawalReason)) == 21
    assert set(get_args(WithdrawalReason)) == WITHDRAWAL_REASONS


def test_deferral_reasons_are_dfes_own() -> None:
    """The five codes of DfE's API."""
    expected = {"bereavement", "long-term-sickness", "parental-leave", "career-break", "other"}
    assert set(get_args(DeferralReason)) == expected


def test_the_full_stop_travels() -> None:
    """DfE's slip is kept on the way: a reason with a full stop at its end comes back with it."""
    fact = make(WithdrawalRecommended(reason="quality-of-programme-structure-not-suitable.", by="staff-1"))

    assert b'-not-suitable."' in encode(fact)
    assert decode(encode(fact)) == fact


def test_every_course_has_a_group_and_its_declarations() -> None:
    """Twelve courses in DfE's groups; only specialist courses know no second retained declaration."""
    assert set(COURSE_GROUPS) == set(get_args(CourseIdentifier))
    assert len(COURSE_GROUPS) == 12
    assert COURSE_GROUPS["npq-senco"] == "leadership"
    without = {group for group, types in DECLARATION_TYPES.items() if "retained-2" not in types}
    assert without == {"specialist"}
    assert all((types[0], types[-1]) == ("started", "completed") for types in DECLARATION_TYPES.values())


def test_schedules_are_of_a_group_and_a_season() -> None:
    """DfE's schedule identifiers: two for leadership and specialist courses, four for each coaching offer."""
    seasons: dict[str, tuple[str, ...]] = {"leadership": ("autumn", "spring"), "specialist": ("autumn", "spring")}
    seasons |= dict.fromkeys(("ehco", "aso"), ("november", "december", "march", "june"))

    expected = {f"npq-{group}-{season}" for group, its in seasons.items() for season in its}

    assert set(get_args(ScheduleIdentifier)) == expected


def test_event_types_carry_their_version() -> None:
    """Each type is `learning.<what-happened>.v<number>`, and no two facts share one."""
    assert len(FACT_TYPES) == len(set(FACT_TYPES.values())) == 24
    assert all(name.startswith("learning.") and name.endswith(".v1") for name in FACT_TYPES)
    assert all(name == data.TYPE for name, data in FACT_TYPES.items())


FIELDS = [(data, field) for data in FACT_TYPES.values() for field in msgspec.structs.fields(data)]


@pytest.mark.parametrize(("data", "field"), FIELDS, ids=lambda each: getattr(each, "name", None))
def test_no_field_can_hold_personal_data(data: type[Data], field: msgspec.structs.FieldInfo) -> None:
    """A field is a code, an id without spaces or @, a figure or a date; none is called as personal data is."""
    assert not any(word in field.name for word in PERSONAL)
    parts = _parts(shapes.type_info(field.type))
    assert parts
    for part in parts:
        allowed = (shapes.LiteralType, shapes.StrType, shapes.IntType, shapes.FloatType, shapes.BoolType)
        assert isinstance(part, (*allowed, shapes.DateType, shapes.NoneType)), data
        if isinstance(part, shapes.StrType):
            _refuses_prose(field.type)


def _parts(shape: Any) -> list[Any]:
    return [part for each in shape.types for part in _parts(each)] if isinstance(shape, shapes.UnionType) else [shape]


def _refuses_prose(kind: Any) -> None:
    for prose in ("Ada Lovelace", "ada@school.example", "She is ill.", "Zoë", "id\n", ""):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(prose, kind)


def test_a_transfer_that_moves_nothing_is_refused() -> None:
    """A transfer says at least one of where to; the reason lists what it may be."""
    with pytest.raises(ValueError, match="at least one of partner, intake, schedule, cohort, provider"):
        Transferred()


@pytest.mark.parametrize("matter", ["partner", "intake", "cohort", "provider"])
def test_a_transfer_may_move_one_thing(matter: str) -> None:
    """Each of the things a transfer can move is enough."""
    moved: Any = {matter: "new"}
    assert getattr(Transferred(**moved), matter) == "new"
