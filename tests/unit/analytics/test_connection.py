"""Opening the lake: which files, as of which day, and that nothing else can be reached."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import duckdb
import pytest

from analytics import NoLakeError, connect, models, need
from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC, record_of
from eventlog.lake.lake import Lake
from eventlog.lake.writing import archive
from learning.events import Fact
from learning.facts import DayStarted
from projections import risk_history
from projections.live import LiveProjections
from tests.analytics_kit import told
from tests.builders import SMALL_FILE, at, completed, enrolled, make

FACTS = (enrolled(), completed("module-1", at(2)), completed("module-2", at(40)))


def archived(data_dir: Path, facts: Sequence[Fact], lake: Path | None = None) -> Path:
    """A data folder with the small course and a lake of these facts."""
    programmes = data_dir / "programmes"
    programmes.mkdir(parents=True)
    (programmes / "small.toml").write_text(SMALL_FILE, encoding="utf-8")
    with EmbeddedLog(data_dir / "log.db") as log:
        log.create_topic(FACTS_TOPIC, 2)
        log.append(FACTS_TOPIC, [record_of(each) for each in facts])
        for partition, end in log.end_offsets(FACTS_TOPIC).items():
            archive(Lake(lake or data_dir / "lake"), log, partition, end)
    return data_dir


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A connection that refuses, so that nothing of one test is left for another, and its lake."""
    data_dir = archived(tmp_path_factory.mktemp("data"), FACTS)
    with connect(data_dir) as connection:
        yield connection, data_dir / "lake"


def test_every_model_can_be_read(tmp_path: Path) -> None:
    """Each model is there as a view over the lake's files, and can be kept as a table."""
    with connect(archived(tmp_path, FACTS)) as connection:
        views = connection.execute("SELECT view_name FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal")
        assert {name for (name,) in views.fetchall()} == set(models.names())
        need(connection, *models.names())
        assert connection.execute("SELECT points FROM fact_completion").fetchall() == [(2,)]


def test_without_a_lake_it_is_said_what_makes_one(tmp_path: Path) -> None:
    """Who asks before anything was archived is told to run the worker."""
    with pytest.raises(NoLakeError, match="run `engagement worker`"):
        connect(tmp_path)


def test_the_data_folder_is_the_one_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument the environment says where the data is."""
    monkeypatch.setenv("ENGAGEMENT_DATA_DIR", str(archived(tmp_path / "data", FACTS)))

    with connect() as connection:
        assert told(connection, "dim_enrolment", "enrolment") == [("e-1",)]


def test_the_lake_can_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lake that is not in the data folder is found where the environment says."""
    data_dir = archived(tmp_path / "data", FACTS, tmp_path / "elsewhere")
    monkeypatch.setenv("ENGAGEMENT_LAKE_DIR", str(tmp_path / "elsewhere"))

    with connect(data_dir) as connection:
        assert told(connection, "fact_completion", "points") == [(2,)]


def test_the_lake_asked_for_is_the_one_that_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who says where the lake is need not heed what the environment says."""
    data_dir = archived(tmp_path / "data", FACTS, tmp_path / "elsewhere")
    monkeypatch.setenv("ENGAGEMENT_LAKE_DIR", str(tmp_path / "nowhere"))

    with connect(data_dir, lake_dir=tmp_path / "elsewhere") as connection:
        assert told(connection, "fact_completion", "points") == [(2,)]


def test_both_times_are_cut(tmp_path: Path) -> None:
    """What happened, or was recorded, from the day asked for on is left out."""
    data_dir = archived(tmp_path, [*FACTS, completed("module-3", at(3), recordedtime=at(50))])

    for days, points in (
        ({"as_of": date(2025, 10, 1)}, 2),
        ({"known_at": date(2025, 10, 1)}, 1),
        ({"as_of": date(2025, 10, 1), "known_at": date(2025, 10, 1)}, 1),
        ({}, 3),
    ):
        with connect(data_dir, **days) as connection:
            assert told(connection, "fact_completion", "points") == [(points,)]


def test_a_cursor_sees_the_same_days(tmp_path: Path) -> None:
    """A notebook's second cursor is cut to the same days; it does not see other facts."""
    with connect(archived(tmp_path, FACTS), as_of=date(2025, 10, 1)) as connection:
        found = connection.cursor().execute("SELECT points, as_of FROM fact_completion, dim_time").fetchall()

    assert found == [(1, date(2025, 10, 1))]


def test_instants_are_in_utc(tmp_path: Path) -> None:
    """Whatever the zone of the machine, an instant is shown in UTC."""
    with connect(archived(tmp_path, FACTS)) as connection:
        shown = connection.execute("SELECT max(happened_at)::VARCHAR FROM stg_fact").fetchall()

    assert shown == [("2025-10-18 09:00:00+00",)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '{lake}/other.parquet'",
        "SELECT * FROM read_parquet('{lake}/**/*.parquet')",
        "SELECT * FROM glob('{lake}/*')",
        "SELECT * FROM read_csv('https://example.org/facts.csv')",
        "INSTALL httpfs",
        "LOAD httpfs",
        "ATTACH '{lake}/other.db'",
        "COPY (SELECT 1) TO '{lake}/copy.csv'",
        "EXPORT DATABASE '{lake}/export'",
        "CREATE SECRET (TYPE s3)",
        "SET enable_external_access = true",
        "SET allowed_paths = ['/etc/passwd']",
        "SET memory_limit = '100GB'",
        "RESET lock_configuration",
    ],
)
def test_nothing_but_the_lake_can_be_reached(locked: tuple[duckdb.DuckDBPyConnection, Path], statement: str) -> None:
    """Other files, servers, extensions and the settings that would let them in are refused."""
    connection, lake = locked

    with pytest.raises((duckdb.PermissionException, duckdb.InvalidInputException)):
        connection.execute(statement.format(lake=lake)).fetchall()


def test_the_memory_can_be_bounded(tmp_path: Path) -> None:
    """A machine that does other things too says how much memory the questions may have."""
    with connect(archived(tmp_path, FACTS), memory_limit="300MB") as connection:
        shown = connection.execute("SELECT current_setting('memory_limit')").fetchall()

    assert shown == [("286.1 MiB",)]


def test_programmes_are_those_of_the_data_folder(tmp_path: Path) -> None:
    """A catalogue file of the user's own is known to the models, with its plan."""
    with connect(archived(tmp_path, FACTS)) as connection:
        assert told(connection, "dim_plan", "programme, intake") == [("small/course", "autumn")]


def test_decisions_are_those_of_the_projections(tmp_path: Path) -> None:
    """What the projections in the data folder decided is there, up to the day asked for."""
    data_dir = archived(tmp_path, [*FACTS, make(DayStarted(day=date(2025, 11, 1)), enrolment="calendar")])
    with (
        LiveProjections(data_dir / "projections") as projections,
        projections.writing() as store,
        store.changing() as writer,
    ):
        risk_history.put(writer, [decided(date(2025, 10, 1)), decided(date(2025, 10, 3))])

    columns = "enrolment, day, level, previous_level, change"
    with connect(data_dir, as_of=date(2025, 10, 2)) as connection:
        assert told(connection, "fact_decision", columns) == [
            ("e-1", date(2025, 10, 1), "at-risk", "on-track", "raised")
        ]
    with connect(data_dir) as connection:
        assert len(told(connection, "fact_decision", columns)) == 2


def test_without_projections_there_are_no_decisions(tmp_path: Path) -> None:
    """A lake that was copied without the projections can be asked everything that needs no decisions."""
    with connect(archived(tmp_path, FACTS)) as connection:
        assert told(connection, "fact_decision", "*") == []


def decided(day: date) -> dict[str, object]:
    """A decision that raised a flag."""
    return {
        "enrolment": "e-1",
        "day": day,
        "level": "at-risk",
        "previous_level": "on-track",
        "change": "raised",
        "points": 4,
        "reasons": b"[]",
        "policy": "tests",
        "since": day,
        "flagged_since": day,
        "status": "active",
        "provider": "provider-1",
        "partner": "partner-1",
    }
