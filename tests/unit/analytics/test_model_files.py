"""The files of the models: each says what its rows and columns are, and they are worked out once, in their order."""

import re

import pytest

from analytics import models
from tests.analytics_kit import warehouse
from tests.builders import completed, enrolled


@pytest.mark.parametrize("name", models.names())
def test_a_model_is_a_stage_a_dimension_or_facts(name: str) -> None:
    """Names begin with stg_, dim_ or fact_, so that everybody knows what is for use and what is a step on the way."""
    assert re.fullmatch(r"(stg|dim|fact)_[a-z_]+", name)


def test_every_header_describes_exactly_the_columns() -> None:
    """A model answers with the columns that its header describes, in that order, and with no other."""
    connection = warehouse([enrolled(), completed("module-1")])

    for name in models.names():
        found = [column for column, *_ in connection.execute(f"DESCRIBE {name}").fetchall()]
        assert (name, list(models.columns(name))) == (name, found)


@pytest.mark.parametrize("name", models.names())
def test_every_header_begins_with_what_a_row_is(name: str) -> None:
    """The first line is a sentence on the rows, and each column has words of its own."""
    assert models.meaning(name).endswith((".", "; one row."))
    assert all(len(meaning) > 3 for meaning in models.columns(name).values())


def test_a_model_stands_after_those_that_it_reads() -> None:
    """Taken in the order of the names, no model needs one that is still to come."""
    seen: set[str] = set()
    for name in models.names():
        body = re.sub(r"^--.*$", "", models.sql(name), flags=re.MULTILINE)
        assert set(models.mentioned(body)) - {name} <= seen
        seen.add(name)


def test_a_needed_model_is_kept_with_what_it_reads() -> None:
    """After `need` a model and its steps are tables, and asking again changes nothing."""
    connection = warehouse([enrolled()])
    kept = "SELECT table_name FROM duckdb_tables() WHERE temporary ORDER BY ALL"

    models.need(connection, "fact_component")
    once = connection.execute(kept).fetchall()
    models.need(connection, "fact_component", "stg_mark")

    assert once == connection.execute(kept).fetchall()
    steps = ("stg_disputed", "stg_enrolled", "stg_erased", "stg_mark", "stg_repeated")
    assert once == [(name,) for name in ("fact_component", *steps)]


def test_a_view_says_what_the_table_says() -> None:
    """Whether a model is worked out on the way or kept makes no difference to what it says."""
    facts = [enrolled(), completed("module-1"), completed("module-2")]
    viewed, kept = warehouse(facts), warehouse(facts)
    models.need(kept, *models.names())

    for name in models.names():
        question = f"SELECT * FROM {name} ORDER BY ALL"
        assert viewed.execute(question).fetchall() == kept.execute(question).fetchall()


def test_models_are_found_in_a_query() -> None:
    """What a person's query names is known before it runs; words that only look like models are left alone."""
    query = "SELECT * FROM fact_session JOIN dim_enrolment USING (enrolment_no), fact_of_life"

    assert models.mentioned(query) == ("fact_session", "dim_enrolment")


def test_an_unknown_model_is_refused() -> None:
    """Who misspells a model is told which there are."""
    with pytest.raises(models.UnknownModelError, match=r"there is no model fact_sesion; take one of .*fact_session"):
        models.need(warehouse([]), "fact_sesion")
