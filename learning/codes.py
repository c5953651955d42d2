"""Codes that are not ours: DfE's identifiers, letter for letter.

Source: the Department for Education's NPQ registration service (its provider API, version 3). A code that looks
like a slip there (the full stop that ends one withdrawal reason) is a slip that their API expects.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

CourseIdentifier = Literal[
    "npq-senior-leadership",
    "npq-headship",
    "npq-executive-leadership",
    "npq-early-years-leadership",
    "npq-senco",
    "npq-leading-teaching",
    "npq-leading-behaviour-culture",
    "npq-leading-teaching-development",
    "npq-leading-literacy",
    "npq-leading-primary-mathematics",
    "npq-early-headship-coaching-offer",
    "npq-additional-support-offer",
]
"""DfE's course identifiers. `npq-leading-teaching-development` is *Leading teacher development*."""

CourseGroup = Literal["leadership", "specialist", "ehco", "support"]
"""DfE's course groups: courses of one group share schedules, declaration types and milestones."""

COURSE_GROUPS: Final[Mapping[CourseIdentifier, CourseGroup]] = MappingProxyType(
    {
        "npq-senior-leadership": "leadership",
        "npq-headship": "leadership",
        "npq-executive-leadership": "leadership",
        "npq-early-years-leadership": "leadership",
        "npq-senco": "leadership",
        "npq-leading-teaching": "specialist",
        "npq-leading-behaviour-culture": "specialist",
        "npq-leading-teaching-development": "specialist",
        "npq-leading-literacy": "specialist",
        "npq-leading-primary-mathematics": "specialist",
        "npq-early-headship-coaching-offer": "ehco",
        "npq-additional-support-offer": "support",
    }
)

ScheduleIdentifier = Literal[
    "npq-leadership-autumn",
    "npq-leadership-spring",
    "npq-specialist-autumn",
    "npq-specialist-spring",
    "npq-ehco-november",
    "npq-ehco-december",
    "npq-ehco-march",
    "npq-ehco-june",
    "npq-aso-november",
    "npq-aso-december",
    "npq-aso-march",
    "npq-aso-june",
]

WithdrawalReason = Literal[
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
]

DeferralReason = Literal["bereavement", "long-term-sickness", "parental-leave", "career-break", "other"]

DeclarationType = Literal["started", "retained-1", "retained-2", "completed"]

DECLARATION_TYPES: Final[Mapping[CourseGroup, tuple[DeclarationType, ...]]] = MappingProxyType(
    {
        "leadership": ("started", "retained-1", "retained-2", "completed"),
        "specialist": ("started", "retained-1", "completed"),
        "ehco": ("started", "retained-1", "retained-2", "completed"),
        "support": ("started", "retained-1", "retained-2", "completed"),
    }
)
"""The declarations that a course of the group calls for, in their order."""

Outcome = Literal["passed", "failed"]
