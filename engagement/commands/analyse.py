"""`engagement analyse`: the questions that analysts ask, answered over all that ever happened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, BadParameter, Context, Option

from engagement import output
from engagement.asking import AsOf, Format, KnownAt, Output, chosen_format
from engagement.filters import Intake, Partner, Programme, Provider, UnknownValueError, given, one_of
from engagement.output import AsJson, prose
from engagement.suggestions import did_you_mean
from engagement.wiring import Wiring

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from analytics.answer import Answer
    from analytics.questions.registry import Question

_SUFFIXES = (".svg", ".png")

_MOVED = ("intake", "provider", "partner")
"""What can be another one after a transfer."""


def _chart_file(path: Path | None) -> Path | None:
    if path is not None and path.suffix.lower() not in _SUFFIXES:
        raise BadParameter(f"a chart cannot be written as {path.name}; end the name in .svg or .png")
    return path


def analyse(
    context: Context,
    name: Annotated[
        str | None,
        Argument(
            metavar="QUESTION", help="The name of a question. Without it, the questions are listed.", show_default=False
        ),
    ] = None,
    *,
    programme: Programme = None,
    intake: Intake = None,
    provider: Provider = None,
    partner: Partner = None,
    cohort: Annotated[str | None, Option(help="Only this cohort of DfE's, such as `2025a`.")] = None,
    by: Annotated[
        str | None,
        Option(help="Tell groups apart by programme, intake or partner.", show_default=False),
    ] = None,
    compare: Annotated[
        tuple[str, str] | None,
        Option(metavar="GROUP GROUP", help="Only these two groups of --by, tested for a difference."),
    ] = None,
    since: Annotated[
        datetime | None, Option(formats=["%Y-%m-%d"], help="First day of the trend.", show_default=False)
    ] = None,
    until: Annotated[
        datetime | None, Option(formats=["%Y-%m-%d"], help="Last day of the trend.", show_default=False)
    ] = None,
    declarations: Annotated[
        Path | None,
        Option(exists=True, dir_okay=False, help="A CSV file of DfE's declarations, which say who counts as started."),
    ] = None,
    measure: Annotated[
        str | None,
        Option(help="Compare partners by withdrawn, gate or at-risk. Default: withdrawn.", show_default=False),
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    form: Annotated[Format, Option("--format", help="How to write the answer.")] = Format.table,
    into: Output = None,
    chart: Annotated[
        Path | None,
        Option(
            dir_okay=False,
            help="Draw the answer to this file, .svg or .png, with its figures in a .csv file beside it.",
            callback=_chart_file,
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question over all that ever happened: a finding, a table, what to know about it, and a chart.

    In CSV, JSON and Parquet, groups of fewer than 5 people are hidden, also against subtracting; on screen and in
    charts they are not. Every question takes the filters, --as-of and --known-at; which other options one takes is
    listed with the questions.
    """
    form = chosen_format(form, into, as_json=as_json)
    if name is None:
        _list(as_json=form is Format.json)
        return
    asked = {
        "by": by,
        "compare": compare,
        "since": since and since.date(),
        "until": until and until.date(),
        "declarations": declarations,
        "measure": measure,
    }
    question, options = _question(name, {option: value for option, value in asked.items() if value is not None})
    who = given(programme=programme, intake=intake, provider=provider, partner=partner, cohort=cohort)
    answer = _answer(context.obj, question, who, options, as_of=as_of, known_at=known_at)
    from engagement import answers  # noqa: PLC0415 - pandas is slow to load; few commands need it

    if chart is not None:
        answers.write_chart(answer, chart)
    if form is Format.table:
        answers.show(answer)
    else:
        answers.write(answer, form, into)


def _list(*, as_json: bool) -> None:
    """What can be asked."""
    from analytics.questions.registry import QUESTIONS  # noqa: PLC0415 - as above

    rows = [(each.name, each.purpose, [f"--{option}" for option in each.options]) for each in QUESTIONS.values()]
    if as_json:
        output.json([{"question": name, "answers": purpose, "options": options} for name, purpose, options in rows])
        return
    cells = [(name, purpose, ", ".join(options)) for name, purpose, options in rows]
    output.table("Questions", ["Question", *prose("What it answers"), "Its own options"], cells)


def _question(name: str, options: Mapping[str, object]) -> tuple["Question", dict[str, object]]:
    """The question of a name, with the options for it.

    Raises:
        BadParameter: There is none, or it does not take one of the options.
    """
    from analytics.questions.registry import BY, MEASURES, QUESTIONS  # noqa: PLC0415 - as above

    if name not in QUESTIONS:
        advice = did_you_mean(name, QUESTIONS) or "; `engagement analyse` lists them"
        raise BadParameter(f"there is no question {name}{advice}", param_hint="QUESTION")
    question = QUESTIONS[name]
    for option in options:
        if option not in question.options:
            takes = " and ".join(f"--{each}" for each in question.options) or "filters and days only"
            raise BadParameter(f"{name} does not take it; it takes {takes}", param_hint=f"--{option}")
    if "compare" in options and "by" not in options:
        kinds = ", ".join(BY)
        raise BadParameter(f"say with --by what the two groups are: one of {kinds}", param_hint="--compare")
    for option, words in (("by", BY), ("measure", MEASURES)):
        wanted = options.get(option)
        one_of(f"--{option}", words)(None if wanted is None else str(wanted))
    return question, dict(options)


def _answer(
    wiring: Wiring,
    question: "Question",
    who: Mapping[str, str],
    options: dict[str, object],
    *,
    as_of: datetime | None,
    known_at: datetime | None,
) -> "Answer":
    """Ask, and add what late records change about the answer."""
    from msgspec.structs import replace  # noqa: PLC0415 - as above

    from analytics.filters import Filters  # noqa: PLC0415 - as above
    from analytics.lateness import lateness_note, unknown_days_note  # noqa: PLC0415 - as above

    ask = question.load()
    if question.needs_curriculum:
        options["curriculum"] = wiring.curriculum()
    with wiring.models(as_of, known_at) as connection:
        _check_values(connection, [*who.items(), *_groups(options)])
        filters = Filters(**who)
        answer = ask(connection, filters, **options)
        late = (unknown_days_note(connection), lateness_note(connection, filters))
    return replace(answer, notes=(*answer.notes, *(note for note in late if note is not None)))


def _groups(options: Mapping[str, object]) -> list[tuple[str, str]]:
    """The groups to compare, each after what it is."""
    compare = options.get("compare")
    return [(str(options["by"]), str(group)) for group in compare] if isinstance(compare, tuple) else []


def _check_values(connection: "DuckDBPyConnection", wanted: Sequence[tuple[str, str]]) -> None:
    """Refuse a value with which nobody is or was enrolled, in a filter or as a group to compare.

    Raises:
        UnknownValueError: Names the value, and what could be meant.
    """
    from analytics.models import need  # noqa: PLC0415 - as above

    need(connection, "dim_enrolment", *(["fact_move"] if wanted else []))
    for column, value in wanted:
        query = f"SELECT {column} FROM dim_enrolment WHERE {column} IS NOT NULL"
        if column in _MOVED:
            query += f" UNION SELECT {column}_before FROM fact_move"
        known = {found for (found,) in connection.execute(query).fetchall()}
        if value not in known:
            advice = did_you_mean(value, known) or "; check the id, and the day as of which you ask"
            raise UnknownValueError(f"nobody is enrolled with {column} {value}{advice}")
