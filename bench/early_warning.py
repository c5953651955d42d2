"""How early and how surely the risk policy warns: a back-test on OULAD, real learners with dated withdrawals.

Every week of a presentation the policy looks at every learner who still takes part, and sees only what had happened
before that day. The best-known open rule, "seen once, silent for seven days" (Open edX Aspects), answers for the very
same learner-weeks. What became of the learners is read last.

The data: Open University Learning Analytics Dataset (Kuzilek, Hlosta, Zdrahal, Scientific Data 4:170171, 2017,
doi 10.1038/sdata.2017.171, CC BY 4.0). `bench/README.md` explains every figure.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.early_warning_figures import BUDGETS, LABELS, RULES, Case, fairness, figures, levels, ranked
from bench.early_warning_outcomes import groups, module_days, outcomes
from bench.early_warning_tables import print_tables
from bench.early_warning_weeks import WEEK, Learner, Study, look_at_all
from eventlog.embedded import EmbeddedLog
from eventlog.facts import DEFAULT_PARTITIONS, FACTS_TOPIC
from learning.errors import EngagementError
from learning.policy import Policies, PolicyError, parse_policy, shipped_policies
from producers.oulad import import_oulad
from producers.oulad_catalogue import FILE


def back_test(
    folder: Path,
    presentation: str,
    policies: Policies,
    *,
    visits: bool = False,
    weeks: int | None = None,
    processes: int = 1,
) -> dict[str, Any]:
    """Look at every learner of a presentation every week, and answer the figures.

    Args:
        folder: Holds OULAD's files.
        presentation: Its code, such as `2014B`.
        policies: The rules.
        visits: Whether visits to the platform count too, not only registrations and submissions.
        weeks: The last week in which is looked; by default the last of each module.
        processes: How many work at the same time.

    Raises:
        EngagementError: The folder is not OULAD's, or has no such presentation.
    """
    days = module_days(folder, presentation)
    last_days = {
        programme: length if weeks is None else min(length, weeks * WEEK) for programme, length in days.items()
    }
    learners = learner_weeks(folder, presentation, policies, last_days, visits=visits, processes=processes)
    became = outcomes(folder, presentation)
    cases = [Case(each, became[each.programme, each.student], days[each.programme]) for each in learners]
    found = {
        label: {rule: figures(cases, flags, meaning) for rule, flags in RULES.items()}
        for label, meaning in LABELS.items()
    }
    for label, meaning in LABELS.items():
        budgets = (*BUDGETS, found[label]["silent_7_days"]["flagged_share"] or 0.0)
        found[label]["policy"]["levels"] = levels(cases, meaning)
        found[label]["policy"]["by_points"] = ranked(cases, meaning, budgets)
    return {
        "presentation": presentation,
        "rows": sum(len(each.weeks) for each in learners),
        "learners": len(learners),
        "policy": policies.versions[-1].version,
        "visits": visits,
        "labels": found,
        "fairness": fairness(cases, groups(folder, presentation)),
    }


def learner_weeks(
    folder: Path,
    presentation: str,
    policies: Policies,
    last_days: Mapping[str, int],
    *,
    visits: bool = False,
    processes: int = 1,
) -> list[Learner]:
    """Import the folder onto a log of its own, and let the rules answer.

    Args:
        folder: Holds OULAD's files; those that say who the learners are and how they did are not opened.
        presentation: Its code.
        policies: The rules.
        last_days: By programme: the last day on which is looked.
        visits: Whether visits to the platform count too.
        processes: How many work at the same time.

    Raises:
        OuladError: The folder is not OULAD's.
    """
    with TemporaryDirectory(prefix="engagement-bench-") as made:
        data = Path(made)
        with EmbeddedLog(data / "log.db") as log:
            log.create_topic(FACTS_TOPIC, DEFAULT_PARTITIONS)
            import_oulad(log, folder, data, datetime.now(UTC), visits=visits)
        catalogue = (data / "programmes" / f"{FILE}.toml").read_text(encoding="utf-8")
        study = Study(presentation, catalogue, policies, last_days)
        return look_at_all(data / "log.db", range(DEFAULT_PARTITIONS), study, processes)


def _policies(file: Path | None) -> Policies:
    if file is None:
        return shipped_policies()
    try:
        return Policies((parse_policy(file.read_text(encoding="utf-8"), file.name),))
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"the policy file {file} cannot be read; name a TOML file like the shipped one") from error


def main(arguments: list[str] | None = None) -> int:
    """Print the figures; 1 when they cannot be had."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="folder with OULAD's files")
    parser.add_argument("--presentation", required=True, metavar="CODE", help="such as 2014B")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="another policy file than the shipped one")
    parser.add_argument(
        "--visits", action="store_true", help="use visits to the platform too, where the folder has them"
    )
    parser.add_argument("--weeks", type=int, metavar="N", help="look until this week only (default: to the end)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="default: one a processor")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args(arguments)
    try:
        result = back_test(
            chosen.data,
            chosen.presentation,
            _policies(chosen.policy),
            visits=chosen.visits,
            weeks=chosen.weeks,
            processes=chosen.processes,
        )
    except EngagementError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    if chosen.json:
        print(json.dumps(result))
    else:
        print_tables(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
