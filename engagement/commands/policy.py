"""`engagement policy`: the rules by which enrolments are flagged, and what other rules would have done."""

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Struct
from typer import Argument, Context, Exit, Option, Typer

from engagement import output
from engagement.output import AsJson, figures, percent, prose
from engagement.plain_errors import FAILED
from engagement.policy_choice import (
    chosen,
    decided_by,
    file_of,
    latest_day,
    own_policies,
    read_file,
)
from engagement.suggestions import did_you_mean
from engagement.wiring import Wiring
from learning.errors import EngagementError
from learning.policy import RATIOS, Policies, Policy, Rules, shipped_policies
from learning.policy import SIGNALS as CODES
from learning.policy_texts import changes, steps_in_words
from learning.signals import SIGNALS
from projections.simulation import Counts, Outcome, compare, number_of_states, replay

app = Typer(no_args_is_help=True, help="The risk policy: which figures make a flag, and what another policy would do.")

_LISTED = 20
"""Enrolments that the table of a simulation names; JSON names all."""


class Check(Struct, frozen=True, kw_only=True):
    """What checking one policy file found."""

    file: str
    ok: bool
    version: str | None = None
    in_force: date | None = None
    providers: list[str] = []
    """Lead providers with rules of their own."""
    fault: str | None = None
    warning: str | None = None


@app.command()
def show(
    context: Context,
    *,
    version: Annotated[str | None, Option(help="This version. Default: the one in force.", show_default=False)] = None,
    provider: Annotated[
        str | None, Option(help="As it holds for this lead provider. Default: for all without rules of their own.")
    ] = None,
    file: Annotated[
        bool, Option("--file", help="Print the policy file itself, to begin one of your own with.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a policy: its levels, and from which figure on each signal is worth how many points."""
    wiring: Wiring = context.obj
    policies = wiring.rulebook().policies
    policy = chosen(wiring, policies, version)
    if provider is not None and provider not in policy.providers:
        advice = did_you_mean(provider, policy.providers)
        output.say(f"Policy {policy.version} has no rules of its own for {provider}{advice or ': the default holds.'}")
    if file and not as_json:
        sys.stdout.write(file_of(wiring, policy.version))
    elif as_json:
        output.json({**_rules_as_data(policy.rules(provider or "")), **_about(wiring, policies, policy)})
    else:
        _print_policy(wiring, policies, policy, policy.rules(provider or ""))


@app.command()
def check(
    context: Context,
    files: Annotated[
        list[Path] | None,
        Argument(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            show_default=False,
            help="Policy files. Default: all in policies/ of the data folder.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check policy files: names the fault in each that has one, and exits with 1.

    Each is checked together with the policies that are there. Warns of one whose first day has already been decided.
    """
    wiring: Wiring = context.obj
    folder = wiring.settings.policies_dir
    checks = [_check(wiring, path) for path in files or sorted(folder.glob("*.toml"))]
    if as_json:
        output.json(checks)
    elif checks:
        rows = [
            (each.file, "right" if each.ok else "wrong", each.version, each.in_force, ", ".join(each.providers) or None)
            for each in checks
        ]
        output.table("Policy files", ["File", "Result", "Version", "In force from", *prose("Own rules for")], rows)
    else:
        output.say(f"There are no policies of your own in {folder}; the one of the product is always right.")
    for each in checks:
        if each.warning:
            output.say(each.warning)
        if each.fault:
            output.complain(each.fault)
    if not all(each.ok for each in checks):
        raise Exit(FAILED)


@app.command()
def diff(
    context: Context,
    one: Annotated[str, Argument(metavar="A", help="A policy file, or the version of a policy that is there.")],
    other: Annotated[
        str | None,
        Argument(metavar="B", help="Another one. Default: A is held against the version in force.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell in what two policies differ: levels, days and the steps of signals, for each lead provider."""
    wiring: Wiring = context.obj
    policies = wiring.rulebook().policies
    first = chosen(wiring, policies, one)
    before, after = (
        (chosen(wiring, policies, None), first) if other is None else (first, chosen(wiring, policies, other))
    )
    found = list(changes(before, after))
    if as_json:
        output.json(found)
    elif found:
        rows = [(each.provider or "(default)", each.what, each.before, each.after) for each in found]
        output.table(
            "Differences",
            ["Provider", "What", *prose(f"{before.version}", f"{after.version}")],
            rows,
            keys=2,
        )
    else:
        output.say(f"{before.version} and {after.version} flag by the same rules.")


@app.command()
def simulate(
    context: Context,
    file: Annotated[
        Path, Argument(exists=True, dir_okay=False, help="The policy file to try; its day does not count.")
    ],
    *,
    since: Annotated[
        datetime | None,
        Option(formats=["%Y-%m-%d"], help="The first day. Default: a year before the latest one.", show_default=False),
    ] = None,
    every: Annotated[int, Option(min=1, max=366, help="Days between two looks, at least.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Replay what was known day by day under another policy, and tell who would have been flagged, beside ours.

    A flag that came and went between two looks is not seen; --every 1 looks at each day. Nothing is changed.
    """
    wiring: Wiring = context.obj
    rulebook = wiring.rulebook()
    candidate = read_file(file)
    with wiring.store() as store, store.connect() as connection, output.progress() as bar:
        lives = replay(
            connection,
            rulebook.curriculum,
            rulebook.policies,
            Policies((candidate,)),
            since=since and since.date(),
            every=every,
        )
        outcome = compare(bar.track(lives, total=number_of_states(connection), description="Replaying"))
    if as_json:
        output.json({"candidate": candidate.version, **msgspec.to_builtins(outcome)})
    elif outcome.days:
        _print_outcome(outcome, candidate)
    else:
        output.say("Nobody was active on a day that has started, so there is nothing to compare.")


def _print_policy(wiring: Wiring, policies: Policies, policy: Policy, rules: Rules) -> None:
    levels = rules.levels
    output.pairs(
        f"Policy {policy.version}",
        {
            "In force from": policy.in_force,
            "Levels": f"watch from {levels.watch} points, at-risk from {levels.at_risk}, "
            f"critical from {levels.critical}",
            "Hold": f"a level comes down after {rules.hold_days} days without its cause",
            "Excused": f"no flag for {rules.excused_days} days after extenuating circumstances were granted",
            "Own rules for": ", ".join(policy.providers) or "no lead provider",
            "Versions": ", ".join(f"{each.version} from {each.in_force:%d %b %Y}" for each in policies.versions),
        },
    )
    rows = [(code, steps_in_words(code, rules.signals.get(code)), SIGNALS[code].measures) for code in CODES]
    output.table("Signals", ["Signal", *prose("Points", "What is measured")], rows)
    output.say(f"Policies of your own go into {wiring.settings.policies_dir}, one file a version.")


def _about(wiring: Wiring, policies: Policies, policy: Policy) -> dict[str, Any]:
    return {
        "in_force": policy.in_force,
        "providers": list(policy.providers),
        "versions": [{"version": each.version, "in_force": each.in_force} for each in policies.versions],
        "policies_dir": str(wiring.settings.policies_dir),
    }


def _rules_as_data(rules: Rules) -> dict[str, Any]:
    return {
        "version": rules.version,
        "hold_days": rules.hold_days,
        "excused_days": rules.excused_days,
        "levels": rules.levels,
        "signals": {
            code: {
                "title": SIGNALS[code].title,
                "measures": SIGNALS[code].measures,
                "is_ratio": code in RATIOS,
                "steps": steps,
            }
            for code, steps in rules.signals.items()
        },
    }


def _check(wiring: Wiring, path: Path) -> Check:
    try:
        policy = read_file(path)
        others = [each for file, each in own_policies(wiring).items() if file.resolve() != path.resolve()]
        shipped_policies().extended([*others, policy])
    except EngagementError as error:
        return Check(file=str(path), ok=False, fault=str(error))
    day, warning = latest_day(wiring), None
    if day is not None and policy.in_force <= day and not decided_by(wiring, policy.version):
        warning = (
            f"{path.name} comes into force on {policy.in_force}, but days up to {day} are decided already: a rebuild "
            "would decide them again by other rules. Give it a later day."
        )
    return Check(
        file=str(path),
        ok=True,
        version=policy.version,
        in_force=policy.in_force,
        providers=list(policy.providers),
        warning=warning,
    )


def _print_outcome(outcome: Outcome, candidate: Policy) -> None:
    output.say(
        f"Looked at {len(outcome.days)} days, from {outcome.days[0]:%d %b %Y} to {outcome.days[-1]:%d %b %Y}. "
        f"Figures are of the policy there is -> of {candidate.version}."
    )
    rows = [(partner, *_cells(counts)) for partner, counts in outcome.partners.items()]
    output.table(
        "Flagged, by delivery partner",
        [
            "Partner",
            *figures("Enrolments", "Any day", "Latest day", "Of all looks", "Newly", "No longer", "Days earlier"),
        ],
        [*rows, ("(all)", *_cells(outcome.total))],
    )
    for title, some in (("Newly flagged", outcome.newly), ("No longer flagged", outcome.no_longer)):
        if some:
            more = f" and {len(some) - _LISTED:,} more (--json)" if len(some) > _LISTED else ""
            output.say(f"{title}: {', '.join(some[:_LISTED])}{more}.")
    output.say("Days earlier: the median of who is flagged by both; below 0 means later.")


def _cells(counts: Counts) -> tuple[object, ...]:
    return (
        counts.enrolments,
        f"{counts.flagged_now:,} -> {counts.flagged_then:,}",
        f"{counts.latest_now:,} -> {counts.latest_then:,}",
        f"{percent(counts.share_now)} -> {percent(counts.share_then)}",
        counts.newly,
        counts.no_longer,
        None if counts.days_earlier is None else f"{counts.days_earlier:g}",
    )
