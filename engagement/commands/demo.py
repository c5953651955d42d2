"""`engagement demo`: simulated cohorts go through the whole pipeline, and the result is shown."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from textwrap import indent
from typing import Annotated, Any

import msgspec
from msgspec import Struct
from rich.progress import Progress
from typer import Context, Option

from engagement import output
from engagement.commands.cohorts import COUNTS, OF_COUNTS, counts
from engagement.commands.dashboard import Port
from engagement.commands.story import told_briefly
from engagement.demo_alerts import MAILBOX, DemoAlerts, Sent, demo_alerts
from engagement.demonstration import INTAKES, LIVE_FROM, PARTICIPANTS, Demonstration, Position, running, simulation
from engagement.live_demonstration import go_on, require_room
from engagement.logs import configure_logs
from engagement.output import AsJson, figures, percent, prose
from engagement.settings import Settings, load_settings
from engagement.welcome import PORT, program
from engagement.wiring import Wiring
from learning.calendar import uk_day
from learning.changes import told
from projections.cohort_completion import cohorts
from projections.enrolment_risk import at_risk
from projections.flag_stories import exemplary
from projections.partner_summary import partners
from projections.timeline import Entry, timeline

_AT_RISK_EACH = 3
"""Enrolments at risk that are shown of each partner; the command `at-risk` shows all."""

_REASONS_EACH = 2
"""Reasons that are shown of each; the command `explain` shows all."""

_LINES = 10
"""Lines that tell how far it is, where no terminal can show a bar."""

_STATUSES = ("active", "deferred", "withdrawn", "completed")


class Shown(Struct, frozen=True, kw_only=True):
    """What a demonstration shows at its end."""

    data_dir: str
    facts: int
    seconds: float
    facts_per_s: float
    """Published, processed and durable."""
    statuses: Mapping[str, int]
    """Enrolments by status."""
    cohorts: Sequence[Mapping[str, Any]]
    partners: Sequence[Mapping[str, Any]]
    at_risk: Sequence[Mapping[str, Any]]
    """The enrolments with a flag, the worst first, with their reasons."""
    story: Sequence[Entry]
    """Of one enrolment whose flag was raised, taken care of and cleared: its first fact to its last."""
    story_of: str | None
    alerts: Sent


def demo(
    context: Context,
    *,
    participants: Annotated[int, Option(min=33, max=100_000, help="How many enrolments to simulate.")] = PARTICIPANTS,
    every: Annotated[float, Option(min=0.1, help="Seconds between two simulated days, once the dashboard runs.")] = 5,
    port: Port = PORT,
    once: Annotated[bool, Option("--once", help="End after the summary, as it does where no terminal is.")] = False,
    as_json: AsJson = False,
) -> None:
    """Stream simulated cohorts through the whole pipeline and show what comes out, at last on the dashboard.

    Three intakes over all programmes of ambition-2024 with 12 delivery partners, the same each time, go into the
    folder `demo` of the data folder, which is made anew. A real worker folds the facts while they are published. In
    a terminal the last eight weeks follow after the summary, day by day, while the dashboard shows them. All names are
    invented.
    """
    parent: Wiring = context.obj
    wiring = Wiring(load_settings(parent.settings.data_dir / "demo"))
    configure_logs(wiring.settings.log_format, verbose=False)
    simulated = simulation(participants)
    if once or as_json or not (sys.stdout.isatty() and sys.stderr.isatty()):
        with running(wiring, simulated) as demonstration, demo_alerts(wiring) as alerts:
            shown = _streamed(wiring, demonstration, alerts, simulated.until)
        _show(wiring, shown, as_json=as_json)
        return
    require_room(port)
    with running(wiring, simulated) as demonstration, demo_alerts(wiring) as alerts:
        _show(wiring, _streamed(wiring, demonstration, alerts, LIVE_FROM - timedelta(days=1)), as_json=False)
        go_on(demonstration, wiring, alerts, port=port, every=every)


def _streamed(wiring: Wiring, demonstration: Demonstration, alerts: DemoAlerts, until: date) -> Shown:
    """Stream up to a day, tell partners what that day brought, and gather what there is to show."""
    with _progress() as watch:
        streamed = demonstration.stream(until, watch)
    alerts.tell(until)
    demonstration.catch_up()
    return _gather(wiring, *streamed, alerts.sent())


def _show(wiring: Wiring, shown: Shown, *, as_json: bool) -> None:
    if as_json:
        output.json(shown)
    else:
        _print(wiring.settings, shown)


class _Bars:
    """Two bars on a terminal: what is published, by the simulated day, and what is processed of it."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._publishing = bar.add_task("Publishing", total=None)
        self._processing = bar.add_task("Processing", total=None)

    def __call__(self, position: Position) -> None:
        """Show how far it is."""
        described = f"Publishing, simulated day {position.day:%d %b %Y}"
        total = position.published if position.day == position.until else None
        self._bar.update(self._publishing, description=described, completed=position.published, total=total)
        self._bar.update(self._processing, completed=position.processed, total=position.published)


class _Lines:
    """A line now and then, where no terminal can show bars."""

    def __init__(self) -> None:
        self._first: date | None = None
        self._told = 0

    def __call__(self, position: Position) -> None:
        """Tell how far it is, if it is much further than it was."""
        self._first = self._first or position.day
        part = _LINES * (position.day - self._first).days // (position.until - self._first).days
        if part > self._told or (position.day == position.until and position.processed == position.published):
            self._told = part
            output.say(
                f"Simulated day {position.day:%d %b %Y}: "
                f"{position.published:,} facts published, {position.processed:,} processed"
            )


@contextmanager
def _progress() -> Iterator[_Bars | _Lines]:
    if not sys.stderr.isatty():
        yield _Lines()
        return
    with output.progress() as bar:
        yield _Bars(bar)


def _gather(wiring: Wiring, facts: int, seconds: float, sent: Sent) -> Shown:
    with wiring.store() as store, store.connect() as connection:
        by_cohort = cohorts(connection)
        exemplary_one = exemplary(connection)
        statuses: Counter[str] = Counter()
        for row in by_cohort:
            statuses.update({status: row[status] for status in _STATUSES})
        return Shown(
            data_dir=str(wiring.settings.data_dir),
            facts=facts,
            seconds=round(seconds, 3),
            facts_per_s=round(facts / seconds, 1),
            statuses=dict(statuses),
            cohorts=by_cohort,
            partners=partners(connection),
            at_risk=[{**row, "reasons": _told(row)} for row in at_risk(connection)],
            story=timeline(store, exemplary_one) if exemplary_one else [],
            story_of=exemplary_one,
            alerts=sent,
        )


def _print(settings: Settings, shown: Shown) -> None:
    output.table(
        "Completion by programme, beside what the plan has due",
        ["Programme", *figures(*INTAKES)],
        _by_programme(shown.cohorts),
    )
    rows = [(row["partner"], *counts(row)) for row in shown.partners]
    output.table(f"Completion by delivery partner {OF_COUNTS}", ["Partner", *COUNTS], rows)
    output.table("Enrolments by status", figures(*_STATUSES), [[shown.statuses[each] for each in _STATUSES]], keys=0)
    _print_at_risk(shown.at_risk)
    if shown.story_of is not None:
        _print_story(shown.story_of, shown.story)
    _print_alerts(settings, shown.alerts)
    output.say(
        f"Published and processed {shown.facts:,} facts in {shown.seconds:.1f} s: {shown.facts_per_s:,.0f} facts/s."
    )
    _print_next_steps(settings, shown)


def _print_at_risk(rows: Sequence[Mapping[str, Any]]) -> None:
    """Show the worst of each partner, with the reasons."""
    by_partner: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_partner.setdefault(row["partner"], []).append(row)
    output.table(
        f"At risk, by delivery partner: the worst {_AT_RISK_EACH} of each (`at-risk` shows all {len(rows)})",
        ["Partner", "Enrolment", "Level", "Since", *prose("Reasons")],
        [
            (
                f"{partner} ({len(flagged)})",
                row["enrolment"],
                row["level"],
                row["since"],
                _in_short(row["reasons"]),
            )
            for partner, flagged in sorted(by_partner.items())
            for row in flagged[:_AT_RISK_EACH]
        ],
        keys=2,
    )


def _print_alerts(settings: Settings, sent: Sent) -> None:
    """Show one email and one webhook of those that were sent."""
    output.say(
        f"\nAlerts: {sent.emails:,} emails are in {settings.data_dir / MAILBOX}, and {sent.webhooks:,} signed "
        "webhooks reached a receiver on this machine."
    )
    if sent.digest is not None:
        output.say(f"One digest:\n{indent(f'Subject: {sent.digest_subject}', '  ')}\n\n{indent(sent.digest, '  ')}")
    if sent.webhook is not None:
        body = msgspec.json.format(msgspec.json.encode(sent.webhook), indent=-1).decode()
        output.say(f"One webhook:\n{indent(body, '  ')}\n")


def _in_short(reasons: Sequence[Mapping[str, Any]]) -> str:
    """The weightiest reasons, and how many more there are."""
    more = len(reasons) - _REASONS_EACH
    shown = " ".join(reason["sentence"] for reason in reasons[:_REASONS_EACH])
    return f"{shown} (And {more} more.)" if more > 0 else shown


def _print_story(enrolment: str, story: Sequence[Entry]) -> None:
    output.table(
        f"From the first fact to a cleared flag: {enrolment} (`show` tells every fact, `explain` every reason)",
        ["When", "What", *prose("More")],
        [(uk_day(when), what, more) for when, what, more in told_briefly(story)],
    )


def _told(row: Mapping[str, Any]) -> list[Any]:
    """The reasons of a row with their sentences."""
    return [msgspec.to_builtins(told(reason)) for reason in row["reasons"]]


def _by_programme(rows: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """A row a programme, with completion and plan in the column of each intake."""
    cells = {
        (row["programme"], row["intake"]): f"{percent(row['completion_ratio'])} of {percent(row['expected_ratio'])}"
        for row in rows
        if row["completion_ratio"] is not None  # it is where all have withdrawn
    }
    for programme in sorted({row["programme"] for row in rows}):
        yield [programme, *(cells.get((programme, intake), output.NOTHING) for intake in INTAKES)]


def _print_next_steps(settings: Settings, shown: Shown) -> None:
    example = shown.at_risk[0]["enrolment"] if shown.at_risk else "ENROLMENT"
    tries = (f"explain {example}", "at-risk --partner partner-01", "cohort --partner partner-01", "verify")
    output.say("Try next:\n" + "\n".join(f"  {program(settings)} {each}" for each in tries))
