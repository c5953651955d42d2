"""Asks analysts' questions for pages: in a thread of its own, one at a time, and each answer is kept for a while.

A question over a long history takes seconds to minutes, which no page may wait for: a page shows the answer that there
is and when it was made, or says that it is being worked out.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from threading import BoundedSemaphore, Event, Lock, Thread
from time import monotonic
from typing import Final, NamedTuple

import structlog
from duckdb import ConnectionException, DuckDBPyConnection

from analytics.answer import Answer
from analytics.filters import Filters
from analytics.querying import limited
from analytics.questions.registry import QUESTIONS
from dashboard import faults
from dashboard.parts import Parts
from learning.errors import EngagementError

KEPT: Final = timedelta(minutes=5)
"""So long an answer is not made again; after that it is, once the lake has more facts."""

KEPT_FAULT: Final = timedelta(seconds=15)
"""So long it is not tried again what could not be answered."""

MOST_KEPT: Final = 200
MOST_WAITING: Final = 40
_MOST_PATIENT: Final = 4
"""Requests that wait for answers at once; more would take the threads that other pages need."""

_AGAIN: Final = 0.05
_LONGEST_END: Final = 5.0
"""Seconds between two tries to stop a question, and after which the program ends all the same."""

_log = structlog.get_logger("engagement.dashboard")


NO_MODELS: Final = (
    "This cannot be worked out at the moment: the copy of the facts that it needs is not there yet, or cannot be read. "
    "A worker makes it within a minute or so; if this stays, staff of the lead provider see on the page Health how far "
    "it is."
)
"""For everybody who may look, so without the folders and commands that operators are told in the log."""


class Wish(NamedTuple):
    """A question about some enrolments."""

    question: str
    """Its name in `analytics.questions.registry`."""
    filters: Filters = Filters()
    options: tuple[tuple[str, Hashable], ...] = ()
    """Further keywords of its function with their values."""


class Found(NamedTuple):
    """What there is to show of a wish."""

    answer: Answer | None = None
    made_at: datetime | None = None
    is_coming: bool = False
    """Whether a newer answer, or the first one, is being worked out."""
    why: str | None = None
    """Why it could not be answered, and what to do; for whoever looks at the page."""


class _Kept(NamedTuple):
    found: Found
    at: datetime
    version: object
    """Which facts it was made of; None where that is not known."""


def _in_a_thread(work: Callable[[], None]) -> None:
    Thread(target=work, name="asking", daemon=True).start()


class Asking:
    """The questions of all pages. Every method may be called from any thread."""

    def __init__(
        self,
        parts: Parts,
        *,
        seconds: float = 120.0,
        patience: float = 1.5,
        run: Callable[[Callable[[], None]], None] = _in_a_thread,
        on_answer: Callable[[], object] = lambda: None,
    ) -> None:
        """Ask nothing yet.

        Args:
            parts: The models, the programmes and the clock.
            seconds: How long one question may take.
            patience: So many seconds a request waits for answers, so that quick ones are on the page at once.
            run: Has work done beside the request; called when there is some and none is being done.
            on_answer: Called, from the thread of the work, whenever there is something new to show.
        """
        self._parts = parts
        self._seconds = seconds
        self._patience = patience
        self._run = run
        self._on_answer = on_answer
        self._lock = Lock()
        self._patient = BoundedSemaphore(_MOST_PATIENT)
        self._kept: dict[Wish, _Kept] = {}
        self._waiting: dict[Wish, Event] = {}
        self._idle = Event()
        self._idle.set()
        self._connection: DuckDBPyConnection | None = None
        self._is_closed = False

    def ask(self, *wishes: Wish) -> list[Found]:
        """What there is of each wish now; what is not there, or old, is worked out."""
        version = self._version()
        with self._lock:
            for wish in wishes:
                self._want(wish, version)
            begin = bool(self._waiting) and self._idle.is_set()
            if begin:
                self._idle.clear()
        if begin:
            self._run(self._work)
        self._wait_for([wish for wish in wishes if wish not in self._kept])
        with self._lock:
            return [self._found(wish) for wish in wishes]

    def close(self) -> None:
        """Stop what is being worked out, and work nothing out from now on; for the end of the program."""
        with self._lock:
            self._is_closed = True
        until = monotonic() + _LONGEST_END
        while not self._idle.wait(_AGAIN) and monotonic() < until:
            if (connection := self._connection) is not None:
                with suppress(ConnectionException):  # closed meanwhile: the answer is there
                    connection.interrupt()

    def _want(self, wish: Wish, version: object) -> None:
        kept = self._kept.get(wish)
        if kept is not None:
            age = self._parts.now() - kept.at
            same_facts = kept.found.why is None and version is not None and version == kept.version
            if same_facts or age < (KEPT if kept.found.why is None else KEPT_FAULT):
                return
        if len(self._waiting) < MOST_WAITING and not self._is_closed:
            self._waiting.setdefault(wish, Event())

    def _wait_for(self, wishes: Sequence[Wish]) -> None:
        if not wishes or not self._patient.acquire(blocking=False):
            return
        try:
            until = monotonic() + self._patience
            for event in [self._waiting.get(wish) for wish in wishes]:
                if event is not None:
                    event.wait(max(0.0, until - monotonic()))
        finally:
            self._patient.release()

    def _found(self, wish: Wish) -> Found:
        is_coming = wish in self._waiting
        kept = self._kept.get(wish)
        if kept is not None:
            return kept.found._replace(is_coming=is_coming)
        if is_coming:
            return Found(is_coming=True)
        return Found(why="So much is being worked out that this has to wait. Load the page again in a minute.")

    def _work(self) -> None:
        """Answer all that waits, and what comes meanwhile."""
        while wishes := self._next():
            version = self._version()
            try:
                with self._parts.models() as self._connection:
                    for wish in wishes:
                        self._keep(wish, self._answered(self._connection, wish), version)
            except Exception as error:  # noqa: BLE001 - whatever it is, the pages that wait are to be told
                told = _told(error)
                if isinstance(error, EngagementError):
                    _log.warning("the models cannot be opened", error=told)
                    told = NO_MODELS
                for wish in wishes:
                    if wish in self._waiting:
                        self._keep(wish, Found(why=told), version)
            finally:
                self._connection = None

    def _next(self) -> list[Wish]:
        with self._lock:
            wishes = [] if self._is_closed else list(self._waiting)
            if not wishes:
                self._idle.set()
            return wishes

    def _answered(self, connection: DuckDBPyConnection, wish: Wish) -> Found:
        if self._is_closed:
            return Found(why="The dashboard is ending. Load the page again later.")
        question = QUESTIONS[wish.question]
        options: dict[str, object] = dict(wish.options)
        if question.needs_curriculum:
            options["curriculum"] = self._parts.rulebook().curriculum
        try:
            with limited(connection, self._seconds):
                answer = question.load()(connection, wish.filters, **options)
        except Exception as error:  # noqa: BLE001 - one question that fails keeps no other from its answer
            return Found(why=_told(error))
        return Found(answer, self._parts.now())

    def _keep(self, wish: Wish, found: Found, version: object) -> None:
        with self._lock:
            before = self._kept.pop(wish, None)
            if found.answer is None and before is not None and before.found.answer is not None:
                found = before.found._replace(why=found.why)
            self._kept[wish] = _Kept(found, self._parts.now(), version)
            for oldest in list(self._kept)[: max(0, len(self._kept) - MOST_KEPT)]:
                del self._kept[oldest]
            self._waiting.pop(wish).set()
        self._on_answer()

    def _version(self) -> Mapping[int, object] | None:
        lake = self._parts.lake()
        try:
            return None if lake is None else lake.positions()
        except EngagementError:  # whoever opens the models is told why
            return None


def _told(error: Exception) -> str:
    """A sentence for the page; what is no error of ours is noted in the log without its values."""
    if isinstance(error, EngagementError):
        text = str(error)
        return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
    _log.error("a question failed", error=type(error).__name__, where=faults.where(error))
    return "This could not be worked out; the reason is noted in our log."
