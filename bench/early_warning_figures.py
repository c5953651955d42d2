"""How good flags were: precision, recall, lift and notice of a rule on learner-weeks, and its evenness over groups."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from random import Random
from statistics import median
from typing import Any, Final, NamedTuple

from bench.early_warning_outcomes import Key, Outcome
from bench.early_warning_weeks import Learner, Week
from learning.policy import FLAGGED, LEVELS

SOON: Final = 28
"""Days within which a withdrawal makes a flag right."""

RESAMPLES: Final = 300
LEAST_LEARNERS: Final = 50
"""Groups below it are not shown: their figures would be chance, and could point at somebody."""

BUDGETS: Final = (0.05, 0.1)

Rule = Callable[[Week], bool]
RULES: Final[Mapping[str, Rule]] = {
    "policy": lambda week: week.level >= FLAGGED,
    "silent_7_days": lambda week: week.silent,
}


class Label(NamedTuple):
    """What a flag is to foretell."""

    holds: Callable[[Week, Outcome], bool]
    concerned: Callable[[Outcome], bool]
    """The learners with whom notice is measured."""


LABELS: Final[Mapping[str, Label]] = {
    "withdraws_within_28_days": Label(
        lambda week, outcome: outcome.left_on is not None and week.day < outcome.left_on <= week.day + SOON,
        lambda outcome: outcome.left_on is not None,
    ),
    "fails_or_withdraws": Label(
        lambda _, outcome: outcome.result in {"Fail", "Withdrawn"},
        lambda outcome: outcome.result in {"Fail", "Withdrawn"},
    ),
}


class Case(NamedTuple):
    """A learner with what became of them."""

    learner: Learner
    outcome: Outcome
    last_day: int
    """Of the module: by then who fails has failed."""

    @property
    def key(self) -> Key:
        """Programme and learner."""
        return self.learner.programme, self.learner.student


class Counts(NamedTuple):
    """Learner-weeks: all, those for which the label holds, those flagged, and those of which both is true."""

    rows: int = 0
    true: int = 0
    flagged: int = 0
    both: int = 0

    @property
    def precision(self) -> float | None:
        """Of the flagged, the share for which the label holds."""
        return self.both / self.flagged if self.flagged else None

    @property
    def lift(self) -> float | None:
        """Precision over what flags given at random would have."""
        return self.precision * self.rows / self.true if self.precision is not None and self.true else None


def total(counts: Iterable[Counts]) -> Counts:
    """All of them together."""
    return Counts(*map(sum, zip(Counts(), *counts, strict=True)))


def count(case: Case, rule: Rule, label: Label) -> Counts:
    """One learner's weeks."""
    flags = [(rule(week), label.holds(week, case.outcome)) for week in case.learner.weeks]
    return Counts(
        len(flags),
        sum(true for _, true in flags),
        sum(flag for flag, _ in flags),
        sum(each == (True, True) for each in flags),
    )


def figures(cases: Sequence[Case], rule: Rule, label: Label) -> dict[str, Any]:
    """Everything about one rule and one label."""
    counted = [count(case, rule, label) for case in cases]
    modules = defaultdict(list)
    for case, each in zip(cases, counted, strict=True):
        modules[case.learner.programme].append(each)
    return {
        **plain(total(counted)),
        "lift_95": interval(counted),
        **notice(cases, rule, label),
        "modules": {module: plain(total(part)) for module, part in sorted(modules.items())},
    }


def plain(counts: Counts) -> dict[str, Any]:
    """The figures that follow from counts alone."""
    return {
        "flagged_share": counts.flagged / counts.rows if counts.rows else None,
        "precision": counts.precision,
        "recall": counts.both / counts.true if counts.true else None,
        "lift": counts.lift,
        "base_rate": counts.true / counts.rows if counts.rows else None,
        "rows": counts.rows,
        "flagged": counts.flagged,
        "true": counts.true,
        "true_flagged": counts.both,
    }


def interval(counted: Sequence[Counts]) -> list[float] | None:
    """The 95 % interval of the lift, from samples of the learners with replacement; the seed is fixed."""
    random = Random(2017)  # noqa: S311 - sampling, not cryptography
    lifts = sorted(
        lift for _ in range(RESAMPLES) if (lift := total(random.choices(counted, k=len(counted))).lift) is not None
    )
    return [lifts[len(lifts) * 25 // 1000], lifts[len(lifts) * 975 // 1000]] if lifts else None


def notice(cases: Iterable[Case], rule: Rule, label: Label) -> dict[str, Any]:
    """Days from a learner's first flag to the withdrawal, or else to the module's last day, where a failure shows."""
    days: list[int] = []
    of_weeks: list[int] = []
    flagged = concerned = 0
    for case in cases:
        if not label.concerned(case.outcome):
            continue
        concerned += 1
        flags = [week.day for week in case.learner.weeks if rule(week)]
        end = _ends(case)
        if flags:
            flagged += 1
            days.extend([] if end is None else [end - flags[0]])
            of_weeks.extend(
                end - week.day
                for week in case.learner.weeks
                if end is not None and rule(week) and label.holds(week, case.outcome)
            )
    return {
        "notice_days_median": float(median(days)) if days else None,
        "notice_days_median_of_flagged_weeks": float(median(of_weeks)) if of_weeks else None,
        "concerned": concerned,
        "flagged_before": flagged / concerned if concerned else None,
    }


def _ends(case: Case) -> int | None:
    """The day of which notice is given; None for a withdrawal without a day."""
    if case.outcome.left_on is not None:
        return case.outcome.left_on
    return None if case.outcome.result == "Withdrawn" else case.last_day


def levels(cases: Sequence[Case], label: Label) -> dict[str, Any]:
    """For each level, the learner-weeks that are exactly on it."""
    return {
        name: plain(total(count(case, lambda week, at=number: week.level == at, label) for case in cases))  # type: ignore[misc]  # the default binds the loop's level
        for number, name in enumerate(LEVELS)
    }


def ranked(cases: Sequence[Case], label: Label, shares: Iterable[float]) -> dict[str, Any]:
    """Expected precision and lift if so large a share of learner-weeks were flagged, those with most points first.

    Learner-weeks with the same points are alike, so of the last ones a part is expected to be flagged.
    """
    rows = sorted(
        ((week.points, label.holds(week, case.outcome)) for case in cases for week in case.learner.weeks), reverse=True
    )
    base = sum(true for _, true in rows) / len(rows) if rows else 0
    heights = [(len(same), sum(same)) for same in _by_points(rows)]
    answer = {}
    for share in shares:
        found = _expected(heights, share * len(rows))
        precision = found / (share * len(rows)) if share * len(rows) else None
        answer[f"{share:.3f}"] = {"precision": precision, "lift": precision / base if precision and base else None}
    return answer


def _by_points(rows: Iterable[tuple[int, bool]]) -> Iterator[list[bool]]:
    for _, same in groupby(rows, key=lambda row: row[0]):
        yield [true for _, true in same]


def _expected(heights: Iterable[tuple[int, int]], budget: float) -> float:
    """How many of the flagged are right when the budget is spent from the top."""
    found = 0.0
    for number, true in heights:
        spent = min(budget, number)
        found += true * spent / number
        budget -= spent
    return found


def fairness(cases: Sequence[Case], groups: Mapping[str, Mapping[Key, str]]) -> dict[str, Any]:
    """By grouping and group: how often it is flagged, how often flags are right, and how many leave unflagged."""
    rule, label = RULES["policy"], LABELS["withdraws_within_28_days"]
    answer: dict[str, Any] = {}
    for grouping, group_of in groups.items():
        members = defaultdict(list)
        for case in cases:
            members[group_of[case.key]].append(case)
        shown = {name: each for name, each in sorted(members.items()) if len(each) >= LEAST_LEARNERS}
        answer[grouping] = {name: _group(each, rule, label) for name, each in shown.items()}
    return answer


def _group(cases: Sequence[Case], rule: Rule, label: Label) -> dict[str, Any]:
    counts = total(count(case, rule, label) for case in cases)
    of_leavers = notice(cases, rule, label)
    before = of_leavers["flagged_before"]
    return {
        "learners": len(cases),
        "withdrawers": of_leavers["concerned"],
        "flag_rate": counts.flagged / counts.rows,
        "miss_rate": None if before is None else 1 - before,
        "precision": counts.precision,
        "base_rate": counts.true / counts.rows,
    }
