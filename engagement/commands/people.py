"""`engagement people`: names and addresses of participants, which stand in the registry and nowhere else."""

import os
import sys
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import structs
from typer import Argument, BadParameter, Context, Exit, Option, Typer

from engagement import output
from engagement.erasing import ErasedEverywhere, erase_everywhere
from engagement.output import AsJson, figures, prose
from engagement.personal_data import NobodyKnownError, everything_about
from engagement.plain_errors import FAILED
from engagement.wiring import Wiring
from registry import audit, erasures, people
from registry.audit import COMMAND_LINE, Action, Entry
from registry.people_files import PeopleReport, import_people
from stream_processors.day_clock import utc_now

app = Typer(
    no_args_is_help=True,
    help="Names and addresses of participants: load them, show them, give out all that is held of a person, erase it.",
)

Participant = Annotated[str, Argument(help="The id of a participant.")]


@app.command("import")
def import_(
    context: Context,
    path: Annotated[Path, Argument(metavar="PATH", exists=True, dir_okay=False, help="A CSV file, in UTF-8.")],
    as_json: AsJson = False,
) -> None:
    """Load people from a CSV file with the columns participant, name, email, school and urn.

    Only the first two must be there. Rows that cannot be used are told with their numbers, and the rest is loaded;
    loading the same again changes nothing. Whoever was erased stays so.
    """
    wiring: Wiring = context.obj
    with path.open(encoding="utf-8", newline="") as lines, wiring.registry() as registry:
        report = import_people(registry, lines, utc_now(), by=COMMAND_LINE)
    if as_json:
        output.json(report)
    else:
        _print_report(report)
    if report.refused and not (report.added or report.changed or report.unchanged):
        raise Exit(FAILED)


@app.command()
def show(context: Context, participant: Participant, as_json: AsJson = False) -> None:
    """Show who a participant is; that it was looked at is noted in the audit trail."""
    wiring: Wiring = context.obj
    with wiring.registry(to_read=True) as registry, registry.writing() as connection:
        found = people.profile(connection, participant)
        if found is None:
            erased = erasures.among(connection, [participant])
            why = "was erased" if erased else "is not known by name; load names with `engagement people import`"
            raise NobodyKnownError(f"participant {participant} {why}")
        entry = Entry(COMMAND_LINE, Action.PARTICIPANT_READ, f"participant:{participant}")
        audit.append(connection, utc_now(), entry)
    if as_json:
        output.json(found)
    else:
        told = structs.asdict(found)
        output.pairs(f"Participant {participant}", {name.replace("_", " "): told[name] for name in list(told)[1:]})


@app.command()
def export(
    context: Context,
    participant: Participant,
    *,
    into: Annotated[
        Path | None, Option("--output", help="Write to this file, which only you can read.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give out everything that is held of a person, as JSON, when they ask for it.

    That is the profile, the facts on the log, where each enrolment stands, flags with their reasons, every decision,
    and who looked at them when. Ids that were merged are followed.
    """
    wiring: Wiring = context.obj
    if into is not None and into.exists():
        raise BadParameter(f"{into} is there already; name another file")
    with wiring.registry() as registry:
        told = everything_about(wiring, registry, participant, utc_now())
    if into is None:
        output.json(told)
        return
    with os.fdopen(os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    counts = {name: len(told[name]) for name in ("facts", "decisions", "accesses")}
    if as_json:
        output.json({"file": str(into), **counts})
    else:
        if told["erased"]:
            output.say(f"{' and '.join(told['erased'])} was erased: nothing is left but facts under random ids.")
        output.say(f"Wrote {into}: {', '.join(f'{number} {name}' for name, number in counts.items())}.")


@app.command()
def erase(
    context: Context,
    participants: Annotated[
        list[str] | None, Argument(metavar="[PARTICIPANT]...", help="Ids of participants.", show_default=False)
    ] = None,
    *,
    from_file: Annotated[
        Path | None,
        Option(
            "--from",
            exists=True,
            dir_okay=False,
            help="A file with an id a line, as `people erased` prints it: after an older copy was restored.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Erase people for good: names, addresses and schools, and every list, story and export that they are in.

    It holds for all ids that were merged with theirs. Totals stay as they are. It cannot be taken back, and later
    imports refuse them. Erasing the same again does no harm, and finishes what was interrupted.
    """
    wiring: Wiring = context.obj
    wanted = [*(participants or []), *_ids_of(from_file)]
    if not wanted:
        raise BadParameter("name the participants to erase, or a file with --from")
    with wiring.registry() as registry:
        erased = erase_everywhere(wiring, registry, wanted, utc_now())
    if as_json:
        output.json(erased)
        return
    _print_erased(erased, works=wiring.worker_runs())


@app.command()
def erased(context: Context, as_json: AsJson = False) -> None:
    """Print the ids of everybody who was erased, one a line. Keep this list apart from copies of the registry."""
    wiring: Wiring = context.obj
    with wiring.registry(to_read=True) as registry, registry.reading() as connection:
        every = erasures.every(connection)
    if as_json:
        output.json(every)
    else:
        sys.stdout.writelines(f"{each.participant}\n" for each in every)


def _print_erased(erased: ErasedEverywhere, *, works: bool) -> None:
    output.say(f"Erased {', '.join(erased.participants)}; names were known of {erased.profiles}.")
    if erased.enrolments:
        when = "in a moment" if works else "once `engagement worker --until-caught-up` has run"
        number = len(erased.enrolments)
        output.say(f"{number} enrolment{'s' * (number != 1)} will be counted and shown to nobody, {when}.")
    output.say("Copies and exports that were made before still have them: see to those, or wait until they lapse.")


def _ids_of(path: Path | None) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines() if path else []
    return [line.strip() for line in lines if line.strip()]


def _print_report(report: PeopleReport) -> None:
    counts = (report.added, report.changed, report.unchanged, len(report.refused))
    output.table("People", figures("New", "Changed", "As before", "Refused"), [counts], keys=0)
    if report.refused:
        rows = [(each.row, each.column, each.wrong) for each in report.refused]
        output.table("Rows to mend", [*figures("Row"), "Column", *prose("What is wrong")], rows)
