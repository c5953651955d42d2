"""The dispatcher under fire: killed at any point of its cycle it loses no message, and the log hears of each once."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import msgspec

from alerting import queue
from alerting.retrying import WAITS
from alerting.store import AlertStore
from tests.delivery_kit import NOW, a_notice, an_alert, opened, put, states, webhook
from tests.faults.dispatcher_to_kill import POINTS
from tests.faults_kit import FULL, Process, open_log, report, values_on, wait_until
from tests.receiving_kit import Receiver, fails_at_random, receiver

ROUNDS = 200 if FULL else len(POINTS)
EACH = 8
"""Messages that become due in each round."""

ENDPOINTS = 4
ROUND = queue.LEASE + timedelta(minutes=1)
_SCRIPT = Path(__file__).with_name("dispatcher_to_kill.py")


class Dispatchers:
    """Starts dispatchers one after the other, each a process of its own."""

    def __init__(self, process: Process) -> None:
        self._process, self._turns = process, 0

    def turn(self, now: datetime, *kill: str) -> int:
        """One turn; answers how the dispatcher ended."""
        self._turns += 1
        self._process.tell(" ".join([now.isoformat(), *kill]))
        wait_until("the dispatcher has ended", lambda: len(self._process.said().split()) >= self._turns, self._process)
        code = int(self._process.said().split()[-1])
        assert code in {0, -9}, self._process.complained()
        return code


def test_killed_at_each_point_of_the_cycle_nothing_is_lost(tmp_path: Path) -> None:
    """Every message arrives, the same id each time; each telling stands on the log once; all are marked delivered."""
    random, now, points = Random(7), NOW, list(POINTS.items())
    store, registry = opened(tmp_path)
    open_log(tmp_path).close()
    with (
        store,
        registry,
        receiver(fails_at_random(0.3, seed=5)) as partner,
        Process(tmp_path, _SCRIPT, tmp_path) as process,
    ):
        dispatchers = Dispatchers(process)
        ids = [webhook(registry, f"{partner.url}/{number}") for number in range(ENDPOINTS)]
        for number in range(ROUNDS):
            _add(store, number, ids, now)
            point, sure = points[number % len(points)]
            assert dispatchers.turn(now, point, str(random.randint(1, sure))) == -9
            now += ROUND
        _to_the_end(dispatchers, store, now)
        _assert_all_arrived(tmp_path, store, partner)
        report(
            f"{ROUNDS} kills, {ROUNDS * EACH} messages, all delivered; {len(partner.got)} requests, "
            f"{len(partner.accepted) - len(set(partner.accepted))} messages accepted a second time"
        )


def _add(store: AlertStore, round_number: int, endpoints: list[str], now: datetime) -> None:
    first = round_number * EACH
    notices = [
        a_notice(number, an_alert(number), an_alert(10**6 + number), receiver=endpoints[number % ENDPOINTS], at=now)
        for number in range(first, first + EACH)
    ]
    put(store, *notices)


def _to_the_end(dispatchers: Dispatchers, store: AlertStore, now: datetime) -> None:
    """Turns without a kill, until nothing waits: each wait of the schedule is over with the next."""
    for wait in (ROUND, *WAITS):
        now += wait * 1.3
        assert dispatchers.turn(now) == 0
        if not states(store)["waiting"]:
            break


def _assert_all_arrived(data_dir: Path, store: AlertStore, partner: Receiver) -> None:
    expected = {f"msg_{number}" for number in range(ROUNDS * EACH)}
    assert set(partner.accepted) == expected
    assert {each.id for each in partner.got} == expected
    assert states(store) == {"delivered": ROUNDS * EACH}
    with open_log(data_dir) as log:
        facts = Counter(msgspec.json.decode(value)["id"] for value in values_on(log))
    told = {f"alert-sent/msg_{n}/e-{each}/2026-03-01" for n in range(ROUNDS * EACH) for each in (n, 10**6 + n)}
    assert facts == dict.fromkeys(told, 1)
