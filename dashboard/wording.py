"""How figures, days, codes and times are written on a page: ratios as percent, instants in UK time, codes in words."""

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from numbers import Integral
from types import MappingProxyType
from typing import Any, Final

from learning.calendar import UK, uk_day
from learning.codes import DeferralReason, WithdrawalReason
from learning.signals import SIGNALS

NOTHING: Final = "\u2013"
"""Stands where there is no value: a dash."""

_NOON: Final = 12

REASONS: Final[Mapping[WithdrawalReason | DeferralReason, str]] = MappingProxyType(
    {
        "insufficient-capacity-to-undertake-programme": "Too little capacity to undertake the programme",
        "personal-reason-health-or-pregnancy-related": "Personal: health or pregnancy",
        "personal-reason-moving-school": "Personal: moving school",
        "personal-reason-other": "Personal: other",
        "insufficient-capacity": "Too little capacity",
        "change-in-developmental-or-personal-priorities": "Change in developmental or personal priorities",
        "change-in-school-circumstances": "Change in school circumstances",
        "change-in-school-leadership": "Change in school leadership",
        "quality-of-programme-structure-not-suitable.": "Quality of programme: structure not suitable",
        "quality-of-programme-content-not-suitable": "Quality of programme: content not suitable",
        "quality-of-programme-facilitation-not-effective": "Quality of programme: facilitation not effective",
        "quality-of-programme-accessibility": "Quality of programme: accessibility",
        "quality-of-programme-other": "Quality of programme: other",
        "programme-not-appropriate-for-role-and-cpd-needs": "Programme not right for the role and CPD needs",
        "started-in-error": "Started in error",
        "other": "Other",
        "expected-commitment-unclear": "Expected commitment unclear",
        "assessment-requirements-not-met": "Assessment requirements not met",
        "change-in-career": "Change in career",
        "disengaged-and-unresponsive": "Disengaged and unresponsive",
        "non-payment-of-invoice": "Invoice not paid",
        "bereavement": "Bereavement",
        "long-term-sickness": "Long-term sickness",
        "parental-leave": "Parental leave",
        "career-break": "Career break",
    }
)
"""DfE's reason codes of withdrawals and deferrals."""


def percent(ratio: float | None) -> str:
    """A ratio such as `41.5 %`; cut, not rounded, so that 90.0 % is only shown when it is reached."""
    if ratio is None or _empty(ratio):
        return NOTHING
    return f"{math.floor(ratio * 1000 + 1e-9) / 10:.1f} %"


def number(value: float | None) -> str:
    """A number such as `1,204`, with one decimal where it is no whole one."""
    if value is None or _empty(value):
        return NOTHING
    return f"{value:,}" if isinstance(value, Integral) else f"{value:,.1f}"


def count(value: int, one: str, many: str | None = None) -> str:
    """So many of something, such as `1 fact` and `3 facts`; `many` is for words that do not just take an s."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def day(value: date | None) -> str:
    """A day such as `21 November 2026`; of an instant, the day in the UK."""
    if value is None or _empty(value):
        return NOTHING
    shown = uk_day(value) if isinstance(value, datetime) else value
    return f"{shown.day} {shown:%B %Y}"


def clock(instant: datetime | None) -> str:
    """The time in the UK, such as `5:30pm`."""
    if instant is None or _empty(instant):
        return NOTHING
    local = instant.astimezone(UK)
    return f"{local.hour % _NOON or _NOON}:{local:%M}{'am' if local.hour < _NOON else 'pm'}"


def moment(instant: datetime | None) -> str:
    """An instant in UK time, such as `21 November 2026, 5:30pm`."""
    return NOTHING if instant is None or _empty(instant) else f"{day(instant)}, {clock(instant)}"


def weeks(lag: int | None) -> str:
    """How somebody stands beside the plan; `lag` is in study weeks, below zero for who is ahead."""
    if lag is None or _empty(lag):
        return NOTHING
    if lag == 0:
        return "on plan"
    return f"{count(abs(lag), 'week')} {'behind' if lag > 0 else 'ahead'}"


def words(code: str | None) -> str:
    """A code of ours in words: a status, the stage of a flag, a declaration, an event type, a level.

    `learning.assessment-submitted.v1` becomes `Assessment submitted`, `retained-1` becomes `Retained 1`.
    """
    if not code:
        return NOTHING
    plain = code.removeprefix("learning.").rpartition(".v")[0] if code.startswith("learning.") else code
    spaced = plain.replace("-", " ")
    return spaced[:1].upper() + spaced[1:]


def level(value: str | None) -> str:
    """A level of risk in words; without one, nobody has looked yet."""
    return words(value) if value else "Not assessed yet"


def reason(code: str | None) -> str:
    """DfE's reason code of a withdrawal or deferral in words; one that is not known, as it is."""
    return NOTHING if not code else REASONS.get(code, code)  # type: ignore[call-overload]  # codes come as texts


def signal(code: str) -> str:
    """The title of a signal of risk, by its code; one that is not known, in its own words."""
    known: Mapping[Any, Any] = SIGNALS
    return str(known[code].title) if code in known else words(code)


def _empty(value: Any) -> bool:
    """Whether it is one of pandas' ways to say that there is no value: NaN and NaT differ from themselves."""
    return bool(value != value)  # noqa: PLR0124 - see above


FILTERS: Final[Mapping[str, Callable[..., str]]] = MappingProxyType(
    {each.__name__: each for each in (percent, number, count, day, clock, moment, weeks, words, level, reason, signal)}
)
"""What templates call them."""
