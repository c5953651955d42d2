"""Ten thousand messages over webhooks and email, a third of them failing each time: all arrive, each id once."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import msgspec

from alerting.dispatcher import Dispatcher, DispatcherParts, Prepared
from alerting.receivers import Receivers
from alerting.retrying import WAITS
from tests.delivery_kit import NOW, a_notice, carriers, contact, opened, put, seeded, states, utc_now, webhook
from tests.faults_kit import FULL, open_log, report, values_on
from tests.receiving_kit import fails_at_random, mail_fails_at_random, mail_server, receiver

ALERTS = 10_000 if FULL else 500
ENDPOINTS = 20
MAILS = ALERTS // 10


def test_all_arrive_though_a_third_fails_at_random(tmp_path: Path) -> None:
    """At least once each, exactly once by id, none given up, and the log has one fact of each."""
    store, registry = opened(tmp_path)
    receivers = Receivers(registry, utc_now)
    with (
        store,
        registry,
        receiver(fails_at_random(0.3, seed=11)) as partner,
        mail_server(mail_fails_at_random(0.3, seed=11)) as mail,
    ):
        endpoints = [webhook(registry, f"{partner.url}/{number}") for number in range(ENDPOINTS)]
        person = contact(registry)
        put(store, *(a_notice(n, receiver=person.id, channel="email") for n in range(MAILS)))
        put(store, *(a_notice(n, receiver=endpoints[n % ENDPOINTS]) for n in range(MAILS, ALERTS)))
        parts = DispatcherParts(
            store=store,
            receivers=receivers,
            log=lambda: open_log(tmp_path),
            prepare=lambda _log, _now: Prepared(),
            carriers=lambda: carriers(receivers, mail.url),
            chance=seeded(11),
        )
        turns, now = 0, NOW
        with Dispatcher(parts) as dispatcher:
            for wait in (timedelta(), *WAITS):
                now += wait * 1.3
                dispatcher.turn(lambda: now)  # noqa: B023 - called before it changes
                turns += 1
                if not states(store)["waiting"]:
                    break
        accepted = Counter(partner.accepted)
        mailed = Counter(str(each["Message-ID"]) for each in mail.accepted)
        requests = len(partner.got)
    assert states(store) == {"delivered": ALERTS}
    assert accepted == {f"msg_{n}": 1 for n in range(MAILS, ALERTS)}
    assert mailed == {f"<msg_{n}@engagement.example.org>": 1 for n in range(MAILS)}
    with open_log(tmp_path) as log:
        facts = Counter(msgspec.json.decode(value)["id"] for value in values_on(log))
    assert facts == {f"alert-sent/msg_{n}/e-{n}/2026-03-01": 1 for n in range(ALERTS)}
    report(
        f"{ALERTS:,} messages all delivered, each id once, in {turns} turns; {MAILS:,} of them emails, "
        f"the others in {requests:,} requests"
    )
