"""Questions over the whole history: answered beside the page, kept for a while, and never left without a word."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from duckdb import DuckDBPyConnection

from analytics.filters import Filters
from analytics.questions.registry import Question
from dashboard import asking as module
from dashboard import live
from dashboard.asking import KEPT, KEPT_FAULT, NO_MODELS, Asking, Wish
from dashboard.live import Watch
from dashboard.reading import Reading
from eventlog.lake.lake import Lake
from learning.errors import EngagementError
from tests.dashboard_kit import Site
from tests.stream_kit import PATIENCE

CURVE = Wish("completion-curve")
SURVIVAL = Wish("survival")


class NothingThereError(EngagementError):
    """As the application has it where there is no lake."""


class Desk:
    """Somebody who asks, with work that is done when the test says so."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.opened = 0
        self.work: list[Callable[[], None]] = []
        self.fault: Exception | None = None
        self.told = 0
        self.after_closing: Callable[[], object] = lambda: None
        """What happens just after the models were closed."""
        parts = site.parts._replace(models=self._models)
        self.asking = Asking(parts, patience=0, run=self.work.append, on_answer=self._tell)

    def do(self) -> None:
        """Do the work that was begun."""
        while self.work:
            self.work.pop(0)()

    @contextmanager
    def _models(self) -> Iterator[DuckDBPyConnection]:
        self.opened += 1
        if self.fault is not None:
            raise self.fault
        with self.site.parts.models() as connection:
            yield connection
        self.after_closing()

    def _tell(self) -> None:
        self.told += 1


@pytest.fixture
def desk(site: Site) -> Desk:
    """Nothing was asked yet."""
    return Desk(site)


def test_a_page_does_not_wait_for_an_answer(desk: Desk) -> None:
    """Until the question is worked out, a page is told that it is on its way; then it gets it with when it was made."""
    [before] = desk.asking.ask(CURVE)
    desk.do()
    [after] = desk.asking.ask(CURVE)

    assert (before.answer, before.is_coming, before.why) == (None, True, None)
    assert after.answer is not None
    assert after.answer.question == "completion-curve"
    assert (after.made_at, after.is_coming) == (desk.site.clock(), False)


def test_an_answer_is_kept(desk: Desk) -> None:
    """Who asks the same again, within some minutes, gets the same answer without new work."""
    desk.asking.ask(CURVE)
    desk.do()
    desk.site.clock.move(seconds=KEPT.total_seconds() - 1)

    [again] = desk.asking.ask(CURVE)

    assert again.answer is not None
    assert (desk.work, desk.opened) == ([], 1)


def test_an_old_answer_is_shown_until_the_newer_one_is_there(desk: Desk) -> None:
    """After some minutes the page has the old answer, said to be renewed, and then the new one."""
    desk.asking.ask(CURVE)
    desk.do()
    made = desk.site.clock()
    desk.site.clock.move(seconds=KEPT.total_seconds())

    [meanwhile] = desk.asking.ask(CURVE)
    desk.do()
    [renewed] = desk.asking.ask(CURVE)

    assert (meanwhile.made_at, meanwhile.is_coming) == (made, True)
    assert (renewed.made_at, renewed.is_coming) == (made + KEPT, False)


class StandingLake(Lake):
    """A lake that is as far as the test says."""

    def __init__(self) -> None:
        super().__init__(Path())
        self.at: dict[int, Any] = {0: 10}

    def positions(self) -> dict[int, Any]:
        """How far it is."""
        return dict(self.at)


def test_an_answer_is_renewed_only_when_there_are_more_facts(desk: Desk) -> None:
    """As long as the lake has the same facts, the answer stays, whatever its age; with more facts it is made anew."""
    lake = StandingLake()
    asking = Asking(desk.site.parts._replace(lake=lambda: lake), patience=0, run=desk.work.append)
    asking.ask(CURVE)
    desk.do()
    desk.site.clock.move(seconds=10 * KEPT.total_seconds())

    [same] = asking.ask(CURVE)
    lake.at[0] = 11
    [grown] = asking.ask(CURVE)

    assert (same.is_coming, grown.is_coming) == (False, True)


def test_questions_differ_by_filters_and_options(desk: Desk) -> None:
    """An answer about one partner, or by another measure, is never shown for another."""
    wishes = (
        Wish("partners", Filters(partner="partner-0")),
        Wish("partners", Filters(partner="partner-1")),
        Wish("partners", Filters(partner="partner-0"), (("measure", "at-risk"),)),
    )
    desk.asking.ask(*wishes)
    desk.do()

    frames = [found.answer.frame for found in desk.asking.ask(*wishes) if found.answer]

    assert [list(frame["partner"]) for frame in frames] == [["partner-0"], ["partner-1"], ["partner-0"]]
    assert list(frames[0]["counted"]) != list(frames[2]["counted"])


def test_questions_are_worked_out_one_at_a_time_over_one_opening(desk: Desk) -> None:
    """What is asked while work waits joins it: there is one work, and it opens the models once."""
    desk.asking.ask(CURVE)
    desk.asking.ask(SURVIVAL)

    assert len(desk.work) == 1
    desk.do()
    assert desk.opened == 1
    assert all(found.answer for found in desk.asking.ask(CURVE, SURVIVAL))


def test_a_page_is_told_why_there_is_no_answer(desk: Desk) -> None:
    """Where there is no lake, the page says that it is to come, and some seconds later it is tried again."""
    desk.fault = NothingThereError("there is no lake yet; run `engagement worker`")
    desk.asking.ask(CURVE)
    desk.do()

    [found] = desk.asking.ask(CURVE)
    assert found.why == NO_MODELS
    assert (found.is_coming, desk.work) == (False, [])

    desk.fault = None
    desk.site.clock.move(seconds=KEPT_FAULT.total_seconds())
    desk.asking.ask(CURVE)
    desk.do()
    [found] = desk.asking.ask(CURVE)
    assert found.answer is not None


def test_one_question_that_fails_keeps_no_other_from_its_answer(desk: Desk) -> None:
    """A fault of one question is told where its answer would be."""
    wrong = Wish("partners", options=(("measure", "height"),))
    desk.asking.ask(wrong, CURVE)
    desk.do()

    [faulty, good] = desk.asking.ask(wrong, CURVE)

    assert "cannot be compared by height" in (faulty.why or "")
    assert good.answer is not None


def test_an_old_answer_stays_when_the_newer_one_fails(desk: Desk) -> None:
    """What was known stays on the page, with why it could not be renewed."""
    desk.asking.ask(CURVE)
    desk.do()
    desk.site.clock.move(seconds=KEPT.total_seconds())
    desk.fault = NothingThereError("the lake is away")
    desk.asking.ask(CURVE)
    desk.do()

    [found] = desk.asking.ask(CURVE)

    assert found.answer is not None
    assert found.made_at == desk.site.clock() - KEPT
    assert found.why == NO_MODELS


def test_an_unexpected_fault_tells_no_values(desk: Desk) -> None:
    """A fault that nobody foresaw may repeat somebody's data, so a page says only that there was one."""
    desk.fault = ValueError("Zoe Quagga cannot be parsed")
    desk.asking.ask(CURVE)
    desk.do()

    [found] = desk.asking.ask(CURVE)

    assert found.why == "This could not be worked out; the reason is noted in our log."


def test_a_question_that_takes_too_long_is_stopped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """No question keeps the others waiting for ever."""

    def endless(connection: DuckDBPyConnection, _: Filters) -> object:
        return connection.execute("SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b").fetchall()

    monkeypatch.setattr(Question, "load", lambda _: endless)
    asking = Asking(desk.site.parts, seconds=0.05, patience=0, run=desk.work.append)
    asking.ask(CURVE)
    desk.do()

    [found] = asking.ask(CURVE)

    assert "took longer than 0.05 seconds" in (found.why or "")


def test_too_many_questions_are_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for a lot at once is asked to come back, and the others get their answers."""
    monkeypatch.setattr(module, "MOST_WAITING", 1)

    [first, second] = desk.asking.ask(CURVE, SURVIVAL)

    assert (first.is_coming, second.is_coming) == (True, False)
    assert "Load the page again" in (second.why or "")


def test_answers_are_forgotten_from_the_oldest_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers do not fill the memory."""
    monkeypatch.setattr(module, "MOST_KEPT", 1)
    desk.asking.ask(CURVE, SURVIVAL)
    desk.do()

    [forgotten, kept] = desk.asking.ask(CURVE, SURVIVAL)

    assert forgotten.answer is None
    assert kept.answer is not None


def test_open_pages_are_told_of_each_answer(desk: Desk) -> None:
    """There is a call for every answer that has become known."""
    desk.asking.ask(CURVE, SURVIVAL)
    desk.do()

    assert desk.told == 2


def test_quick_answers_are_there_at_once(site: Site) -> None:
    """A request waits a moment for an answer that is being worked out beside it in a thread."""
    asking = Asking(site.parts, patience=60)

    [found] = asking.ask(CURVE)

    assert found.answer is not None
    asking.close()


def test_an_end_may_come_while_the_models_are_closed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given an answer that is there and models that were just closed, the dashboard ends, and the answer stays."""
    monkeypatch.setattr(module, "_LONGEST_END", 0.2)
    ended: list[bool] = []

    def end() -> None:
        desk.asking.close()
        ended.append(True)

    desk.after_closing = end
    desk.asking.ask(CURVE)

    desk.do()

    [found] = desk.asking.ask(CURVE)
    assert ended == [True]
    assert (found.answer is not None, found.is_coming, found.why) == (True, False, None)


def test_nothing_is_worked_out_after_the_end(desk: Desk) -> None:
    """A dashboard that ends stops working, and answers of before are still there for the last requests."""
    desk.asking.ask(CURVE)
    desk.do()
    desk.asking.close()

    [kept, late] = desk.asking.ask(CURVE, SURVIVAL)

    assert kept.answer is not None
    assert (late.answer, late.is_coming, desk.work) == (None, False, [])


async def test_an_open_page_is_woken_by_an_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks at a page that waits for an answer sees it without loading the page again."""
    monkeypatch.setattr(live, "LOOK_EVERY", 0.001)
    watch = Watch(Reading(desk.site.parts))
    asking = Asking(desk.site.parts, patience=0, run=desk.work.append, on_answer=watch.touch)
    asking.ask(CURVE)
    looking = asyncio.create_task(watch.run())

    with watch.woken_for("partner-1") as woken:
        await asyncio.to_thread(desk.do)
        await asyncio.wait_for(woken.wait(), PATIENCE)

    looking.cancel()
    assert woken.is_set()
