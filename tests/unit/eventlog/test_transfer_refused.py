"""An import that cannot be done: the log is left alone, or what was appended stays and the next import goes on."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.base import EventLog, LogError, Receipt, Record
from eventlog.facts import FACTS_TOPIC
from eventlog.rejects import park, parked
from eventlog.transfer import TransferError
from eventlog.transfer_file import LogFileError
from producers.publisher import publish
from tests.builders import START, completed
from tests.transfer_kit import PARTITIONS, TOPICS, everything, exported, holds, imported, lines, opened, zipped


@pytest.fixture(scope="module")
def file() -> bytes:
    """The file of a log with everything that can stand on one."""
    return everything()


class BreaksOff:
    """A log that can write only so many records, and then only after somebody has seen to it."""

    def __init__(self, log: EventLog, room: int) -> None:
        self._log = log
        self._room = room

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)

    def append(self, topic: str, records: Iterable[Record]) -> Sequence[Receipt]:
        """Append the records as far as there is room."""
        records = list(records)
        fitting, self._room = records[: self._room], max(self._room - len(records), 0)
        receipts = self._log.append(topic, fitting)
        if len(fitting) < len(records):
            raise LogError("The log cannot be written: no space left; make room.")
        return receipts


@given(room=st.integers(0, 120))
def test_an_import_that_broke_off_goes_on(file: bytes, room: int) -> None:
    """Wherever it stopped, importing again appends the rest and only the rest."""
    with TemporaryDirectory() as folder, opened(Path(folder, "log.db")) as log:
        with pytest.raises(TransferError, match=r"make room; .* import the same file again"):
            imported(BreaksOff(log, room), file)  # type: ignore[arg-type]  # it is a log but for one method
        assert sum(map(len, holds(log).values())) == room

        assert imported(log, file).appended == len(lines(file)) - 2 - room
        assert exported(log, TOPICS) == file


def test_what_was_imported_before_an_end_is_told(file: bytes, tmp_path: Path) -> None:
    """When a later batch cannot be written, the message says how many records stay."""

    class Refuses(BreaksOff):
        def append(self, topic: str, records: Iterable[Record]) -> Sequence[Receipt]:
            if topic == FACTS_TOPIC:
                raise LogError("The log cannot be written: no space left; make room.")
            return self._log.append(topic, records)

    with opened(tmp_path / "log.db") as log:
        with pytest.raises(TransferError) as refusal:
            imported(Refuses(log, 0), file)  # type: ignore[arg-type]  # as above
        stayed = sum(map(len, holds(log).values()))

    assert stayed > 0
    assert f"at least {stayed} records were imported before that and stay" in str(refusal.value)


@pytest.mark.parametrize(
    ("partitions", "records", "told"),
    [
        (PARTITIONS + 1, [], f"{FACTS_TOPIC} has 4 partitions on the log and 3 in copy.gz"),
        (PARTITIONS, [completed("module-1")], "holds other records on the log than in copy.gz"),
        (PARTITIONS, [completed("module-1") for _ in range(500)], "/1 has 500 records on the log and"),
    ],
    ids=["other partitions", "other records", "more records"],
)
def test_a_log_that_is_no_beginning_of_the_file_is_left_alone(
    file: bytes, tmp_path: Path, partitions: int, records: list[object], told: str
) -> None:
    """Another number of partitions, other records or more of them: the import is refused and nothing is written."""
    with opened(tmp_path / "log.db") as log:
        log.create_topic(FACTS_TOPIC, partitions)
        publish(log, records, now=START)  # type: ignore[arg-type]  # facts, as parameters have them
        before = holds(log)

        with pytest.raises(TransferError, match=told):
            imported(log, file)

        assert holds(log) == before


def test_other_topics_of_the_log_are_left_alone(file: bytes, tmp_path: Path) -> None:
    """An import says nothing about topics that the file does not have."""
    with opened(tmp_path / "log.db") as log:
        log.create_topic("other", 1)
        log.append("other", [Record(None, b"stays")])

        imported(log, file)

        assert [value for _, value, _ in holds(log)["other", 0]] == [b"stays"]


def test_somebody_who_appends_meanwhile_is_noticed(file: bytes, tmp_path: Path) -> None:
    """When records do not come to stand where they stood, the import stops and says where."""
    with opened(tmp_path / "log.db") as log:

        class Shared(BreaksOff):
            def append(self, topic: str, records: Iterable[Record]) -> Sequence[Receipt]:
                if topic == FACTS_TOPIC:
                    log.append(topic, [Record(None, b"of somebody else", None, 0)])
                return self._log.append(topic, records)

        with pytest.raises(TransferError, match=rf"{FACTS_TOPIC}/0/0 was put at {FACTS_TOPIC}/0/1: somebody else"):
            imported(Shared(log, 0), file)  # type: ignore[arg-type]  # as above


def test_a_worker_that_parks_during_an_import_finds_its_reject_there(file: bytes, tmp_path: Path) -> None:
    """What is made of facts comes before them: parking the same again, as soon as the facts come, changes nothing."""
    rejects = []
    with opened(tmp_path / "log.db") as log:

        class Watched(BreaksOff):
            def append(self, topic: str, records: Iterable[Record]) -> Sequence[Receipt]:
                if topic == FACTS_TOPIC:
                    rejects.append(park(log, parked(log).values()))
                return self._log.append(topic, records)

        imported(Watched(log, 0), file)  # type: ignore[arg-type]  # as above
        assert parked(log)

    assert rejects == [0]


def test_a_file_that_is_not_whole_leaves_the_log_alone(file: bytes, tmp_path: Path) -> None:
    """Nothing is written before the last line has been seen and agreed with."""
    changed = lines(file)
    changed[-2]["value"] += " "
    with opened(tmp_path / "log.db") as log:
        for damaged in (file[:-9], zipped(changed)):
            with pytest.raises(LogFileError):
                imported(log, damaged)
        assert log.topics() == {}
