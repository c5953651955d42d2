"""The comparison of analytics: its lake is what it says, its contenders agree, and a difference is told."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from analytics.questions.registry import QUESTIONS
from bench import (
    analytics,
    analytics_contender,
    analytics_flags,
    analytics_lake,
    analytics_pandas_questions,
    analytics_polars_questions,
)
from bench.analytics_facts import LAST_DAY
from eventlog.facts import DEFAULT_PARTITIONS
from eventlog.lake.lake import Lake
from eventlog.lake.rows import fact_of
from eventlog.partitioner import partition_of
from learning.events import Fact
from learning.facts import ContactMade, DayStarted

FACTS, ENROLMENTS = 20_000, 150

COMPARED = [each for each in QUESTIONS if each not in analytics_contender.NOT_COMPARED]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small lake."""
    folder: Path = tmp_path_factory.mktemp("analytics")
    analytics_lake.build(folder, FACTS, ENROLMENTS)
    return folder


@pytest.fixture(scope="module")
def result(folder: Path) -> Mapping[str, Any]:
    """The comparison on it, as `--json` prints it; all in this process, which spares starting three."""

    def run(part: str, contender: str, place: Path, answers: str, runs: str) -> dict[str, Any]:
        assert part == "contender"
        return analytics_contender.run(contender, place, Path(answers), int(runs.removeprefix("--runs=")))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(analytics, "_run", run)
        found: dict[str, Any] = json.loads(json.dumps(analytics.compare(folder, FACTS, ENROLMENTS, runs=1)))
    return found


@pytest.fixture(scope="module")
def rows(folder: Path) -> list[tuple[Any, ...]]:
    """All rows of the lake in the order of the log."""
    with duckdb.connect() as connection:
        query = f"SELECT * FROM {Lake(folder / 'lake').relation()} ORDER BY log_partition, log_offset"
        return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def facts(rows: list[tuple[Any, ...]]) -> list[Fact]:
    """What the rows say, strictly checked."""
    return [fact_of(row) for row in rows]


def test_the_lake_has_so_many_facts_of_so_many_enrolments(facts: list[Fact]) -> None:
    """As many facts and enrolments as were asked for, each fact once, and every one such as the log takes."""
    assert len(facts) == len({fact.identity for fact in facts}) == FACTS
    assert len({fact.subject for fact in facts if not isinstance(fact.data, DayStarted)}) == ENROLMENTS


def test_the_lake_could_have_come_from_a_log(rows: list[tuple[Any, ...]], facts: list[Fact]) -> None:
    """Offsets have no gaps, people stand in the partition of their id, and the day known is the latest that started."""
    offsets: Counter[int] = Counter()
    days: dict[int, Any] = dict.fromkeys(range(DEFAULT_PARTITIONS))
    for (partition, offset, day_known, *_), fact in zip(rows, facts, strict=True):
        assert (offset, day_known) == (offsets[partition], days[partition])
        offsets[partition] += 1
        if isinstance(fact.data, DayStarted):
            days[partition] = fact.data.day
        else:
            assert partition == partition_of(fact.partitionkey.encode(), DEFAULT_PARTITIONS)


def test_all_that_questions_are_about_happens(facts: list[Fact]) -> None:
    """People are enrolled, study, miss sessions, are contacted, pause, move, leave, and are assessed."""
    kinds = Counter(fact.type.removeprefix("learning.").removesuffix(".v1") for fact in facts)
    common = ("enrolled", "component-completed", "attendance-recorded", "activity-seen", "contact-made", "day-started")

    assert kinds["enrolled"] == ENROLMENTS
    assert all(kinds[each] > 20 for each in common)
    assert {"component-reopened", "deferred", "resumed", "withdrawn", "transferred", "assessment-marked"} <= set(kinds)
    assert {fact.data.attendance for fact in facts if hasattr(fact.data, "attendance")} == {
        "attended",
        "absent",
        "caught-up",
    }


def test_flags_are_made_up_around_contacts(folder: Path, facts: list[Fact]) -> None:
    """Who was contacted was flagged in the two weeks before, some others too; flags are cleared and raised anew."""
    told = analytics_flags.decisions(Lake(folder / "lake").files())
    first_flags = told[told["change"] == "raised"].groupby("enrolment")["day"].min()
    first_contacts = pd.Series(
        {
            fact.subject: fact.time
            for fact in sorted(facts, key=lambda fact: fact.time, reverse=True)
            if isinstance(fact.data, ContactMade)
        }
    )
    days = (first_contacts.dt.tz_localize(None).dt.normalize() - first_flags.reindex(first_contacts.index)).dt.days

    assert days.between(0, 13).all()
    assert len(first_flags) > len(first_contacts)
    assert set(told["change"]) == {"raised", "changed", "cleared"}
    assert told.loc[told["change"] == "raised", "enrolment"].duplicated().any()


def test_flags_are_always_the_same(folder: Path) -> None:
    """All contenders are told the same decisions, none after the latest day that has started."""
    files = Lake(folder / "lake").files()
    told = analytics_flags.decisions(files)

    pd.testing.assert_frame_equal(told, analytics_flags.decisions(files))
    assert told["day"].max() <= pd.Timestamp(LAST_DAY)


def test_every_question_is_compared() -> None:
    """No question is left out when the contenders are compared, but the one about alerts, of which there are none."""
    assert list(analytics.KEYS) == COMPARED
    assert list(analytics_pandas_questions.QUESTIONS) == COMPARED
    assert list(analytics_polars_questions.QUESTIONS) == COMPARED


def test_the_three_contenders_agree(result: Mapping[str, Any]) -> None:
    """Every figure that pandas and polars work out is the one that our questions give."""
    assert result["differences"] == []


def test_every_question_is_timed(result: Mapping[str, Any]) -> None:
    """Each question has its seconds, and beside them those of pandas and of polars."""
    timed = {each["name"]: each for each in result["questions"]}

    assert list(timed) == COMPARED
    for each in timed.values():
        for contender in ("", "pandas_", "polars_"):
            assert each[f"{contender}seconds"] > 0
            assert each[f"{contender}first_seconds"] > 0


def test_the_lake_is_weighed(folder: Path, result: Mapping[str, Any]) -> None:
    """Bytes a fact are those of the files that count, over the facts that they hold; memory is told in MiB."""
    size = sum(file.stat().st_size for file in Lake(folder / "lake").files())

    assert (result["facts"], result["enrolments"], result["lake_bytes"]) == (FACTS, ENROLMENTS, size)
    assert result["bytes_per_fact"] == pytest.approx(size / FACTS, abs=0.01)
    assert result["peak_mb"] > 0
    assert result["completion_per_s"] > 0


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        ({"week": [1, 2], "completion": [0.5, 0.6]}, []),
        ({"week": [2, 1], "completion": [0.6, 0.5 + 1e-12]}, []),
        ({"week": [1, 2], "completion": [0.5, 0.7]}, ["completion differs by up to 0.1"]),
        ({"week": [1, 2], "completion": [0.5, None]}, ["completion is blank in one of the two in 1 rows"]),
        ({"week": [1], "completion": [0.5]}, ["1 rows are not in both, the first {'week': 2}"]),
    ],
)
def test_a_difference_is_told(theirs: dict[str, list[float | None]], told: list[str]) -> None:
    """Rows are compared by their key, in any order; a figure or a row that differs is told, and by how much."""
    ours = pd.DataFrame({"week": [1, 2], "completion": [0.5, 0.6], "studying": [9, 8]})

    assert list(analytics.unequal(ours, pd.DataFrame(theirs), ("week",))) == told


def test_contenders_that_disagree_end_it_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given figures that differ, the exit code says so, and the JSON has them."""
    monkeypatch.setattr(analytics, "compare", lambda *_: {"differences": ["survival, pandas: events differs"]})

    assert analytics.main(["--keep", str(tmp_path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["differences"] == ["survival, pandas: events differs"]
