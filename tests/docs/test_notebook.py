"""The notebook is true: it runs on a small data set like OULAD's, imported and archived as its reader does it."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import Cli

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebooks" / "oulad.py"
LEARNERS = 12
"""In each of the two presentations."""

FIRST, SECOND = "oulad/bbb-2013b", "oulad/bbb-2013j"


def rows_of(presentation: str) -> dict[str, list[str]]:
    """Registrations and hand-ins of one presentation: two learners leave before it begins, two on day 40 without work.

    All others hand both assignments in.
    """
    registrations, submissions = [], []
    base = 100 if presentation == "2013B" else 200
    for number in range(LEARNERS):
        left = "-5" if number % 6 == 0 else "40" if number % 3 == 0 else ""
        registrations.append(f"BBB,{presentation},{base + number},-20,{left}")
        if not left:
            submissions += [f"{base + 1},{base + number},15,0,70", f"{base + 2},{base + number},60,0,80"]
    return {"studentRegistration.csv": registrations, "studentAssessment.csv": submissions}


def write_oulad(folder: Path) -> Path:
    """A folder with two presentations of one module, as OULAD has them."""
    parts = [rows_of("2013B"), rows_of("2013J")]
    heads = {
        "studentRegistration.csv": "code_module,code_presentation,id_student,date_registration,date_unregistration",
        "studentAssessment.csv": "id_assessment,id_student,date_submitted,is_banked,score",
    }
    folder.mkdir()
    for name, head in heads.items():
        lines = [head, *(row for part in parts for row in part[name])]
        (folder / name).write_text("\n".join(lines) + "\n")
    (folder / "courses.csv").write_text(
        "code_module,code_presentation,module_presentation_length\nBBB,2013B,240\nBBB,2013J,268\n"
    )
    (folder / "assessments.csv").write_text(
        "code_module,code_presentation,id_assessment,assessment_type,date,weight\n"
        "BBB,2013B,101,TMA,19,40\nBBB,2013B,102,TMA,61,60\nBBB,2013J,201,TMA,19,40\nBBB,2013J,202,TMA,61,60\n"
    )
    return folder


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the small data set, which a worker has archived."""
    folder = tmp_path_factory.mktemp("notebook")
    cli = Cli(folder / "data")
    assert cli("import", "oulad", write_oulad(folder / "oulad"), "--no-visits").code == 0
    assert cli("worker", "--until-caught-up").code == 0
    return cli.folder


@pytest.fixture(scope="module")
def defined(data_dir: Path) -> dict[str, Any]:
    """What the cells of the notebook define when it runs on that folder."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ENGAGEMENT_DATA_DIR", str(data_dir))
        specification = importlib.util.spec_from_file_location("notebook", NOTEBOOK)
        assert specification is not None
        assert specification.loader is not None
        notebook = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(notebook)
        outputs, defined = notebook.app.run()
    assert len([each for each in outputs if each is not None]) >= 10
    return dict(defined)


def test_the_curve_ends_where_the_learners_do(defined: dict[str, Any]) -> None:
    """Of those still there at the end of the first presentation, each has handed everything in."""
    last = defined["curve"].frame.iloc[-1]

    assert (last["enrolled"], last["studying"], last["left"]) == (LEARNERS, 8, 4)
    assert last["completion"] == 1
    assert last["completion_with_left"] == pytest.approx(8 / LEARNERS)


def test_two_presentations_are_compared(defined: dict[str, Any]) -> None:
    """Both lose two of the ten who began on day 40, so their curves are the same and chance explains all."""
    curves = defined["stay"].frame

    assert set(curves["group"]) == {FIRST, SECOND}
    for _, own in curves.groupby("group"):
        assert own.loc[own["time"] == 40, ["at_risk", "events"]].to_numpy().tolist() == [[10, 2]]
        assert own.loc[own["time"] >= 40, "survival"].iloc[0] == pytest.approx(0.8)
    assert "p = 1.000" in defined["stay"].finding


def test_retention_and_partners_count_the_same_learners(defined: dict[str, Any]) -> None:
    """Eight of twelve did not withdraw, whether as a share of people or as a delivery partner's."""
    kept = defined["kept"].frame.set_index("measure").loc["not-withdrawn"]
    [partner] = defined["modules"].frame.to_dict("records")

    assert (kept["numerator"], kept["denominator"]) == (8, LEARNERS)
    assert (partner["partner"], partner["people"], partner["counted"]) == ("oulad-BBB", LEARNERS, 4)


def test_the_free_question_counts_who_was_there_after_28_days(defined: dict[str, Any]) -> None:
    """Of the ten, the eight who handed in early all stayed, and the two who did not both left."""
    expected = [(False, 2, 1.0), (True, 8, 0.0)]
    rows = defined["early"].itertuples(index=False, name=None)

    assert list(rows) == [(programme, *row) for programme in (FIRST, SECOND) for row in expected]
