"""Survival and retention of real people (OULAD), held against lifelines and DuckDB on the CSV files themselves.

OULAD: Kuzilek, Hlosta, Zdrahal, Scientific Data 4:170171 (2017), doi 10.1038/sdata.2017.171, CC BY 4.0.
"""

import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from duckdb import DuckDBPyConnection
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test

from analytics.filters import Filters
from analytics.questions.retention import retention
from analytics.questions.survival import survival
from learning.catalogue import parse
from learning.curriculum import Curriculum
from producers.oulad import _add_first_days, _facts
from producers.oulad_catalogue import FILE, catalogue_text, read_presentations
from producers.oulad_files import opened
from tests.analytics_kit import warehouse

REAL = Path(os.environ.get("OULAD_DIR", Path(__file__).parents[3] / "shared" / "oulad"))
FIRST_DAYS = {"2013B": date(2013, 2, 1), "2013J": date(2013, 10, 1), "2014B": date(2014, 2, 1)}
DAY = 230
"""The day of the presentations as of which everything is measured: shortly before the shortest of them ends."""

pytestmark = [
    pytest.mark.skipif(not REAL.is_dir(), reason="the OULAD files are not there (OULAD_DIR names their folder)"),
    pytest.mark.xdist_group("oulad"),
]


@pytest.fixture(scope="module", params=list(FIRST_DAYS))
def presentation(request: pytest.FixtureRequest) -> str:
    """One of the three times at which modules were presented."""
    return str(request.param)


@pytest.fixture(scope="module")
def models(presentation: str) -> Iterator[DuckDBPyConnection]:
    """The models over what the import of OULAD makes of the files, but for the clicks."""
    with opened(REAL) as (connection, _):
        presentations = read_presentations(connection)
        _add_first_days(connection, presentations)
        facts = [each for each in _facts(connection, visits=False) if f"-{presentation}-" in each.subject]
    curriculum = Curriculum.shipped().extended([parse(catalogue_text(presentations), FILE)])
    with warehouse(facts, curriculum, as_of=FIRST_DAYS[presentation] + timedelta(days=DAY)) as connection:
        yield connection


@pytest.fixture(scope="module")
def people(presentation: str) -> pd.DataFrame:
    """Straight from the files, a row a learner: the days on which they began, left, finished and first worked."""
    key = ["code_module", "code_presentation", "id_student"]
    registered = pd.read_csv(REAL / "studentRegistration.csv").fillna({"date_registration": 0})
    registered = registered[registered["code_presentation"] == presentation]
    registered = registered[registered["date_registration"] < DAY].set_index(key)
    left = registered["date_unregistration"].where(registered["date_unregistration"] < DAY)
    every = pd.read_csv(REAL / "assessments.csv")
    assessments = every[every["assessment_type"] != "Exam"]
    weighted = assessments.groupby(key[:2])["weight"].transform("sum") > 0
    counts = assessments[(assessments["weight"] > 0) | ~weighted]
    work = pd.read_csv(REAL / "studentAssessment.csv").merge(every[["id_assessment", *key[:2]]])
    work["day"] = work["date_submitted"].where(work["is_banked"] == 0, 0).fillna(0)
    work = work[work["day"] < DAY]
    counting = work.merge(counts[["id_assessment"]]).groupby(key)["day"]
    in_all = counts.groupby(key[:2]).size().reindex(counting.size().index.droplevel(2)).to_numpy()
    finished = counting.max()[counting.size() == in_all]
    began = registered["date_registration"].clip(lower=0)
    return pd.DataFrame(
        {
            "programme": [f"oulad/{module}-{code}".lower() for module, code, _ in registered.index],
            "began": began,
            "left": left,
            "finished": finished.reindex(registered.index).where(left.isna()),
            "worked": work[work["is_banked"] == 0].groupby(key)["day"].min().reindex(registered.index),
        }
    )


@pytest.fixture(scope="module")
def seen(people: pd.DataFrame) -> pd.DataFrame:
    """Of those who began: the programme, on which day of theirs they were last seen, and whether they left then."""
    there = people[~(people["left"] < people["began"])]
    last = there["left"].fillna(DAY).clip(lower=there["began"])
    days = (last - there["began"]).astype(int)
    return pd.DataFrame({"programme": there["programme"], "days": days, "left": there["left"].notna()})


def test_survival_per_presentation_equals_that_of_lifelines(models: DuckDBPyConnection, seen: pd.DataFrame) -> None:
    """The curve and band of every presentation are those that lifelines makes of the files, to 1e-9."""
    curves = dict(list(survival(models, by="programme").frame.groupby("group")))

    assert set(curves) == set(seen["programme"])
    for programme, own in seen.groupby("programme"):
        oracle = KaplanMeierFitter().fit(own["days"], own["left"])
        found = curves[programme].set_index("time")
        assert list(found.index) == list(oracle.survival_function_.index)
        for column, expected in (
            ("survival", oracle.survival_function_.iloc[:, 0]),
            ("low", oracle.confidence_interval_.iloc[:, 0]),
            ("high", oracle.confidence_interval_.iloc[:, 1]),
        ):
            np.testing.assert_allclose(found[column], expected, atol=1e-9, rtol=0)


def test_two_presentations_are_compared_as_lifelines_does(models: DuckDBPyConnection, seen: pd.DataFrame) -> None:
    """The log-rank test of two modules says the same as that of lifelines."""
    first, second = sorted(set(seen["programme"]))[-2:]
    here, there = (seen[seen["programme"] == each] for each in (first, second))
    oracle = logrank_test(here["days"], there["days"], here["left"], there["left"])

    finding = survival(models, by="programme", compare=(first, second)).finding
    p = f"= {oracle.p_value:.3f}" if oracle.p_value >= 0.001 else "< 0.001"
    assert f"(chi-squared {oracle.test_statistic:.2f}, p {p})" in finding


def test_retention_per_presentation_equals_a_count_over_the_files(
    models: DuckDBPyConnection, people: pd.DataFrame
) -> None:
    """Numerator, denominator and rate of who worked before leaving are those of plain pandas on the files, to 1e-9."""
    frame = retention(models).frame
    found = frame[frame["measure"] == "dfe-retention"].set_index("course")

    started = people[people["worked"].notna() & ~(people["left"] <= people["worked"])]
    expected = started.groupby("programme")["left"].agg(lambda left: left.isna().sum()).astype(int)
    sizes = started.groupby("programme").size()
    assert found["numerator"].to_dict() == expected.to_dict()
    assert found["denominator"].to_dict() == sizes.to_dict()
    np.testing.assert_allclose(found["rate"].loc[sizes.index], expected / sizes, atol=1e-9, rtol=0)
    finished = started[started["finished"].notna()].groupby("programme").size().reindex(sizes.index, fill_value=0)
    assert found["completed"].to_dict() == finished.to_dict()


def test_plain_counts_equal_duckdb_over_the_files(models: DuckDBPyConnection, presentation: str) -> None:
    """Who enrolled and who withdrew, per presentation, are the rows of the registration file."""
    with duckdb.connect() as plain:
        rows = plain.execute(
            """
            SELECT 'oulad/' || lower(code_module || '-' || code_presentation), count(*),
                count(*) FILTER (date_unregistration < $day)
            FROM read_csv($file)
            WHERE code_presentation = $presentation AND coalesce(date_registration, 0) < $day
            GROUP BY ALL
            """,
            {"day": DAY, "file": str(REAL / "studentRegistration.csv"), "presentation": presentation},
        ).fetchall()
    frame = retention(models).frame
    all_enrolled = frame[frame["measure"] == "not-withdrawn"]

    found = zip(all_enrolled["course"], all_enrolled["denominator"], all_enrolled["withdrawn"], strict=True)
    assert sorted(found) == sorted(rows)


def test_a_module_by_itself_has_the_curve_it_has_among_all(models: DuckDBPyConnection, seen: pd.DataFrame) -> None:
    """Filtering and telling groups apart are two ways to the same people."""
    programme = str(seen["programme"].iloc[0])
    among = survival(models, by="programme").frame
    alone = survival(models, Filters(programme=programme)).frame

    own = among[among["group"] == programme].reset_index(drop=True)
    assert alone.drop(columns="group").equals(own.drop(columns="group"))
