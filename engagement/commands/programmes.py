"""`engagement programmes`: which programmes there are, what they consist of, and whether catalogue files are right."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Struct
from typer import Argument, Context, Exit, Typer

from engagement import output
from engagement.output import AsJson, figures, percent, prose
from engagement.plain_errors import FAILED
from engagement.suggestions import did_you_mean
from engagement.wiring import Wiring
from learning.calendar import school_terms
from learning.catalogue import CatalogueError, CatalogueFile, Component, Programme, parse
from learning.curriculum import Curriculum, UnknownProgrammeError
from learning.errors import EngagementError
from projections.curriculum_files import TERMS_FILE

app = Typer(no_args_is_help=True, help="The programmes that facts can be about, and the files that define them.")


class Check(Struct, frozen=True, kw_only=True):
    """What checking one catalogue file found."""

    file: str
    ok: bool
    programmes: int = 0
    """How many it defines."""
    programme: str | None = None
    """The one with the fault."""
    line: int | None = None
    """Of the fault."""
    fault: str | None = None


@app.command("list")
def list_programmes(context: Context, as_json: AsJson = False) -> None:
    """List every programme: those that come with the product and those in programmes/ of the data folder."""
    curriculum = context.obj.curriculum()
    rows = [_summary(programme) for _, programme in sorted(curriculum.programmes.items())]
    if as_json:
        output.json(rows)
        return
    output.table(
        "Programmes",
        ["Programme", *prose("Title", "Provider"), "Generation", *figures("Months", "Components", "Gate")],
        [(*list(row.values())[:-1], percent(row["gate"])) for row in rows],
    )


@app.command()
def show(
    context: Context,
    programme: Annotated[str, Argument(help="The programme's id, such as `ambition-2024/npqsl`.")],
    as_json: AsJson = False,
) -> None:
    """Show a programme: its rules, and its components with the study week or day by which each is due."""
    curriculum: Curriculum = context.obj.curriculum()
    if programme not in curriculum.programmes and (hint := did_you_mean(programme, curriculum.programmes)):
        raise UnknownProgrammeError(f"programme {programme} is in no catalogue file{hint}")
    found = curriculum.programme(programme)
    if as_json:
        output.json(msgspec.to_builtins(found, enc_hook=float))
        return
    output.pairs(f"{found.title} ({found.id})", _rules(found))
    rows = [(each.id, each.kind, each.title, _due(each), found.points.get(each.id)) for each in found.components]
    output.table("Components", ["Component", "Kind", *prose("Title"), "Due", *figures("Points")], rows)


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
            help="Catalogue files. Default: all in programmes/ of the data folder.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check catalogue files: names file, programme and line of the first fault in each, and exits with 1.

    The files are checked together with the programmes that come with the product.
    """
    wiring: Wiring = context.obj
    folder = wiring.settings.programmes_dir
    checks = list(_check(files or sorted(folder.glob("*.toml"))))
    if as_json:
        output.json(checks)
    elif checks:
        rows = [(each.file, "right" if each.ok else "wrong", each.programmes, each.line) for each in checks]
        output.table("Catalogue files", ["File", "Result", *figures("Programmes", "Line of the fault")], rows)
    if not checks:
        output.say(f"There are no files of your own in {folder}; the programmes of the product are always checked.")
    for wrong in (each for each in checks if each.fault):
        output.complain(str(wrong.fault))
    if not all(each.ok for each in checks):
        raise Exit(FAILED)


def _check(files: list[Path]) -> Iterator[Check]:
    curriculum = Curriculum.shipped()
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
            if path.name == TERMS_FILE:
                school_terms(text)
                yield Check(file=str(path), ok=True)
                continue
            file: CatalogueFile = parse(text, path.stem)
            curriculum = curriculum.extended([file])
        except CatalogueError as error:
            yield Check(file=str(path), ok=False, programme=error.programme, line=error.line, fault=str(error))
        except EngagementError as error:
            yield Check(file=str(path), ok=False, fault=str(error))
        except OSError as error:
            yield Check(file=str(path), ok=False, fault=f"{path} cannot be read: {error.strerror}; save it as a file")
        except UnicodeDecodeError as error:
            yield Check(file=str(path), ok=False, fault=f"{path} is not text in UTF-8 ({error.reason})")
        else:
            yield Check(file=str(path), ok=True, programmes=len(file.programmes))


def _summary(programme: Programme) -> dict[str, Any]:
    return {
        "programme": programme.id,
        "title": programme.title,
        "provider": programme.provider,
        "generation": programme.generation,
        "months": programme.months,
        "components": len(programme.points),
        "gate": float(programme.completion.threshold),
    }


def _rules(programme: Programme) -> dict[str, object]:
    rule, assessment = programme.completion, programme.assessment
    each = ", and in each of its groups" if rule.each_group else ""
    words = f", {assessment.word_limit:,} words" if assessment and assessment.word_limit else ""
    return {
        "Provider": programme.provider,
        "Generation": programme.generation,
        "DfE course": programme.course,
        "Length": f"{programme.months} months, {programme.calendar}",
        "Gate": f"{percent(float(rule.threshold))} of {programme.total_points:,} points ({rule.measure}{each})",
        "Groups": ", ".join(group.name for group in rule.groups) or None,
        "Assessment": f"{assessment.attempts} attempts, window of {assessment.window_days} days{words}"
        if assessment
        else None,
    }


def _due(component: Component) -> str:
    return f"week {component.due_week}" if component.due_week is not None else f"day {component.due_day}"
