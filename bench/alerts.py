"""How long messages take to partners while one of twenty endpoints hangs: it must not be noticed by the others.

Twenty webhooks on this machine, of which one takes every connection and never answers. Messages become due all the
time, the same number for each, while a dispatcher works as it does for `engagement up`, with a turn a second. A
message's time is from when it is due until its receiver has checked its signature; a turn can begin up to a second
later. The same without one that hangs is measured beside it.
"""

import argparse
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

import structlog

from alerting import book
from alerting.dispatcher import Dispatcher, DispatcherParts, Prepared, keep_dispatching
from alerting.model import Alert, AlertTold, Content, Notice
from alerting.receivers import Receivers
from alerting.store import AlertStore
from engagement.alert_parts import carriers
from engagement.demo_receiver import ADDRESS, WebhookReceiver
from engagement.settings import Settings
from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC
from registry import endpoints
from registry.store import Registry

ENDPOINTS = 20
EVERY_SECONDS = 1.0
_PATIENCE_SECONDS = 60.0
"""After the last message; what has not arrived by then counts as lost."""


class Timed(WebhookReceiver):
    """Notes when each message was believed."""

    def __init__(self) -> None:
        """None was."""
        super().__init__()
        self.at: dict[str, float] = {}

    def take(self, path: str, body: bytes, headers: dict[str, str]) -> bool:
        """Take a message."""
        good = super().take(path, body, headers)
        if good:
            self.at.setdefault(headers["webhook-id"], time.monotonic())
        return good


@contextmanager
def hanging() -> Iterator[str]:
    """The address of a server that takes connections and says nothing."""
    with socket.create_server((ADDRESS, 0), backlog=512) as server:
        yield f"http://{ADDRESS}:{server.getsockname()[1]}/"


def message(number: int, endpoint: str, now: datetime) -> tuple[Alert, Notice]:
    """An alert, and a message that tells of it."""
    same = {"enrolment": f"e-{number}", "programme": "npq-lt", "intake": "2025-autumn", "level": "critical"}
    alert = Alert(
        id=f"e-{number}/2026-03-02",
        matter="flag",
        participant=f"p-{number}",
        partner="partner-1",
        provider="provider-1",
        raised_on=now.date(),
        noted_at=now,
        state="told",
        state_since=now,
        **same,  # type: ignore[arg-type]  # each is what it must be
    )
    told = AlertTold(alert=alert.id, step="first", matter="flag", raised_on=alert.raised_on, **same)  # type: ignore[arg-type]  # as above
    content = Content(
        kind="at-once", partner="partner-1", planned_at=now, alerts=(told,), link=f"/alerts/notices/{number}"
    )
    return alert, Notice(
        id=f"msg_{number}",
        kind="at-once",
        channel="webhook",
        receiver=endpoint,
        partner="partner-1",
        content=content,
        state="waiting",
        planned_at=now,
        next_at=now,
    )


def measure(folder: Path, *, per_second: int, seconds: int, one_hangs: bool) -> dict[str, float]:
    """Have messages come due for so long, and time those to endpoints that answer."""
    settings = Settings(data_dir=folder, webhook_private_networks=ADDRESS)
    with (
        AlertStore(folder / "alerts.db") as store,
        Registry(folder / "registry.db") as registry,
        EmbeddedLog(folder / "log.db") as log,
        Timed() as receiver,
        hanging() as nowhere,
    ):
        log.create_topic(FACTS_TOPIC, 1)
        known = [_endpoint(registry, receiver, nowhere if one_hangs and not n else None, n) for n in range(ENDPOINTS)]
        stop = threading.Event()
        dispatcher = threading.Thread(target=_dispatch, args=(settings, store, registry, log, stop))
        dispatcher.start()
        due = _come_due(store, known, per_second, seconds)
        answering = {name: at for name, at in due.items() if not one_hangs or int(name[4:]) % ENDPOINTS}
        patience = time.monotonic() + _PATIENCE_SECONDS
        while len(receiver.at) < len(answering) and time.monotonic() < patience:
            time.sleep(EVERY_SECONDS)
        stop.set()
        dispatcher.join()
        waits = [receiver.at[name] - at for name, at in answering.items() if name in receiver.at]
        cuts = quantiles(waits, n=100)
        return {
            "messages": len(answering),
            "arrived": len(waits),
            "median_s": round(cuts[49], 3),
            "p95_s": round(cuts[94], 3),
            "longest_s": round(max(waits), 3),
        }


def _endpoint(registry: Registry, receiver: WebhookReceiver, url: str | None, number: int) -> str:
    secret, now = endpoints.new_secret(), datetime.now(UTC)
    url = url or receiver.expect(f"partner-{number}", secret)
    with registry.writing() as connection:
        made = endpoints.create(
            connection, partner="partner-1", channel="webhook", url=url, secret=secret, now=now, by="bench"
        )
    return made.id


def _come_due(store: AlertStore, known: list[str], per_second: int, seconds: int) -> dict[str, float]:
    due: dict[str, float] = {}
    began = time.monotonic()
    for number in range(per_second * seconds):
        time.sleep(max(0.0, began + number / per_second - time.monotonic()))
        alert, notice = message(number, known[number % ENDPOINTS], datetime.now(UTC))
        with store.writing() as connection:
            book.put_alerts(connection, [alert])
            book.put_notices(connection, [notice])
        due[notice.id] = time.monotonic()
    return due


def _dispatch(
    settings: Settings, store: AlertStore, registry: Registry, log: EmbeddedLog, stop: threading.Event
) -> None:
    receivers = Receivers(registry, lambda: datetime.now(UTC))

    @contextmanager
    def opened() -> Iterator[EmbeddedLog]:
        yield log

    parts = DispatcherParts(
        store=store,
        receivers=receivers,
        log=opened,
        prepare=lambda _log, _now: Prepared(),
        carriers=carriers(settings, registry),
        chance=lambda: 0.5,
    )
    with Dispatcher(parts) as dispatcher:
        keep_dispatching(dispatcher, lambda: datetime.now(UTC), EVERY_SECONDS, pause=stop.wait)


def main() -> None:
    """Measure both ways, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--per-second", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    found = {}
    for name, one_hangs in (("one_hangs", True), ("none_hangs", False)):
        with TemporaryDirectory() as folder:
            found[name] = measure(Path(folder), per_second=given.per_second, seconds=given.seconds, one_hangs=one_hangs)
    if given.json:
        print(json.dumps(found))
        return
    for name, figures in found.items():
        print(name, ", ".join(f"{figure} {value:,}" for figure, value in figures.items()))


if __name__ == "__main__":
    main()
