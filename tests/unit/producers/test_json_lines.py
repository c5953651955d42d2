"""JSON lines: good lines become facts, bad lines are parked one by one, and a wrong file is refused in one sentence."""

import gzip
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eventlog.base import EventLog
from eventlog.rejects import parked
from learning.events import Fact, encode, fact
from learning.facts import ComponentCompleted
from producers.json_lines import LONGEST_LINE, NotJsonLinesError, import_events, read_json_lines

OnLog = Callable[[EventLog], list[Fact]]


def a_fact(number: int = 1, component: str = "module-1") -> Fact:
    """A fact like any other."""
    return fact(
        ComponentCompleted(component=component),
        id=f"fact-{number}",
        source="/lms",
        subject=f"enrolment-{number}",
        time=datetime(2025, 11, 1, 12, tzinfo=UTC),
        partitionkey=f"participant-{number}",
    )


def lines(*facts: Fact) -> bytes:
    """Facts as a file has them."""
    return b"".join(encode(each) + b"\n" for each in facts)


def test_good_lines_become_facts(tmp_path: Path, log: EventLog, now: datetime, on_log: OnLog) -> None:
    """Every envelope of a file is on the log afterwards, and counted."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines(a_fact(1), a_fact(2)))

    report = import_events(log, [path], now)

    assert (report.appended, report.parked) == (2, 0)
    assert sorted(each.id for each in on_log(log)) == ["fact-1", "fact-2"]


def test_a_second_import_adds_nothing(tmp_path: Path, log: EventLog, now: datetime, on_log: OnLog) -> None:
    """The same file again is all duplicates."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines(a_fact(1), a_fact(2)))
    import_events(log, [path], now)

    report = import_events(log, [path], now)

    assert (report.appended, report.duplicates) == (0, 2)
    assert len(on_log(log)) == 2


def test_an_unreadable_line_is_parked_and_the_others_are_loaded(
    tmp_path: Path, log: EventLog, now: datetime, on_log: OnLog
) -> None:
    """A bad line keeps its bytes, its place and the reason; the lines around it are facts."""
    bad = b'{"id": "x", "colour": "\xff"}\n'
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines(a_fact(1)) + b"\n" + bad + lines(a_fact(2)))

    report = import_events(log, [path], now)

    [reject] = parked(log).values()
    assert (report.appended, report.parked) == (2, 1)
    assert (reject.origin, reject.original, reject.at) == ("events.jsonl:3", bad, now)
    assert reject.reason.startswith("not a fact")
    assert len(on_log(log)) == 2


def test_a_gzipped_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    """Compression is told by the content."""
    path = tmp_path / "events.dat"
    path.write_bytes(gzip.compress(lines(a_fact(1))))

    assert list(read_json_lines(path)) == [a_fact(1)]


def test_a_damaged_gzip_file_gives_what_stands_before_the_damage(tmp_path: Path) -> None:
    """A transfer that broke off loses nothing that arrived, and says so where it ends."""
    whole = gzip.compress(lines(*(a_fact(number, component=f"module-{number * 7919}") for number in range(5_000))))
    path = tmp_path / "events.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])

    *facts, last = read_json_lines(path)

    assert len(facts) > 1_000
    assert not isinstance(last, Fact)
    assert "damaged" in last.reason


def test_a_stream_is_read_like_a_file(log: EventLog, now: datetime) -> None:
    """Standard input, or anything else that gives bytes, works too."""
    report = import_events(log, [io.BytesIO(lines(a_fact(1)) + b"{}\n")], now)

    assert (report.appended, report.parked) == (1, 1)
    assert [each.origin for each in parked(log).values()] == ["stream:2"]


def test_a_mark_at_the_beginning_does_not_matter(tmp_path: Path) -> None:
    """Windows programs put a byte order mark before UTF-8."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + lines(a_fact(1)))

    assert list(read_json_lines(path)) == [a_fact(1)]


def test_an_endless_line_does_not_fill_the_memory(tmp_path: Path) -> None:
    """A line beyond the bound is refused with its beginning, and the next line is read."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"{" + b" " * (3 * LONGEST_LINE) + b"}\n" + lines(a_fact(1)))

    refused, good = read_json_lines(path)

    assert good == a_fact(1)
    assert not isinstance(refused, Fact)
    assert len(refused.original) == LONGEST_LINE + 1
    assert refused.origin == "events.jsonl:1"


def test_the_same_id_with_another_meaning_is_a_conflict(tmp_path: Path, log: EventLog, now: datetime) -> None:
    """What stands on the log is never written over; the other version is parked."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines(a_fact(1), a_fact(1, component="module-2")))

    report = import_events(log, [path], now)

    assert (report.appended, report.conflicts) == (1, 1)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04\x00\x00 a workbook", "not text"),
        ("enrolment,date\n".encode("utf-16"), "not text"),
        (b"enrolment,component\ne1,c1\n", "engagement import"),
        (b'[{"id": "1"}]', "one JSON array"),
        (b'{\n  "id": "1"\n}\n', "several lines"),
    ],
    ids=["workbook", "utf-16", "csv", "array", "pretty-printed"],
)
def test_a_file_of_another_kind_is_refused_in_one_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    """The message names the file and says what it is, instead of a reject for every line of it."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(content)

    with pytest.raises(NotJsonLinesError, match=says) as caught:
        list(read_json_lines(path))
    assert "events.jsonl" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make", [str, Path.mkdir], ids=["missing", "folder"])
def test_a_path_that_is_no_file_is_refused(tmp_path: Path, make: Callable[[Path], object]) -> None:
    """A missing file and a folder are named in the message."""
    path = tmp_path / "events.jsonl"
    make(path)

    with pytest.raises(NotJsonLinesError, match=r"events\.jsonl cannot be read"):
        list(read_json_lines(path))


def test_an_empty_file_holds_no_facts(tmp_path: Path) -> None:
    """Nothing happened is no error."""
    path = tmp_path / "events.jsonl"
    path.touch()

    assert list(read_json_lines(path)) == []


def test_an_empty_file_is_told_in_the_report(tmp_path: Path, log: EventLog, now: datetime) -> None:
    """Who sends a file of nothing learns which one it was."""
    (tmp_path / "full.jsonl").write_bytes(lines(a_fact(1)))
    (tmp_path / "empty.jsonl").touch()

    report = import_events(log, [tmp_path / "full.jsonl", tmp_path / "empty.jsonl"], now)

    assert (report.appended, report.notes) == (1, ("There is no line in empty.jsonl.",))


def test_a_file_of_another_kind_is_quoted_from_its_beginning(tmp_path: Path) -> None:
    """A line without spaces is cut, not left out."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"Enrolment,Participant,Programme,Intake,Partner,Provider,Enrolled on\n")

    with pytest.raises(NotJsonLinesError, match=r"begins 'Enrolment,Participant,Programme,"):
        list(read_json_lines(path))
