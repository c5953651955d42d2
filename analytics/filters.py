"""Which enrolments a question is about."""

from typing import NamedTuple


class Filters(NamedTuple):
    """What enrolments must have in common; None leaves it open. Who was transferred counts where they are now."""

    programme: str | None = None
    intake: str | None = None
    provider: str | None = None
    partner: str | None = None
    cohort: str | None = None

    def condition(self, table: str) -> tuple[str, list[str]]:
        """A condition in SQL on a table or alias with the columns of `dim_enrolment`, and its parameters."""
        given = {name: value for name, value in self._asdict().items() if value is not None}
        return " AND ".join(["TRUE", *(f"{table}.{name} = ?" for name in given)]), list(given.values())
