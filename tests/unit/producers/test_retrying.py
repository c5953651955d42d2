"""Retrying rejects: what can be read now is folded and settled, all else says why it waits."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC, record_of
from eventlog.rejects import Parked, park, parked
from learning.curriculum import Curriculum
from learning.events import encode
from producers.publisher import publish
from producers.retrying import Retried, retry
from projections.rulebook import Rulebook
from tests.builders import SMALL, completed, enrolled

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    """An empty log."""
    with EmbeddedLog(tmp_path / "log.db") as opened:
        opened.create_topic(FACTS_TOPIC, 2)
        yield opened


def park_one(log: EmbeddedLog, original: bytes, origin: str = "events.jsonl:1") -> Parked:
    """Set one message aside."""
    reject = Parked(origin=origin, reason="once wrong", original=original, at=NOW)
    park(log, [reject])
    return reject


def try_again(
    log: EmbeddedLog, reject: Parked, curriculum: Curriculum = SMALL, rebuild: Callable[[], object] = lambda: None
) -> Retried:
    """Retry one reject."""
    [result] = retry(log, [reject], Rulebook(curriculum), lambda: NOW, rebuild)
    return result


def facts_on(log: EmbeddedLog) -> int:
    """How many facts there are."""
    return sum(log.end_offsets(FACTS_TOPIC).values())


def test_what_can_be_read_now_goes_on_the_log(log: EmbeddedLog) -> None:
    """A fact whose programme is known by now is published and waits no more."""
    reject = park_one(log, encode(enrolled()))
    assert try_again(log, reject).settled
    assert facts_on(log) == 1
    assert parked(log) == {}


def test_what_cannot_be_read_still_waits_and_says_why(log: EmbeddedLog) -> None:
    """Bytes that are no fact stay set aside, with the reason."""
    reject = park_one(log, b"{]")
    result = try_again(log, reject)
    assert (result.settled, "not a fact" in result.why) == (False, True)
    assert facts_on(log) == 0
    assert list(parked(log)) == [reject.id]


def test_a_programme_that_is_still_unknown_keeps_a_fact_waiting(log: EmbeddedLog) -> None:
    """The curriculum decides again, and its message tells what is missing."""
    reject = park_one(log, encode(enrolled()))
    result = try_again(log, reject, Curriculum.shipped())
    assert (result.settled, "small/course" in result.why) == (False, True)


def test_a_row_of_a_register_is_no_fact(log: EmbeddedLog) -> None:
    """The cells of a row cannot be retried; the sheet has to be mended."""
    reject = park_one(log, b'{"attendance":"attended","component":"clinic-1"}', "register.csv:3")
    result = try_again(log, reject)
    assert (result.settled, "mend the row" in result.why) == (False, True)


def test_a_fact_refused_where_it_stands_on_the_log_is_folded_by_a_rebuild(log: EmbeddedLog) -> None:
    """It is not appended twice; the projections are rebuilt first, and only then it is settled."""
    fact = enrolled()
    publish(log, [fact], now=NOW)
    reject = park_one(log, encode(fact), f"{FACTS_TOPIC}/0/0")
    waiting_during_rebuild: list[str] = []
    result = try_again(log, reject, rebuild=lambda: waiting_during_rebuild.extend(parked(log)))
    assert result.settled
    assert waiting_during_rebuild == [reject.id]
    assert facts_on(log) == 1
    assert parked(log) == {}


def test_a_fact_that_contradicts_another_waits(log: EmbeddedLog) -> None:
    """An id that stands for something else is not settled by trying again."""
    publish(log, [completed("module-1", id="same")], now=NOW)
    reject = park_one(log, record_of(completed("module-2", id="same")).value)
    assert not try_again(log, reject).settled
    assert reject.id in parked(log)


def test_an_empty_object_that_was_sent_as_a_fact_is_no_row(log: EmbeddedLog) -> None:
    """What came as a JSON line waits with the decoder's reason, not with advice on sheets."""
    reject = Parked(origin="events.jsonl:1", reason="not a fact: Object missing `type`", original=b"{}", at=NOW)
    park(log, [reject])
    assert try_again(log, reject).why.startswith("not a fact")


def test_a_reject_of_which_nothing_was_kept_keeps_its_reason(log: EmbeddedLog) -> None:
    """The damage of a file cannot be seen again, so the reason of the first time is told."""
    reject = park_one(log, b"", "events.jsonl.gz:7")
    assert try_again(log, reject).why == "once wrong"
