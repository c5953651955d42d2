"""The risk policy: from which figure on a signal counts, and what the points amount to. Thresholds are data.

A version is in force from its first day on, so that decisions of the past are made again by the rules of their time.
A lead provider can have thresholds of its own; where it says nothing, the default holds.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from importlib import resources
from itertools import combinations, pairwise
from typing import Annotated, Final, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from learning.errors import EngagementError

Level = Literal["on-track", "watch", "at-risk", "critical"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
"""From the lowest to the highest."""

FLAGGED: Final = LEVELS.index("at-risk")
"""From this level on an enrolment has a flag: somebody is to act on it."""

SignalCode = Literal[
    "never-started",
    "silent",
    "work-missing",
    "behind",
    "pace-falling",
    "sessions-missed",
    "sessions-missed-lately",
    "last-mark",
    "low-marks",
    "gate-out-of-reach",
    "milestone-near",
    "window-open",
    "deadline-near",
]
"""What can be a reason. `learning.signals` says what each one means and measures."""

COUNTDOWNS: Final[frozenset[SignalCode]] = frozenset({"milestone-near", "window-open", "deadline-near"})
"""Signals that count days that are left: less is worse, so their steps say `within`; all others say `from`."""

RATIOS: Final[frozenset[SignalCode]] = frozenset({"work-missing", "pace-falling"})
"""Signals whose figure is a ratio: 0 to 1 in policy files and in data, percent where people read it."""

SIGNALS: Final[tuple[SignalCode, ...]] = get_args(SignalCode)
_POINTS = Annotated[int, Meta(ge=0, le=20)]


class PolicyError(EngagementError):
    """A policy file is wrong, or there is none for a day; names the file, the signal and the remedy."""


class Step(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """From this figure on a signal is worth so many points; exactly one of `from` and `within` is given."""

    points: _POINTS
    at: Annotated[float, Meta(ge=0)] | None = msgspec.field(name="from", default=None)
    within: Annotated[int, Meta(ge=0, le=366)] | None = None

    @property
    def threshold(self) -> float:
        """The figure from which the step holds; days that are left count below zero."""
        return float(-self.within if self.within is not None else self.at or 0)


class Levels(Struct, frozen=True, forbid_unknown_fields=True, rename={"at_risk": "at-risk"}):
    """The points from which each level holds."""

    watch: _POINTS
    at_risk: _POINTS
    critical: _POINTS


class Rules(Struct, frozen=True, eq=False):
    """The thresholds that hold for the enrolments of one lead provider."""

    version: str
    hold_days: int
    """A level comes down only after so many days without its cause; it goes up at once."""
    excused_days: int
    """After extenuating circumstances were granted there is no flag for so many days, or until the window closes."""
    levels: Levels
    signals: Mapping[SignalCode, tuple[Step, ...]]
    """The steps of each signal that is used, in the order in which they are reached; the last one reached counts."""

    def level(self, points: int) -> int:
        """The level that points amount to, as its place in `LEVELS`."""
        levels = self.levels
        return (points >= levels.watch) + (points >= levels.at_risk) + (points >= levels.critical)


class _ProviderForm(Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    signals: dict[SignalCode, list[Step]] = {}
    levels: Levels | None = None
    hold_days: Annotated[int, Meta(ge=1, le=60)] | None = None


class _PolicyForm(Struct, frozen=True, forbid_unknown_fields=True):
    version: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}\Z")]
    in_force: date
    levels: Levels
    signals: dict[SignalCode, list[Step]]
    hold_days: Annotated[int, Meta(ge=1, le=60)]
    excused_days: Annotated[int, Meta(ge=0, le=366)]
    provider: list[_ProviderForm] = []


class Policy(Struct, frozen=True):
    """One version of the policy."""

    version: str
    in_force: date
    """The first day on which decisions are made by it."""
    default: Rules
    providers: Mapping[str, Rules]
    """By lead provider: the rules of those that have their own."""

    def rules(self, provider: str) -> Rules:
        """The rules for a lead provider's enrolments."""
        return self.providers.get(provider, self.default)


class Policies(Struct, frozen=True):
    """Every version of the policy, in the order in which they came into force."""

    versions: tuple[Policy, ...]

    def on(self, day: date) -> Policy:
        """The version in force on a day; before the first one, the first."""
        return next((each for each in reversed(self.versions) if each.in_force <= day), self.versions[0])

    def extended(self, policies: Iterable[Policy]) -> "Policies":
        """These versions and more.

        Raises:
            PolicyError: Two have the same version, or come into force on the same day.
        """
        versions = sorted((*self.versions, *policies), key=lambda each: each.in_force)
        for one, other in combinations(versions, 2):
            if one.version == other.version:
                raise PolicyError(f"policy {one.version} is there twice; give one of the two files another version")
            if one.in_force == other.in_force:
                raise PolicyError(
                    f"policies {one.version} and {other.version} both come into force on {one.in_force}; "
                    "give one of them another day"
                )
        return Policies(tuple(versions))


@cache
def shipped_policies() -> Policies:
    """The policy that comes with the product."""
    text = resources.files("learning").joinpath("policy.toml").read_text(encoding="utf-8")
    return Policies((parse_policy(text, "policy.toml"),))


def parse_policy(text: str, file: str) -> Policy:
    """Read a policy file; the shipped one shows and explains its form.

    Raises:
        PolicyError: Naming the file, the place in it and what is wrong there.
    """
    try:
        form = msgspec.toml.decode(text, type=_PolicyForm)
    except msgspec.DecodeError as error:
        raise PolicyError(f"policy file {file}: {error}; compare it with `engagement policy show`") from error
    signals = _used(_steps(form.signals, file))
    default = Rules(form.version, form.hold_days, form.excused_days, form.levels, signals)
    _check_levels(default.levels, file)
    providers = {each.id: _provider(each, default, file) for each in form.provider}
    if len(providers) < len(form.provider):
        raise PolicyError(f"policy file {file}: a provider is there twice; keep one entry of each")
    return Policy(form.version, form.in_force, default, providers)


def _provider(form: _ProviderForm, default: Rules, file: str) -> Rules:
    where = f"{file}, provider {form.id}"
    levels = form.levels or default.levels
    _check_levels(levels, where)
    signals = _used({**default.signals, **_steps(form.signals, where)})
    return Rules(default.version, form.hold_days or default.hold_days, default.excused_days, levels, signals)


def _used(signals: Mapping[SignalCode, tuple[Step, ...]]) -> dict[SignalCode, tuple[Step, ...]]:
    return {code: steps for code, steps in signals.items() if steps}


def _steps(signals: Mapping[SignalCode, list[Step]], where: str) -> dict[SignalCode, tuple[Step, ...]]:
    """The steps of each signal, checked; an empty list switches a signal off."""
    for code, steps in signals.items():
        wanted = "within" if code in COUNTDOWNS else "from"
        for step in steps:
            if (step.within is None) is (code in COUNTDOWNS) or (step.at is None) is (code not in COUNTDOWNS):
                raise PolicyError(f"policy file {where}, signal {code}: each step says `{wanted}` and `points`")
            if code in RATIOS and step.threshold > 1:
                raise PolicyError(
                    f"policy file {where}, signal {code}: `from` is a ratio, 0 to 1; write 5 percent as 0.05"
                )
        reached = [step.threshold for step in steps]
        if any(one >= other for one, other in pairwise(reached)):
            raise PolicyError(
                f"policy file {where}, signal {code}: order the steps so that each is reached later than the one before"
            )
    return {code: tuple(steps) for code, steps in signals.items()}


def _check_levels(levels: Levels, where: str) -> None:
    if not levels.watch < levels.at_risk < levels.critical:
        raise PolicyError(f"policy file {where}: levels need more points from watch to at-risk to critical")
