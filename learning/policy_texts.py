"""Policies in words: what the steps of a signal are, and in what two policies differ."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from learning.policy import COUNTDOWNS, RATIOS, SIGNALS, Policy, Rules, SignalCode, Step


class Change(Struct, frozen=True, kw_only=True):
    """One thing in which two policies differ."""

    provider: str | None
    """The lead provider for whom; None for all that have no rules of their own."""
    what: str
    before: str | None
    after: str | None


def figure_in_words(code: SignalCode, figure: float) -> str:
    """A figure or a threshold as people read it, such as `2`, `62.5 %` and, for days that are left, `14`."""
    if code in RATIOS:
        return f"{figure * 100:.3g} %"
    return f"{-figure if code in COUNTDOWNS else round(figure, 2):g}"


def steps_in_words(code: SignalCode, steps: tuple[Step, ...] | None) -> str | None:
    """The steps of a signal and their points, such as `from 2: 2, from 3: 4`; None where it is not used."""
    if not steps:
        return None
    word = "within" if code in COUNTDOWNS else "from"
    return ", ".join(f"{word} {figure_in_words(code, step.threshold)}: {step.points}" for step in steps)


def changes(before: Policy, after: Policy) -> Iterator[Change]:
    """What differs in the default, and for each lead provider with rules of its own what differs beside that."""
    common = _differences(before.default, after.default)
    for what, (old, new) in common.items():
        yield Change(provider=None, what=what, before=old, after=new)
    for provider in sorted({*before.providers, *after.providers}):
        for what, (old, new) in _differences(before.rules(provider), after.rules(provider)).items():
            if common.get(what) != (old, new):
                yield Change(provider=provider, what=what, before=old, after=new)


def _differences(before: Rules, after: Rules) -> dict[str, tuple[str | None, str | None]]:
    one, other = _parts(before), _parts(after)
    return {name: (one[name], other[name]) for name in one if one[name] != other[name]}


def _parts(rules: Rules) -> Mapping[str, str | None]:
    """Everything that a policy says, by name, as texts that can be compared."""
    levels = rules.levels
    return {
        "level watch": f"from {levels.watch}",
        "level at-risk": f"from {levels.at_risk}",
        "level critical": f"from {levels.critical}",
        "hold days": str(rules.hold_days),
        "excused days": str(rules.excused_days),
        **{code: steps_in_words(code, rules.signals.get(code)) for code in SIGNALS},
    }
