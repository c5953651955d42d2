"""The figures of the back-test as tables."""

from collections.abc import Mapping
from typing import Any

from engagement.output import figures, table

_TITLES = {
    "withdraws_within_28_days": "withdraws within 28 days",
    "fails_or_withdraws": "fails or withdraws",
    "policy": "policy",
    "silent_7_days": "seen once, silent 7 days",
}
_COUNTED = figures("learner-weeks", "flagged", "precision", "recall", "lift", "base rate")


def print_tables(result: Mapping[str, Any]) -> None:
    """Print everything that the JSON has."""
    data = "registrations, submissions and visits" if result["visits"] else "registrations and submissions"
    print(
        f"OULAD {result['presentation']}: {result['rows']:,} learner-weeks of {result['learners']:,} learners, "
        f"from {data}; policy {result['policy']}\n"
    )
    for label, rules in result["labels"].items():
        _rules(_TITLES[label], rules)
        _modules(_TITLES[label], rules)
        _levels(_TITLES[label], rules["policy"])
    for grouping, groups in result["fairness"].items():
        _fairness(grouping, groups)
    print(
        "Open University Learning Analytics Dataset: Kuzilek, Hlosta, Zdrahal, Scientific Data 4:170171 (2017),\n"
        "doi 10.1038/sdata.2017.171, CC BY 4.0."
    )


def _rules(label: str, rules: Mapping[str, Any]) -> None:
    table(
        f"Label: {label}",
        ["rule", *_COUNTED, *figures("lift, 95 %", "flagged before", "notice, days", "of flagged weeks")],
        [
            (
                _TITLES[rule],
                *_counted(each),
                "-" if each["lift_95"] is None else "{:.2f} to {:.2f}".format(*each["lift_95"]),
                _share(each["flagged_before"]),
                each["notice_days_median"],
                each["notice_days_median_of_flagged_weeks"],
            )
            for rule, each in rules.items()
        ],
    )


def _modules(label: str, rules: Mapping[str, Any]) -> None:
    table(
        f"By module: {label}",
        ["module", "rule", *_COUNTED],
        [
            (module, _TITLES[rule], *_counted(rules[rule]["modules"][module]))
            for module in rules["policy"]["modules"]
            for rule in rules
        ],
        keys=2,
    )


def _levels(label: str, policy: Mapping[str, Any]) -> None:
    table(
        f"By level: {label}",
        ["level", *figures("share", "precision", "lift")],
        [
            (level, _share(each["flagged_share"]), _share(each["precision"]), _ratio(each["lift"]))
            for level, each in policy["levels"].items()
        ],
    )
    table(
        f"If a share of learner-weeks were flagged, most points first: {label}",
        ["share", *figures("expected precision", "lift")],
        [
            (_share(float(share)), _share(each["precision"]), _ratio(each["lift"]))
            for share, each in policy["by_points"].items()
        ],
    )


def _fairness(grouping: str, groups: Mapping[str, Any]) -> None:
    table(
        f"By {grouping}: withdraws within 28 days (read for this table only)",
        ["group", *figures("learners", "withdrew", "flagged", "precision", "base rate", "left unflagged")],
        [
            (
                name,
                each["learners"],
                each["withdrawers"],
                *(_share(each[figure]) for figure in ("flag_rate", "precision", "base_rate", "miss_rate")),
            )
            for name, each in groups.items()
        ],
    )


def _counted(each: Mapping[str, Any]) -> tuple[object, ...]:
    shares = (_share(each[figure]) for figure in ("flagged_share", "precision", "recall"))
    return (each["rows"], *shares, _ratio(each["lift"]), _share(each["base_rate"]))


def _share(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.1%}".replace("%", " %")


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
