"""The user's own programmes: files that are added while the worker runs are taken up."""

from pathlib import Path

import pytest

from learning.catalogue import CatalogueError
from projections.curriculum_files import CatalogueFolderError, CurriculumFolder, load_curriculum
from tests.builders import SMALL_FILE


def test_a_folder_that_is_not_there_gives_what_is_shipped(tmp_path: Path) -> None:
    """Without own files there are the programmes of the product."""
    assert "ambition-2024/npqsl" in load_curriculum(tmp_path / "none").programmes


def test_a_file_of_the_folder_defines_programmes_under_its_name(tmp_path: Path) -> None:
    """The file's name is the first part of its programmes' ids."""
    (tmp_path / "mine.toml").write_text(SMALL_FILE)

    assert "mine/course" in load_curriculum(tmp_path).programmes


def test_a_file_that_is_added_is_taken_up(tmp_path: Path) -> None:
    """Given a folder that was read, a file added later is in the curriculum when it is next asked for."""
    folder = CurriculumFolder(tmp_path)
    assert folder.current() is folder.current()

    (tmp_path / "mine.toml").write_text(SMALL_FILE)

    assert "mine/course" in folder.current().programmes


def test_a_faulty_file_is_named_once(tmp_path: Path) -> None:
    """The fault is raised when the file appears; after that the programmes stay as they were."""
    folder = CurriculumFolder(tmp_path)
    (tmp_path / "mine.toml").write_text("provider = 1")

    with pytest.raises(CatalogueError, match="mine"):
        folder.current()

    assert "ambition-2024/npqsl" in folder.current().programmes


def test_programmes_that_vanish_are_kept(tmp_path: Path) -> None:
    """When a file is gone, that is said once, and its programmes stay for those who are on them."""
    (tmp_path / "mine.toml").write_text(SMALL_FILE)
    folder = CurriculumFolder(tmp_path)
    (tmp_path / "mine.toml").unlink()

    with pytest.raises(CatalogueFolderError, match="no longer defines mine/course; put it back"):
        folder.current()

    assert "mine/course" in folder.current().programmes


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 get a sentence with the path."""
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(CatalogueFolderError, match=r"mine\.toml cannot be read"):
        load_curriculum(tmp_path)


def test_term_dates_of_the_folder_replace_the_usual_ones(tmp_path: Path) -> None:
    """A file of term dates moves the study weeks of the year it names."""
    usual = load_curriculum(tmp_path).plan("ambition-2024/npqlt", "2024-autumn")
    (tmp_path / "school-terms.toml").write_text(
        "[2024-25.autumn]\nstarts = 2024-09-02\nends = 2024-12-13\n"
        "half-term-starts = 2024-10-21\nhalf-term-ends = 2024-11-01\n"
        "[2024-25.spring]\nstarts = 2025-01-06\nends = 2025-04-04\n"
        "half-term-starts = 2025-02-17\nhalf-term-ends = 2025-02-21\n"
        "[2024-25.summer]\nstarts = 2025-04-22\nends = 2025-07-22\n"
        "half-term-starts = 2025-05-26\nhalf-term-ends = 2025-05-30\n"
    )

    moved = load_curriculum(tmp_path).plan("ambition-2024/npqlt", "2024-autumn")

    assert moved.week_ends != usual.week_ends
