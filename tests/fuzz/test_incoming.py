"""Good and bad input by the thousand, through the API, the register page and the fold: nothing breaks, nothing is lost.

`FUZZ_CASES` says how many envelopes are sent, and a tenth as many rows of registers; `FUZZ_SEED` which.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec
import pytest
from httpx2 import Response
from limits import RateLimitItemPerSecond
from sqlalchemy import select

from dashboard.api.incoming import BATCH, LINES, ONE
from dashboard.api.limiting import Rates
from eventlog.base import EventLog
from eventlog.facts import FACTS_TOPIC
from eventlog.rejects import parked
from learning.events import decode
from learning.facts import Enrolled
from projections import checkpoints
from projections.schema import enrolment_progress
from tests.dashboard_kit import Client, Site, course, opened
from tests.fuzz.mangling import Case, cases, mangled_sheet, sheet

CASES: Final = int(os.environ.get("FUZZ_CASES", "500"))
SEED: Final = int(os.environ.get("FUZZ_SEED", "20251020"))
EVENTS: Final = "/api/v1/events"
BETWEEN_FOLDS: Final = 5_000

Key = tuple[str, str]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A dashboard that everybody may ask as often as they like."""
    with opened(tmp_path) as site:
        much = RateLimitItemPerSecond(1_000_000_000)
        site.app.state.rates = Rates(much, much)
        yield site


class Sender:
    """Another system: it sends, sends again what was refused for what stood beside it, and keeps book."""

    def __init__(self, site: Site) -> None:
        self.client = site.program("staff")
        self.taken = Counter[Key]()
        """How often each fact was said to be accepted."""
        self.results = Counter[str]()

    def send(self, some: Sequence[Case], kind: str) -> None:
        """Send some envelopes in one body."""
        body = {ONE: some[0].raw, BATCH: b"[" + b",".join(each.raw for each in some) + b"]"}.get(
            kind, b"\n".join(each.raw for each in some)
        )
        answer = self._post(body, kind)
        if answer.status_code in {201, 200, 207}:
            results = answer.json()["results"] if kind != ONE else [answer.json()]
            self._book(results)
        else:
            assert some[0].key is None or kind != ONE, f"{some[0].raw!r}: {answer.text}"
            require_reason(answer)
        if kind != ONE:  # what was wrong may have kept out what stood beside it
            for each in some:
                if each.key is not None and not self.taken[each.key]:
                    self.send([each], ONE)

    def _post(self, body: bytes, kind: str) -> Response:
        answer = self.client.post(EVENTS, content=body, headers={"Content-Type": kind})
        assert answer.status_code < 500, f"{kind}: {body!r}: {answer.text}"
        return answer

    def _book(self, results: Sequence[dict[str, Any]]) -> None:
        for each in results:
            self.results[each["result"]] += 1
            if each["result"] == "accepted":
                self.taken[each["source"], each["id"]] += 1
            elif each["result"] != "duplicate":
                assert each["reason"], each


def require_reason(answer: Response) -> None:
    """Whatever is refused is told why, in the one shape of errors."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > len("Bad Request")


def bodies(seed: int, number: int) -> Iterator[tuple[list[Case], str]]:
    """So many envelopes, in bodies of one or of many."""
    random, given = Random(-seed), islice(cases(seed), number)
    while some := list(islice(given, random.choice((1, 1, 20, 200)))):
        list_is_whole = all(is_json(each.raw) for each in some) or random.random() < 0.05
        yield some, ONE if len(some) == 1 else BATCH if list_is_whole else LINES


def is_json(raw: bytes) -> bool:
    """Whether it can stand in a list without breaking it for the others."""
    try:
        msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def on_the_log(log: EventLog) -> Counter[Key]:
    """The facts that there are."""
    found = Counter[Key]()
    for partition in range(log.topics()[FACTS_TOPIC]):
        offset = 0
        while records := log.read(FACTS_TOPIC, partition, offset, 5_000):
            found.update((fact.source, fact.id) for fact in map(decode, (each.value for each in records)))
            offset += len(records)
    return found


def test_no_envelope_breaks_anything_and_no_good_one_is_lost(site: Site) -> None:
    """Every body is answered and every refusal has a reason; what was taken, and all that was right, is there."""
    sender, right, folded = Sender(site), dict[Key, Case](), 0
    for number, (some, kind) in enumerate(bodies(SEED, CASES)):
        sender.send(some, kind)
        right |= {each.key: each for each in some if each.key is not None}
        if len(right) - folded > BETWEEN_FOLDS or number == 0:
            folded = len(right)
            site.fold()
    site.start().fold()

    there = Counter({key: times for key, times in on_the_log(site.log).items() if not key[0].startswith("/engagement")})
    assert len(right) > CASES / 3
    assert min(there[key] for key in right) == 1
    assert there == sender.taken
    assert sender.results.keys() == {"accepted", "duplicate", "conflict", "refused"}
    require_folded(site, right)


def require_folded(site: Site, right: dict[Key, Case]) -> None:
    """All of it is in the projections or set aside with a reason, and every page of it can be shown."""
    ends = site.log.end_offsets(FACTS_TOPIC)
    enrolled = {fact.subject for each in right.values() if isinstance((fact := decode(each.raw)).data, Enrolled)}
    with site.live.open() as store, store.connect() as connection:
        done = {each: found.next_offset for each, found in checkpoints.every(connection).items()}
        known = set(connection.scalars(select(enrolment_progress.c.enrolment)))
    assert done == {each: end for each, end in ends.items() if end}
    assert enrolled <= known
    assert all(each.reason for each in parked(site.log).values())
    staff = site.browser()
    for path in ("/", "/at-risk", "/enrolments?sort=participant", "/enrolments.csv", "/partners", "/rejects"):
        assert staff.get(path).status_code == 200, path


def upload(client: Client, content: bytes) -> Response:
    """Send a register as the form does."""
    file = {"file": ("register.csv", content, "text/csv")}
    return client.post("/partners/partner-0/registers", data={"csrf": client.csrf}, files=file)


def test_no_sheet_breaks_anything_and_no_good_row_is_lost(site: Site) -> None:
    """A sheet that is right is recorded whole, whatever came before; of any other each row is, or is told why."""
    rows = max(20, CASES // 100)
    site.publish(*course(people=2 * rows)).start().fold()
    partner, random = site.browser("partner", "partner-0"), Random(SEED)
    statuses = Counter[int]()
    for _ in range(10):
        good = sheet(random, rows, [f"e-{number}" for number in range(0, 2 * rows, 2)])
        before = sum(site.log.end_offsets(FACTS_TOPIC).values())

        answers = [upload(partner, mangled_sheet(random, good)), upload(partner, good.encode())]

        statuses.update(each.status_code for each in answers)
        assert statuses.keys() <= {200, 422}, [each.text for each in answers]
        told = [counts(each) for each in answers]
        assert sum(each[0] for each in told) == sum(site.log.end_offsets(FACTS_TOPIC).values()) - before
        assert sum(told[1][:2]) == rows
        assert told[1][2] == 0
        assert told[0][2] == 0 or "Rows to mend" in answers[0].text
    site.fold()
    assert statuses[422] > 0
    assert all(each.reason for each in parked(site.log).values())


def counts(answer: Response) -> tuple[int, int, int]:
    """New facts, rows there already and rows refused, as the page says; of a sheet that cannot be read, an error."""
    found = re.search(
        r"Recorded: ([\d,]+) new facts?, ([\d,]+) rows? there already, ([\d,]+) rows? refused", answer.text
    )
    if found is None:
        assert "There is a problem" in answer.text
        return 0, 0, 0
    new, there, refused = (int(each.replace(",", "")) for each in found.groups())
    return new, there, refused


def test_the_same_seed_gives_the_same_cases() -> None:
    """What a run found can be found again: the cases follow from the seed alone."""
    first, second = ([each.raw for each in islice(cases(7), 200)] for _ in range(2))

    assert first == second
    assert any(each.key is None for each in islice(cases(7), 20))
    assert json.loads(first[0])["specversion"] == "1.0"
