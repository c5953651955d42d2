"""`engagement import`: puts facts from files onto the log, and reports what could not be understood."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from typer import Argument as Positional
from typer import BadParameter, Context, Exit, Option, Typer

from engagement import output
from engagement.output import AsJson, figures, prose
from engagement.plain_errors import FAILED
from engagement.wiring import Wiring
from producers.json_lines import import_events
from producers.report import Report, UnreadableFileError
from stream_processors.day_clock import utc_now

if TYPE_CHECKING:
    from producers.register.column_maps import ColumnMap

app = Typer(
    no_args_is_help=True,
    help="Put facts from files onto the log. Importing the same again adds nothing; what cannot be understood is set "
    "aside with its reason, and the rest is loaded.",
)

_STANDARD_INPUT = Path("-")

Sheets = Annotated[list[Path], Positional(metavar="PATH", exists=True, dir_okay=False, help="CSV or .xlsx files.")]
Sheet = Annotated[str | None, Option(help="Which sheet of a workbook. Default: the first.", show_default=False)]
MapFile = Annotated[
    Path | None,
    Option("--map", exists=True, dir_okay=False, help="TOML file that says what the columns and words mean."),
]
MapPartner = Annotated[
    str | None,
    Option("--partner", help="Use the column map kept for this partner, registers/PARTNER.toml in the data folder."),
]


class _Imported(NamedTuple):
    """What became of the files of one command."""

    report: Report
    """Of those that could be read."""
    unreadable: list[UnreadableFileError]


def _require_files(paths: list[Path]) -> list[Path]:
    """Refuse what is no file or pipe; Typer's own check would take `-` for a file that is missing."""
    for path in paths:
        if path == _STANDARD_INPUT:
            continue
        if not path.exists():
            raise BadParameter(f"{path} does not exist")
        if path.is_dir():
            raise BadParameter(f"{path} is a directory")
    return paths


@app.command()
def events(
    context: Context,
    paths: Annotated[
        list[Path],
        Positional(
            metavar="PATH",
            callback=_require_files,
            help="Files of CloudEvents envelopes, one JSON object a line, plain or gzipped; `-` is standard input.",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Import facts from JSON lines, as other systems send them."""
    wiring: Wiring = context.obj
    with wiring.log_to_append() as log:
        imported = _each(
            paths,
            lambda path: import_events(log, [sys.stdin.buffer if path == _STANDARD_INPUT else path], utc_now()),
        )
    _tell(wiring, imported, as_json=as_json)


@app.command()
def enrolments(
    context: Context,
    paths: Sheets,
    *,
    map_file: MapFile = None,
    partner: MapPartner = None,
    sheet: Sheet = None,
    as_json: AsJson = False,
) -> None:
    """Import enrolments from a register: participant, programme, intake, partner, provider and day, one a row."""
    from producers.registers import import_enrolments  # noqa: PLC0415 - openpyxl is slow to load, and only needed here

    wiring: Wiring = context.obj
    columns, curriculum = _columns(wiring, map_file, partner), wiring.curriculum()
    with wiring.log_to_append() as log:
        imported = _each(
            paths,
            lambda path: import_enrolments(log, path, curriculum, utc_now(), column_map=columns, sheet=sheet),
        )
    _tell(wiring, imported, as_json=as_json)


@app.command()
def attendance(
    context: Context,
    paths: Sheets,
    *,
    map_file: MapFile = None,
    partner: MapPartner = None,
    sheet: Sheet = None,
    as_json: AsJson = False,
) -> None:
    """Import attendance from a register: enrolment or participant, session, date and attendance, one a row.

    A corrected register is imported like the first one: what it says now counts.
    """
    from producers.registers import import_attendance  # noqa: PLC0415 - openpyxl is slow to load, and only needed here

    wiring: Wiring = context.obj
    columns, curriculum = _columns(wiring, map_file, partner), wiring.curriculum()
    with wiring.log_to_append() as log:
        imported = _each(
            paths,
            lambda path: import_attendance(log, path, curriculum, utc_now(), column_map=columns, sheet=sheet),
        )
    _tell(wiring, imported, as_json=as_json)


@app.command()
def oulad(
    context: Context,
    paths: Annotated[
        list[Path], Positional(metavar="PATH", exists=True, file_okay=False, help="Folders with the files of OULAD.")
    ],
    visits: Annotated[bool, Option(help="Import the visits to the learning platform too; most of the data.")] = True,
    as_json: AsJson = False,
) -> None:
    """Import the Open University Learning Analytics Dataset: 15 presentations of a real university.

    Each presentation becomes a programme, in programmes/oulad.toml of the data folder.
    """
    from producers.oulad import import_oulad  # noqa: PLC0415 - DuckDB is slow to load, and only needed here

    wiring: Wiring = context.obj
    data_dir = wiring.settings.data_dir
    with wiring.log_to_append() as log:
        imported = _each(paths, lambda path: import_oulad(log, path, data_dir, utc_now(), visits=visits))
    _tell(wiring, imported, as_json=as_json)


def _columns(wiring: Wiring, map_file: Path | None, partner: str | None) -> "ColumnMap":
    """The column map to read registers with."""
    from producers.register.column_maps import ColumnMap, load_column_map, partner_column_map  # noqa: PLC0415 - as above

    if map_file and partner:
        raise BadParameter("give --map or --partner, not both")
    if partner:
        return partner_column_map(wiring.settings.data_dir, partner)
    return load_column_map(map_file) if map_file else ColumnMap()


def _each(paths: list[Path], load: Callable[[Path], Report]) -> _Imported:
    """Load one after the other; one that cannot be read as a whole does not keep the others out.

    Raises:
        UnreadableFileError: The only one cannot be read.
    """
    report, unreadable = Report(), []
    for path in paths:
        try:
            report += load(path)
        except UnreadableFileError as error:
            if len(paths) == 1:
                raise
            unreadable.append(error)
    return _Imported(report, unreadable)


def _tell(wiring: Wiring, imported: _Imported, *, as_json: bool) -> None:
    """Print the report; an import has failed when nothing at all, or nothing of some file, could be used."""
    report = imported.report
    if as_json:
        output.json(report)
    else:
        _print(report)
    for note in report.notes:
        output.say(note)
    if report.parked or report.conflicts:
        output.say("What was set aside is kept with its reason: `engagement rejects list`.")
    if report.appended and not wiring.worker_runs():
        output.say("Next: `engagement worker --until-caught-up`, then `engagement cohort`.")
    for error in imported.unreadable:
        output.complain(str(error))
    used = report.appended or report.duplicates or not (report.parked or report.conflicts)
    if imported.unreadable or not used:
        raise Exit(FAILED)


def _print(report: Report) -> None:
    output.table(
        "Imported",
        figures("New facts", "Already there", "Contradict a fact", "Not understood"),
        [(report.appended, report.duplicates, report.conflicts, report.parked)],
        keys=0,
    )
    if report.row_errors:
        output.table(
            "Rows to mend",
            ["File", *figures("Row"), "Column", *prose("Value", "What is wrong", "What to do")],
            [(each.file, each.row, each.column, each.value, each.wrong, each.remedy) for each in report.row_errors],
            keys=2,
        )
