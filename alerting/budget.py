"""The alert budget: how many alerts a partner is told of in a week, so that each can be followed up."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from alerting.book import Telling
from alerting.model import Alert
from alerting.raising import HIGHEST
from learning.calendar import uk_day
from learning.policy import LEVELS


def week_of(moment: datetime) -> date:
    """The Monday (UK) of the week of a moment."""
    day = uk_day(moment)
    return day - timedelta(days=day.weekday())


def urgency(alert: Alert) -> tuple[bool, int, date, date, str]:
    """Sorts the most urgent first: withdrawals that wait, then by level, then who has least time left for the gate.

    Of those with the same deadline, or with none, what has been there longest.
    """
    deadline = alert.deadline or date.max
    return alert.matter != "withdrawal", -LEVELS.index(alert.level), deadline, alert.raised_on, alert.id


def spent(tellings: Iterable[Telling], monday: date) -> Counter[str]:
    """How many alerts each partner was told of in the week that begins on a Monday.

    An alert counts in the week in which it is told of first, to however many; once more in that in which it is told of
    as critical, if it was told of as less before.
    """
    seen: set[tuple[str, str]] = set()
    seen_critical: set[tuple[str, str]] = set()
    counted: Counter[str] = Counter()
    for each in sorted((each for each in tellings if each.step == "first"), key=lambda each: each.at):
        about = (each.partner, each.alert)
        critical = each.level == HIGHEST
        if about not in seen or (critical and about not in seen_critical):
            counted[each.partner] += week_of(each.at) == monday
        seen.add(about)
        if critical:
            seen_critical.add(about)
    return counted


def admit(
    wanted: Sequence[Alert], budgets: Mapping[str, int], used: Mapping[str, int]
) -> tuple[list[Alert], list[Alert]]:
    """Those alerts that the budgets have room for, the most urgent first, and those that have to wait."""
    left = {partner: budget - used.get(partner, 0) for partner, budget in budgets.items()}
    admitted, held = [], []
    for alert in sorted(wanted, key=urgency):
        if left[alert.partner] > 0:
            left[alert.partner] -= 1
            admitted.append(alert)
        else:
            held.append(alert)
    return admitted, held
