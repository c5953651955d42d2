"""The page of models: what one row of each is and what every column means, from the heads of the SQL files."""

from analytics import models
from pages.markdown import code, page, table

_FLOORS = {
    "dim_": "## What there is",
    "fact_": "## What happened",
    "stg_": "## Steps on the way",
}
_INTRODUCTIONS = {
    "dim_": "One row a thing.",
    "fact_": "One row a happening or state of an enrolment.",
    "stg_": "What the models above are made from. They may change from one version to the next.",
}


def models_page() -> str:
    """The whole page."""
    return page(
        "Models",
        "The tables of `engagement query`, `engagement sql` and `analytics.connect()`: the facts of the "
        "[lake](lake.md), worked into tables that answer questions. Ratios lie between 0 and 1, `..._on` is a day in "
        "the United Kingdom and `..._at` a moment in UTC. Tables about enrolments are joined by `enrolment_no`, which "
        "is good within one connection only. Everything is measured as of the days that the connection was opened "
        "with; [ask with SQL](../how-to/ask-with-sql.md) says how.",
        *(block for floor, heading in _FLOORS.items() for block in _floor(floor, heading)),
    )


def _floor(floor: str, heading: str) -> list[str]:
    names = sorted(name for name in models.names() if name.startswith(floor))
    return [heading, _INTRODUCTIONS[floor], *(block for name in names for block in _model(name))]


def _model(name: str) -> tuple[str, str, str]:
    rows = ((code(column), meaning) for column, meaning in models.columns(name).items())
    return f"### `{name}`", models.meaning(name), table(("column", "meaning"), rows)
