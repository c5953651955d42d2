"""Delivering: everything that is due is sent, each receiver by itself, and what came of it is noted here and there."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from alerting import delivering
from alerting.delivering import EACH, Deliverer
from alerting.model import Channel, Notice
from alerting.outcomes import ACCEPTED, Carrier, Outcome
from alerting.receivers import Receivers
from alerting.store import AlertStore
from registry import contacts, endpoints
from registry.store import Registry
from tests.delivery_kit import (
    EMAIL,
    NAME,
    NOW,
    a_notice,
    contact,
    deliverer,
    facts_left,
    found,
    later,
    put,
    seeded,
    states,
    utc_now,
    webhook,
)
from tests.receiving_kit import answers, fails_at_random, mail_fails_at_random, mail_server, receiver
from tests.registry_kit import files_with


class Scripted:
    """A carrier that takes what it is told to, and remembers in which order."""

    def __init__(self, *hanging: str, outcome: Outcome = ACCEPTED) -> None:
        self.hanging = set(hanging)
        self.outcome = outcome
        self.released = asyncio.Event()
        self.flying: list[str] = []
        self.most_flying = 0
        self.sent: list[str] = []
        self._more = asyncio.Event()

    async def has_sent(self, count: int) -> None:
        """Wait until so many have been taken."""
        while len(self.sent) < count:
            self._more.clear()
            await self._more.wait()

    def lane(self, receiver: str) -> str:
        """Each by itself."""
        return receiver

    async def send(self, notice: Notice) -> Outcome:
        """Take it, or hang until released."""
        self.flying.append(notice.receiver)
        self.most_flying = max(self.most_flying, self.flying.count(notice.receiver))
        if notice.receiver in self.hanging:
            await self.released.wait()
        else:
            await asyncio.sleep(0)
        self.flying.remove(notice.receiver)
        self.sent.append(notice.id)
        self._more.set()
        return self.outcome

    async def close(self) -> None:
        """Nothing is open."""


def sending_by(books: tuple[AlertStore, Registry], carrier: Carrier) -> Deliverer:
    """A deliverer with one way out."""
    store, registry = books
    ways: dict[Channel, Carrier] = {"webhook": carrier}
    return Deliverer(store, ways, Receivers(registry, utc_now), chance=seeded(1))


async def test_one_that_hangs_delays_nobody_else(books: tuple[AlertStore, Registry]) -> None:
    """Of twenty endpoints one hangs with a hundred messages: all others have all of theirs before it gives way."""
    store, _ = books
    put(store, *(a_notice(n, receiver="hangs") for n in range(100)))
    put(store, *(a_notice(n, receiver=f"r-{n % 19}", at=later(minutes=-1)) for n in range(100, 290)))
    carrier = Scripted("hangs", outcome=ACCEPTED)
    deliver = asyncio.create_task(sending_by(books, carrier).deliver(lambda: NOW))
    async with asyncio.timeout(60):
        await carrier.has_sent(190)
    assert carrier.flying == ["hangs"] * EACH
    assert not deliver.done()
    carrier.released.set()
    assert (await deliver)["delivered"] == 290


async def test_a_server_gets_a_few_messages_at_a_time(books: tuple[AlertStore, Registry]) -> None:
    """However many wait for it, only so many are on their way at once."""
    put(books[0], *(a_notice(n, receiver="r") for n in range(20)))
    carrier = Scripted()
    await sending_by(books, carrier).deliver(lambda: NOW)
    assert carrier.most_flying == EACH
    assert len(carrier.sent) == 20


async def test_what_hangs_is_noted_by_a_later_call(books: tuple[AlertStore, Registry]) -> None:
    """Delivery can be asked to answer after a time: what is on its way is neither lost nor sent again."""
    store, _ = books
    put(store, a_notice(1, receiver="hangs"), a_notice(2, receiver="r"))
    carrier = Scripted("hangs")
    deliverer = sending_by(books, carrier)
    assert await deliverer.deliver(lambda: NOW, seconds=3) == {"delivered": 1}
    carrier.released.set()
    assert await deliverer.deliver(lambda: NOW) == {"delivered": 1}
    assert sorted(carrier.sent) == ["msg_1", "msg_2"]


async def test_what_was_broken_off_is_sent_again_when_its_lease_has_ended(books: tuple[AlertStore, Registry]) -> None:
    """A dispatcher that is stopped while something hangs leaves it to the next."""
    store, _ = books
    put(store, a_notice(1, receiver="hangs"))
    first = sending_by(books, Scripted("hangs"))
    await first.deliver(lambda: NOW, seconds=0.1)
    await first.close()
    second = Scripted()
    await sending_by(books, second).deliver(lambda: NOW)
    assert second.sent == []
    await sending_by(books, second).deliver(lambda: later(minutes=6))
    assert second.sent == ["msg_1"]


class Broken(Scripted):
    """A carrier with a fault."""

    async def send(self, notice: Notice) -> Outcome:
        """Break on one message."""
        if notice.id == "msg_1":
            raise KeyError("a fault of ours")
        return await super().send(notice)


async def test_a_fault_with_one_message_keeps_no_other_from_leaving(books: tuple[AlertStore, Registry]) -> None:
    """It is noted as failed with the kind of the fault, and tried again like any other."""
    store, _ = books
    put(store, a_notice(1, receiver="r"), a_notice(2, receiver="r"))
    assert await sending_by(books, Broken()).deliver(lambda: NOW) == {"waiting": 1, "delivered": 1}
    assert found(store, "msg_1").error == "an error of ours (KeyError)"


async def test_an_attempt_that_never_ends_is_broken_off(
    books: tuple[AlertStore, Registry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a channel does, its message comes back before the lease ends."""
    monkeypatch.setattr(delivering, "ATTEMPT_SECONDS", 0.05)
    put(books[0], a_notice(1, receiver="hangs"))
    assert await sending_by(books, Scripted("hangs")).deliver(lambda: NOW) == {"waiting": 1}


async def test_everything_arrives_though_a_third_fails_at_random(books: tuple[AlertStore, Registry]) -> None:
    """Webhooks and email, retried by the clock: each accepted once, none given up, a fact of each."""
    store, registry = books
    with receiver(fails_at_random(0.3, seed=2)) as partner, mail_server(mail_fails_at_random(0.3, seed=2)) as mail:
        ids = [webhook(registry, f"{partner.url}/{number}") for number in range(5)]
        person = contact(registry)
        put(store, *(a_notice(n, receiver=ids[n % 5]) for n in range(60)))
        put(store, *(a_notice(n, receiver=person.id, channel="email") for n in range(60, 80)))
        sender, now = deliverer(store, registry, mail.url), NOW
        while states(store)["waiting"]:
            await sender.deliver(lambda: now)  # noqa: B023 - called before it changes
            now = later(seconds=(now - NOW).total_seconds() * 2 + 10)
        await sender.close()
        assert sorted(partner.accepted) == sorted(f"msg_{n}" for n in range(60))
        names = [str(each["Message-ID"]) for each in mail.accepted]
        assert sorted(names) == sorted(f"<msg_{n}@engagement.example.org>" for n in range(60, 80))
        assert len(partner.got) > 70
    assert states(store) == {"delivered": 80}
    assert len(facts_left(store)) == 80


async def test_the_registry_hears_how_an_endpoint_is_doing(books: tuple[AlertStore, Registry]) -> None:
    """Since when it fails, and when it took something last."""
    store, registry = books
    with receiver(answers(500)) as partner:
        endpoint = webhook(registry, partner.url)
        put(store, a_notice(1, receiver=endpoint))
        sender = deliverer(store, registry)
        await sender.deliver(lambda: NOW)
        with registry.reading() as connection:
            assert endpoints.find(connection, endpoint).failing_since == NOW
        partner.answer = answers(204)
        await sender.deliver(lambda: later(minutes=1))
        await sender.close()
    with registry.reading() as connection:
        known = endpoints.find(connection, endpoint)
    assert (known.failing_since, known.last_delivered_at) == (None, later(minutes=1))


async def test_410_switches_an_endpoint_off(books: tuple[AlertStore, Registry]) -> None:
    """In the registry, with the reason; what waits for it is cancelled, and nothing more is sent to it."""
    store, registry = books
    with receiver(answers(410)) as partner:
        endpoint = webhook(registry, partner.url)
        put(store, *(a_notice(n, receiver=endpoint) for n in range(10)))
        sender = deliverer(store, registry)
        assert (await sender.deliver(lambda: NOW))["cancelled"] <= EACH
        await sender.deliver(lambda: later(days=1))
        await sender.close()
        assert len(partner.got) <= EACH
    assert states(store) == {"cancelled": 10}
    with registry.reading() as connection:
        known = endpoints.find(connection, endpoint)
    assert (known.switched_off_at, known.switched_off_reason) == (NOW, "the endpoint answered 410 Gone")


@pytest.mark.parametrize(("status", "until"), [(429, 3600), (503, 3600)])
async def test_an_endpoint_that_asks_for_time_gets_it(
    books: tuple[AlertStore, Registry], status: int, until: int
) -> None:
    """Retry-After holds for all that waits for it."""
    store, registry = books
    with receiver(lambda _got, _times: web.Response(status=status, headers={"Retry-After": str(until)})) as partner:
        endpoint = webhook(registry, partner.url)
        put(store, *(a_notice(n, receiver=endpoint) for n in range(20)))
        sender = deliverer(store, registry)
        await sender.deliver(lambda: NOW)
        before = len(partner.got)
        await sender.deliver(lambda: later(seconds=until - 1))
        assert len(partner.got) == before <= 2 * EACH
        partner.answer = answers(204)
        await sender.deliver(lambda: later(seconds=until + 1))
        await sender.close()
    assert states(store) == {"delivered": 20}


async def test_an_address_that_bounces_is_noted(books: tuple[AlertStore, Registry]) -> None:
    """The message is given up, and the contact is known to bounce until it has another address."""
    store, registry = books
    with mail_server() as mail:
        person = contact(registry)
        mail.refused_addresses[person.email] = "550 5.1.1 no such user"
        put(store, a_notice(1, receiver=person.id, channel="email"))
        sender = deliverer(store, registry, mail.url)
        await sender.deliver(lambda: NOW)
        await sender.close()
    assert (found(store, "msg_1").state, found(store, "msg_1").error) == ("dead", "SMTP 550")
    with registry.reading() as connection:
        assert contacts.find(connection, person.id).bouncing_since == NOW


async def test_the_alert_book_holds_no_name_and_no_address(books: tuple[AlertStore, Registry], tmp_path: Path) -> None:
    """Not even where a server repeats the address in its refusal: all bytes of the book are looked at."""
    store, registry = books
    with mail_server(lambda _name, _times: f"451 try later, {NAME} <{EMAIL}>") as mail:
        person = contact(registry)
        mail.refused_addresses[EMAIL] = f"550 5.1.1 <{EMAIL}> is not known here"
        other = contact(registry, email="other@quillfeather.example")
        put(store, a_notice(1, receiver=person.id, channel="email"), a_notice(2, receiver=other.id, channel="email"))
        sender = deliverer(store, registry, mail.url)
        await sender.deliver(lambda: NOW)
        await sender.close()
    assert states(store) == {"dead": 1, "waiting": 1}
    named = files_with(tmp_path, "Zebedee", "Quillfeather", "quillfeather", EMAIL)
    assert {name.partition("-")[0] for name in named.values()} == {"registry.db"}
    assert "alerts.db" in "".join(files_with(tmp_path, "SMTP 550").values())
