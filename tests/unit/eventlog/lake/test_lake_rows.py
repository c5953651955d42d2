"""A row of the lake says exactly what the fact says."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventlog.lake.columns import COLUMNS, NAMES, columns_of
from eventlog.lake.reading import facts_in_order
from eventlog.lake.rows import fact_of, row_of
from eventlog.lake.writing import archive
from learning.events import FACT_TYPES, Fact, encode
from tests.unit.eventlog.lake.lake_kit import a_log_and_a_lake, any_fact, everything


@given(any_fact())
def test_a_row_gives_its_fact_back(fact: Fact) -> None:
    """The fact of a fact's row is the fact, byte for byte."""
    back = fact_of(row_of(fact, 3, 7, None, None))

    assert back == fact
    assert encode(back) == encode(fact)


def test_every_field_has_a_column_and_every_column_a_field() -> None:
    """No type of fact has a field without a column, and no column is there for nothing."""
    fields = {column for data in FACT_TYPES.values() for column in columns_of(data).values()}

    assert fields == set(NAMES[11:])


def test_fields_of_one_fact_have_columns_of_their_own() -> None:
    """Two fields of one type never stand in the same column."""
    for data in FACT_TYPES.values():
        assert len(set(columns_of(data).values())) == len(data.__struct_fields__)


def test_columns_are_named_once() -> None:
    """No two columns have the same name."""
    assert len({column.name for column in COLUMNS}) == len(COLUMNS)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(any_fact(), max_size=30, unique_by=lambda fact: fact.identity))
def test_a_file_gives_its_facts_back(facts: list[Fact]) -> None:
    """What was archived comes back byte for byte: microseconds, scores, blanks and any printable text."""
    with a_log_and_a_lake(facts) as (log, lake):
        archive(lake, log, 0, len(facts))

        back = [encode(each.fact) for each in facts_in_order(lake, lake.manifest(0))]

    assert back == [encode(fact) for fact in facts]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(any_fact(), max_size=20, unique_by=lambda fact: fact.identity))
def test_a_file_says_what_rows_say(facts: list[Fact]) -> None:
    """What DuckDB makes of the log's JSON is what `row_of` makes of the facts, but for what the lake adds."""
    with a_log_and_a_lake(facts) as (log, lake):
        archive(lake, log, 0, len(facts))

        rows = [(row[:2], row[4:]) for row in everything(lake)]

    expected = [row_of(fact, 0, offset, None, None) for offset, fact in enumerate(facts)]
    assert rows == [(row[:2], row[4:]) for row in expected]
