"""What a programme must fulfil beyond the form of its file: things that only show when all of it is looked at."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from learning.catalogue_faults import FaultError
from learning.catalogue_files import CompletionForm, GroupForm, Placed
from learning.catalogue_lines import Path
from learning.programme import CompletionRule, Group, Kind, Programme, last_day, last_week

_DECIMAL_PLACES = 6
"""As exact as a ratio in a file may be; without a bound, a tiny number would make enormous points."""


def check_unique(ids: Iterable[tuple[str, Path]], what: str) -> None:
    """Refuse an id that was used before.

    Raises:
        FaultError: At the second of the two.
    """
    seen: set[str] = set()
    for each, path in ids:
        if each in seen:
            raise FaultError(path, f"{what} {each} is there already; give this one another id")
        seen.add(each)


def check_due(placed: Iterable[Placed], programme: Programme) -> None:
    """Refuse what is due after the end, or by the day in a programme that runs in school terms.

    Raises:
        FaultError: At the week or day.
    """
    weeks, days = last_week(programme.months, programme.calendar), last_day(programme.months)
    for component, path in placed:
        if component.due_day is not None and programme.calendar != "continuous":
            raise FaultError(path, f'{component.id} is due by the day, which only calendar = "continuous" knows')
        if (component.due_week or 0) > weeks:
            raise FaultError(
                path,
                f"{component.id} is due in week {component.due_week}, but {programme.months} months have"
                f" {weeks} study weeks",
            )
        if (component.due_day or 0) > days:
            raise FaultError(
                path,
                f"{component.id} is due on day {component.due_day}, but {programme.months} months end by day {days}",
            )


def check_counting(placed: Sequence[Placed], rule: CompletionRule, path: Path) -> None:
    """Refuse a rule that nothing counts for, and weights and shares that leave a counting component worthless.

    Raises:
        FaultError: At the component, or at the programme.
    """
    counting = [each for each in placed if each.component.counts]
    if not counting:
        raise FaultError(path, "no component counts towards completion, so the gate cannot be reached")
    for component, place in counting:
        if rule.measure == "weighted" and component.weight == 0:
            raise FaultError(place, f"{component.id} has weight 0; give it a weight from 1, or say counts = false")
        if rule.measure == "shares" and not any(component.kind in group.kinds for group in rule.groups):
            raise FaultError(
                place,
                f"{component.id} counts but is in no group; put {component.kind} in a group, or say counts = false",
            )


def check_groups(rule: CompletionRule, placed: Iterable[Placed], path: Path) -> None:
    """Refuse groups that the components cannot fill.

    Args:
        rule: The rule with its groups.
        placed: The components of the programme.
        path: Where the groups stand.

    Raises:
        FaultError: At the group.
    """
    components = [each.component for each in placed]
    there = {each.kind for each in components}
    counting = {each.kind for each in components if each.counts}
    for position, group in enumerate(rule.groups):
        for kind in sorted(group.kinds - there):
            raise FaultError((*path, position, "kinds"), f"no component is of kind {kind} of group {group.name}")
        if not group.kinds & counting:
            raise FaultError((*path, position), f"nothing that counts is in group {group.name}, so it is never done")


def completion_rule(form: CompletionForm, path: Path) -> CompletionRule:
    """Make the rule, with exact ratios.

    Raises:
        FaultError: A ratio is out of bounds, or the groups do not fit the measure or each other.
    """
    groups = tuple(_group(group, (*path, "groups", position)) for position, group in enumerate(form.groups))
    check_unique(((group.name, (*path, "groups", n, "name")) for n, group in enumerate(groups)), "group")
    _check_overlaps(groups, (*path, "groups"))
    if form.each_group and not groups:
        raise FaultError((*path, "each_group"), "each_group = true needs groups")
    if form.measure == "shares":
        _check_shares(groups, path)
    elif any(group.share is not None for group in groups):
        raise FaultError((*path, "groups"), 'groups have shares only where measure = "shares"')
    threshold = _ratio(form.threshold, (*path, "threshold"))
    return CompletionRule(threshold=threshold, measure=form.measure, groups=groups, each_group=form.each_group)


def _group(form: GroupForm, path: Path) -> Group:
    if not form.kinds:
        raise FaultError((*path, "kinds"), f"group {form.name} has no kinds")
    share = None if form.share is None else _ratio(form.share, (*path, "share"))
    return Group(name=form.name, kinds=frozenset(form.kinds), share=share)


def _check_overlaps(groups: Iterable[Group], path: Path) -> None:
    taken: dict[Kind, str] = {}
    for position, group in enumerate(groups):
        for kind in sorted(group.kinds):
            if kind in taken:
                raise FaultError((*path, position, "kinds"), f"{kind} is in group {taken[kind]} already")
            taken[kind] = group.name


def _check_shares(groups: Sequence[Group], path: Path) -> None:
    if not groups:
        raise FaultError((*path, "measure"), 'measure = "shares" needs groups')
    for position, group in enumerate(groups):
        if group.share is None:
            raise FaultError((*path, "groups", position), f"group {group.name} needs a share")
    total = sum(_shares(groups), Fraction(0))
    if total != 1:
        raise FaultError((*path, "groups"), f"the shares of the groups add up to {float(total):g}, not to 1")


def _shares(groups: Iterable[Group]) -> Iterator[Fraction]:
    return (group.share for group in groups if group.share is not None)


def _ratio(number: Decimal, path: Path) -> Fraction:
    """An exact ratio above 0 and at most 1."""
    if not (number.is_finite() and 0 < number <= 1):
        raise FaultError(path, f"{path[-1]} is {number}; a ratio is above 0 and at most 1, such as 0.9 for 90 %")
    if round(number, _DECIMAL_PLACES) != number:
        raise FaultError(path, f"{path[-1]} is {number}; a ratio has at most {_DECIMAL_PLACES} decimal places")
    return Fraction(number)
