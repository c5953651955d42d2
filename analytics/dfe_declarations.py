"""Read an export of DfE's declarations: what became of them there is on no log of ours, and DfE's rate needs it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args

import pandas as pd

from learning.codes import CourseIdentifier, DeclarationType
from learning.errors import EngagementError

State = Literal["submitted", "eligible", "ineligible", "payable", "paid", "voided", "awaiting-clawback", "clawed-back"]
"""The states of a declaration in DfE's NPQ registration service; its interface writes some with an underscore."""

FUNDED: Final = frozenset[State]({"eligible", "payable", "paid"})
"""The states in which DfE pays, or will."""

_BY_ENROLMENT: Final = ("enrolment", "declaration_type", "state")
_BY_PARTICIPANT: Final = ("participant_id", "course_identifier", "declaration_type", "state")
_CODES: Final[Mapping[str, Sequence[str]]] = {
    "course_identifier": get_args(CourseIdentifier),
    "declaration_type": get_args(DeclarationType),
    "state": get_args(State),
}
_FIRST_LINE: Final = 2
"""The line of the first row: it comes after the heading."""


class DeclarationFileError(EngagementError):
    """The file of declarations cannot be used; the message names the line and the column."""


class Funded(NamedTuple):
    """Who has a funded declaration of which type."""

    key: tuple[str, ...]
    """`enrolment`, or `participant_id` and `course_identifier`: by which people are known in the file."""
    rows: pd.DataFrame
    """The columns of the key, and whether a `started` and a `completed` declaration is funded; one row a person."""


def read_declarations(path: Path) -> Funded:
    """Read a CSV file with a heading and one declaration a row.

    Args:
        path: The columns `declaration_type` and `state`, and either `enrolment` or both `participant_id` and
            `course_identifier`, in any order and with any others beside them; UTF-8.

    Raises:
        DeclarationFileError: The file or a column is missing, or a cell is not what its column holds.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, skip_blank_lines=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # pandas' own errors and wrong encodings are ValueErrors
        why = error.strerror if isinstance(error, OSError) else str(error).strip().replace("\n", " ")
        raise DeclarationFileError(f"{path} cannot be read ({why}); name a CSV file in UTF-8") from error
    columns = _BY_ENROLMENT if "enrolment" in table else _BY_PARTICIPANT
    if missing := [each for each in columns if each not in table]:
        raise DeclarationFileError(
            f"{path.name}, line 1: there is no column {' or '.join(missing)}; give {', '.join(_BY_PARTICIPANT)}, "
            "or enrolment in place of the first two"
        )
    rows = table.loc[:, list(columns)].fillna("").apply(lambda cells: cells.str.strip())
    rows = rows[(rows != "").any(axis=1)]
    rows["state"] = rows["state"].str.lower().str.replace("_", "-")
    for column in columns:
        _check(rows[column], path.name)
    funded = rows[rows["state"].isin(FUNDED)]
    of_type = {each: funded["declaration_type"] == each for each in ("started", "completed")}
    key = columns[:-2]
    return Funded(key, funded.assign(**of_type).groupby(list(key), as_index=False)[list(of_type)].any())


def _check(cells: pd.Series, name: str) -> None:
    """Refuse the first cell of a column that is not what it holds."""
    codes = _CODES.get(str(cells.name))
    wrong = cells[~cells.isin(codes) if codes else cells == ""]
    if len(wrong):
        wanted = f"write one of {', '.join(codes)}" if codes else "write whose declaration it is"
        line, cell = int(wrong.index[0]) + _FIRST_LINE, wrong.iloc[0] or "nothing"
        raise DeclarationFileError(f"{name}, line {line}, column {cells.name}: {cell} is there; {wanted}")
