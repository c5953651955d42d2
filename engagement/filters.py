"""What several commands ask for in the same way, and what they say about a value that is not there."""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated

from sqlalchemy import Connection
from typer import BadParameter, Option

from engagement.suggestions import did_you_mean
from learning.errors import EngagementError
from projections.declaration_readiness import values

Programme = Annotated[str | None, Option(help="Only this programme, such as `ambition-2024/npqsl`.")]
Intake = Annotated[str | None, Option(help="Only this intake, such as `2025-autumn`.")]
Provider = Annotated[str | None, Option(help="Only this lead provider.")]
Partner = Annotated[str | None, Option(help="Only who is with this delivery partner now.")]


class UnknownValueError(EngagementError):
    """Nobody is enrolled with what an option names."""


def given(**filters: str | None) -> dict[str, str]:
    """The filters that were asked for."""
    return {column: value for column, value in filters.items() if value is not None}


def check(connection: Connection, wanted: Mapping[str, str]) -> None:
    """Refuse a programme, intake, provider or partner with whom nobody is enrolled.

    Raises:
        UnknownValueError: Names the value, and what could be meant.
    """
    for column, value in wanted.items():
        known = values(connection, column)
        if value not in known:
            advice = did_you_mean(value, known) or "; check the id, and `engagement cohort` for who is enrolled"
            raise UnknownValueError(f"nobody is enrolled with {column} {value}{advice}")


def one_of(kind: str, known: Iterable[str]) -> Callable[[str | None], str | None]:
    """A callback for an option that takes one of these words only."""
    words = tuple(known)

    def check_word(wanted: str | None) -> str | None:
        if wanted is not None and wanted not in words:
            advice = did_you_mean(wanted, words) or f"; use one of {', '.join(words)}"
            raise BadParameter(f"{wanted} is no {kind}{advice}")
        return wanted

    return check_word
