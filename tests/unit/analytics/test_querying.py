"""What a statement that a person wrote may do: read the models, and nothing else, for a limited time."""

from pathlib import Path

import duckdb
import pytest
from duckdb import DuckDBPyConnection

from analytics.querying import QueryError, answer_of
from tests.analytics_kit import warehouse
from tests.builders import completed, enrolled

FACTS = [enrolled(), enrolled(enrolment="e-2", participant="p-2", partner="partner-2"), completed("module-1")]


@pytest.fixture(scope="module")
def connection() -> DuckDBPyConnection:
    """Two enrolments, of which one did something."""
    return warehouse(FACTS)


def rows(connection: DuckDBPyConnection, text: str, seconds: float = 60) -> list[tuple[object, ...]]:
    """What a statement answers."""
    with answer_of(connection, text, seconds=seconds) as relation:
        return relation.fetchall()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT partner FROM dim_enrolment ORDER BY partner", [("partner-1",), ("partner-2",)]),
        ("FROM dim_enrolment SELECT count(*);", [(2,)]),
        ("VALUES (1, 'a')", [(1, "a")]),
        ("-- about us\nSELECT 1; -- the end", [(1,)]),
        ("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT sum(i) FROM n", [(6,)]),
        ("SELECT sum(i) FROM range(4) AS r(i), unnest([1, 2])", [(12,)]),
        ("SELECT 1 INTERSECT SELECT 1", [(1,)]),
        ("FROM (PIVOT (SELECT 'a' AS k, 2 AS n) ON k IN ('a') USING sum(n))", [(2,)]),
        ("SELECT 'COPY x TO y; INSERT' AS said", [("COPY x TO y; INSERT",)]),
    ],
)
def test_a_statement_that_reads_is_answered(
    connection: DuckDBPyConnection, text: str, expected: list[tuple[object, ...]]
) -> None:
    """Every form of reading is allowed, also with words in a text that would write as a statement."""
    assert rows(connection, text) == expected


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("DESCRIBE dim_enrolment", "enrolment"),
        ("SHOW TABLES", "dim_component"),
        ("SUMMARIZE dim_enrolment", "enrolment"),
        ("EXPLAIN SELECT 1", "physical_plan"),
        ("/* why */ explain analyze (format json) SELECT * FROM dim_enrolment", "analyzed_plan"),
    ],
)
def test_a_statement_about_tables_or_plans_is_answered(connection: DuckDBPyConnection, text: str, first: str) -> None:
    """What there is and how a statement is worked out can be asked."""
    assert rows(connection, text)[0][0] == first


WRITING = [
    "COPY (SELECT 1) TO '{file}'",
    "WITH w AS (COPY (SELECT 1) TO '{file}' (USE_TMP_FILE false)) SELECT 1",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{file}' (USE_TMP_FILE false)",
    "EXPLAIN ANALYZE WITH w AS (COPY (SELECT 1) TO '{file}' (USE_TMP_FILE false)) SELECT 1",
    "EXPLAIN /* SELECT */ ANALYZE COPY (SELECT 1) TO '{file}' (USE_TMP_FILE false)",
    "WITH w AS (INSERT INTO stolen VALUES (1) RETURNING *) SELECT * FROM w",
    "WITH w AS (DELETE FROM stolen RETURNING *) SELECT * FROM w",
    "EXPLAIN ANALYZE CREATE TABLE stolen (i INT)",
    "CREATE TABLE stolen (i INT)",
    "INSERT INTO stolen VALUES (1)",
    "UPDATE stolen SET i = 1",
    "DELETE FROM stolen",
    "DROP VIEW dim_enrolment",
    "ATTACH '{file}' AS stolen",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET threads = 1",
    "RESET threads",
    "PRAGMA enable_profiling",
    "CALL pragma_version()",
    "EXPORT DATABASE '{file}'",
    "PREPARE p AS SELECT 1",
    "BEGIN",
    "CHECKPOINT",
    "FROM query('SELECT 1')",
    "FROM json_execute_serialized_sql('x')",
    "PIVOT dim_enrolment ON status USING count(*)",
    "SELECT 1; SELECT 2",
    "",
    "-- nothing",
]


@pytest.mark.parametrize("text", WRITING)
def test_what_does_more_than_read_is_refused(tmp_path: Path, text: str) -> None:
    """No statement writes a file or a table or changes a setting, also inside of WITH and EXPLAIN."""
    file = tmp_path / "stolen"
    open_wide = duckdb.connect()
    open_wide.execute("CREATE VIEW dim_enrolment AS SELECT 'active' AS status").fetchall()

    with pytest.raises(QueryError):
        rows(open_wide, text.format(file=file))

    assert not file.exists()
    tables = "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'stolen'"
    assert open_wide.execute(tables).fetchall() == [(0,)]


@pytest.mark.parametrize(
    "source",
    [
        "read_csv('{file}')",
        "read_text('{file}')",
        "read_blob('{file}')",
        "read_json('{file}')",
        "read_parquet('{file}')",
        "parquet_metadata('{file}')",
        "glob('{file}')",
        "sniff_csv('{file}')",
        "(SELECT (SELECT content FROM read_text('{file}')) AS inside)",
        "read_csv('https://example.org/x.csv')",
        "duckdb_secrets()",
        "duckdb_settings()",
        "which_secret('s3://x', 's3')",
        "enable_logging()",
    ],
)
def test_what_reads_files_or_settings_is_refused_by_name(tmp_path: Path, source: str) -> None:
    """Functions that reach beyond the tables are refused before they run, also where DuckDB is not locked down."""
    file = tmp_path / "secret.csv"
    file.write_text("secret\n1\n")

    with pytest.raises(QueryError, match="not allowed"):
        rows(duckdb.connect(), f"SELECT * FROM {source}".format(file=file))


@pytest.mark.parametrize("source", ["FROM '{file}'", "FROM 'https://example.org/x.parquet'", "SELECT getenv('HOME')"])
def test_a_locked_connection_reads_no_file_and_no_environment(tmp_path: Path, source: str) -> None:
    """Neither a file in the place of a table nor an environment variable can be read."""
    file = tmp_path / "secret.csv"
    file.write_text("secret\n1\n")
    locked = warehouse(FACTS)
    locked.execute("SET enable_external_access = false").fetchall()

    with pytest.raises(QueryError):
        rows(locked, source.format(file=file))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT * FROM dim_enrolments", 'Did you mean "dim_enrolment"?'),
        ("SELECT program FROM dim_enrolment", 'Candidate bindings: "programme"'),
        ("SELECT 1\nFORM dim_enrolment x y", "line 2"),
    ],
)
def test_what_duckdb_cannot_run_is_told_in_a_sentence(connection: DuckDBPyConnection, text: str, said: str) -> None:
    """Its advice and the line are there; its drawing of the place is not."""
    with pytest.raises(QueryError) as raised:
        rows(connection, text)

    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "^" not in str(raised.value)


def test_a_statement_that_takes_too_long_is_stopped(connection: DuckDBPyConnection) -> None:
    """After its time it ends with a sentence, and the connection goes on answering."""
    with pytest.raises(QueryError, match=r"longer than 0\.05 seconds"):
        rows(connection, "SELECT sum(a.i * b.i) FROM range(10000000) AS a(i), range(10000000) AS b(i)", 0.05)

    assert rows(connection, "SELECT 1") == [(1,)]


def test_models_that_a_statement_names_are_kept() -> None:
    """What one statement worked out is there for the next."""
    connection = warehouse(FACTS)

    rows(connection, "SELECT count(*) FROM dim_enrolment")

    kept = connection.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
    assert ("dim_enrolment",) in kept


def test_looking_at_a_model_works_nothing_out() -> None:
    """Whoever only asks for the columns does not wait for the rows."""
    connection = warehouse(FACTS)
    before = connection.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()

    rows(connection, "DESCRIBE dim_enrolment")
    rows(connection, "EXPLAIN SELECT * FROM dim_enrolment")

    assert connection.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall() == before
