"""Column maps: read from TOML, checked when loaded, found by the partner's name."""

from pathlib import Path

import pytest

from producers.register.column_maps import (
    ATTENDANCE_WORDS,
    HEADINGS,
    ColumnMapError,
    load_column_map,
    partner_column_map,
)


def test_a_map_is_found_by_the_partners_name(tmp_path: Path) -> None:
    """The data folder keeps one map a partner."""
    (tmp_path / "registers").mkdir()
    (tmp_path / "registers" / "partner-1.toml").write_text('[columns]\nenrolment = "Ref"\n', encoding="utf-8")

    assert partner_column_map(tmp_path, "partner-1").headings_of("enrolment") == ("Ref",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("columns = ", "is wrong"),
        ('[columns]\nshoe-size = "Size"\n', "shoe-size"),
        ('colums = "x"\n', "colums"),
        ('[values.attendance]\nhere = "present"\n', "must be one of attended, absent, caught-up"),
        ('date_format = "%Q"\n', "date_format '%Q'"),
        ('date_format = ["%d/%m/%Y", "dd/mm/yyyy"]\n', "date_format 'dd/mm/yyyy'"),
        ('date_format = "%d %B"\n', "date_format '%d %B'"),
    ],
    ids=["no-toml", "unknown-column", "unknown-key", "unknown-attendance", "no-code", "excel-code", "no-year"],
)
def test_a_map_with_a_slip_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """The message names the file and the slip."""
    path = tmp_path / "partner.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ColumnMapError, match=says) as caught:
        load_column_map(path)
    assert "partner.toml" in str(caught.value)


def test_a_missing_map_is_named(tmp_path: Path) -> None:
    """A partner without a map is told where one would stand."""
    with pytest.raises(ColumnMapError, match=r"partner-9\.toml cannot be read"):
        partner_column_map(tmp_path, "partner-9")


def test_the_reference_page_lists_every_heading_and_word() -> None:
    """What is understood without a map is documented, column by column."""
    page = (Path(__file__).parents[3] / "docs/reference/register-columns.md").read_text(encoding="utf-8")
    rows = {
        cells[0].strip(" `"): line
        for line in reversed(page.splitlines())
        if len(cells := line.strip("| ").split("|")) > 1
    }

    for column, headings in HEADINGS.items():
        assert ", ".join(headings) in rows[column]
    for meaning, words in ATTENDANCE_WORDS.items():
        assert ", ".join(words) in rows[meaning].replace("`", "")
