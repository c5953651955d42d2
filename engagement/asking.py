"""What the commands take alike that ask the lake: two days, a form, and a file to write to."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from typer import BadParameter, Option

from learning.calendar import uk_day


class Format(StrEnum):
    """How rows are written."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


def _started(day: datetime | None) -> datetime | None:
    """Refuse a day that has not begun."""
    if day is not None and day.date() > uk_day(datetime.now(UTC)):
        raise BadParameter(f"{day:%Y-%m-%d} lies in the future; choose a day up to today")
    return day


AsOf = Annotated[
    datetime | None,
    Option(
        formats=["%Y-%m-%d"],
        help="Measure as this day begins in the UK: only what happened before counts. Default: everything counts.",
        callback=_started,
        show_default=False,
    ),
]
KnownAt = Annotated[
    datetime | None,
    Option(
        formats=["%Y-%m-%d"],
        help="Only what was recorded before this day begins in the UK counts. Default: everything counts.",
        callback=_started,
        show_default=False,
    ),
]
Output = Annotated[
    Path | None,
    Option("--output", dir_okay=False, help="Write to this file; Parquet needs one.", show_default=False),
]


def chosen_format(form: Format, into: Path | None, *, as_json: bool) -> Format:
    """How to write, of which `--json` is another way to say `--format json`.

    Raises:
        BadParameter: The form and the place do not go together.
    """
    form = Format.json if as_json else form
    if into is None and form is Format.parquet:
        raise BadParameter("Parquet goes to a file only; name one with --output", param_hint="--format")
    if into is not None and form is Format.table:
        raise BadParameter("a table is for the screen; choose --format csv, json or parquet", param_hint="--output")
    return form
