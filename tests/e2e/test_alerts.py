"""Alerts through all parts: a real worker decides, the dispatcher tells, and nothing is told again by a rebuild."""

import json
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from alerting import schema
from engagement.demo_alerts import MAILBOX, DemoAlerts, demo_alerts
from engagement.demonstration import UNTIL, running, simulation
from engagement.settings import Settings
from engagement.wiring import Wiring
from projections.schema import enrolment_progress
from registry import people
from tests.command_line import Cli
from tests.registry_kit import files_with

PARTICIPANTS = 150


def emails(wiring: Wiring) -> int:
    """How many there are in the folder."""
    return len(list((wiring.settings.data_dir / MAILBOX / "new").iterdir()))


def sent(wiring: Wiring, alerts: DemoAlerts) -> tuple[int, int]:
    """How many emails there are, and how many webhooks came, each as often as it did."""
    return emails(wiring), sum(alerts.receiver.requests.values())


def names(wiring: Wiring) -> list[str]:
    """Of all participants."""
    with wiring.store() as store, store.connect() as connection:
        participants = set(connection.scalars(select(enrolment_progress.c.participant)))
    with wiring.registry() as registry, registry.reading() as connection:
        return list(people.names(connection, participants).values())


def test_partners_are_told_once_and_a_rebuild_tells_nobody(tmp_path: Path) -> None:
    """Digests in the folder, signed webhooks at the receiver; after a full rebuild, and again, not one more."""
    wiring = Wiring(Settings(data_dir=tmp_path / "demo"))
    with running(wiring, simulation(PARTICIPANTS)) as demonstration, demo_alerts(wiring) as alerts:
        demonstration.stream(UNTIL, lambda _: None)
        first = alerts.tell(UNTIL)
        demonstration.catch_up()
        assert first.delivered == first.planned == sum(sent(wiring, alerts)) > 0
        assert emails(wiring) > 0
        assert (first.facts, alerts.receiver.refused) == (_tellings(wiring), 0)
        before = sent(wiring, alerts)
        assert Cli(tmp_path / "demo")("rebuild").code == 0
        again = alerts.tell(UNTIL)
        assert (again.planned, again.delivered, sent(wiring, alerts)) == (0, 0, before)
        next_day = alerts.tell(UNTIL + timedelta(days=1))  # a Saturday
        assert (next_day.delivered, sent(wiring, alerts)) == (0, before)
        told = alerts.sent()
    assert told.digest is not None
    assert "participant" in str(told.digest_subject)
    assert told.webhook["data"]["count"] >= 1
    assert files_with(tmp_path / "demo" / MAILBOX, *names(wiring)) == {}
    found = files_with(tmp_path / "demo", *names(wiring))
    assert not [name for name in found.values() if name.startswith("alerts.db")]


def _tellings(wiring: Wiring) -> int:
    with wiring.alert_store(to_read=True) as store, store.reading() as connection:
        return len(connection.execute(select(schema.notice_alert.c.alert)).all())


def test_a_turn_on_an_empty_folder_says_that_it_is_a_dry_run(cli: Cli) -> None:
    """Alerts are off until somebody switches them on, and the command says so."""
    ran = cli("dispatcher", "--once")
    assert ran.code == 0
    assert "nothing was sent" in ran.err
    turn = json.loads(cli("dispatcher", "--once", "--json").out)
    assert turn == dict.fromkeys(turn, 0)
