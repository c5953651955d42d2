"""Who is told of an alert: whom first, whom next when nobody answers, and which systems; by what they wish to hear of.

Contacts of the partner come in their places, then the lead provider's own. Who has unsubscribed gets no optional mail:
no flags and no resolved ones, but withdrawals that wait for the partner, and what others have left unanswered. An
address that refuses mail for good is nobody's, so the next contact is told.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from msgspec import Struct

from alerting.model import Alert
from learning.policy import LEVELS, Level
from registry.contacts import Contact
from registry.endpoints import Endpoint

Rung = tuple[Contact, ...]
"""Contacts who are told at the same time."""


class Ladder(Struct, frozen=True, kw_only=True):
    """Who is told of one alert."""

    first: Rung
    """They are told first, and reminded."""
    further: tuple[Rung, ...]
    """Then these, one rung after the other, while nobody answers; the lead provider's staff come last."""
    endpoints: tuple[Endpoint, ...]
    unreached: bool
    """Nobody at the partner is there for such an alert, though nobody wished to be spared it."""


class Directory:
    """The contacts and endpoints there are, by partner."""

    def __init__(self, contacts: Iterable[Contact], endpoints: Iterable[Endpoint]) -> None:
        """Keep those that can be reached."""
        self.contacts = {each.id: each for each in contacts if not each.removed_at and not each.bouncing_since}
        self.endpoints = {each.id: each for each in endpoints if not each.removed_at and not each.switched_off_at}
        self._contacts: defaultdict[str | None, list[Contact]] = defaultdict(list)
        self._endpoints: defaultdict[str | None, list[Endpoint]] = defaultdict(list)
        for contact in sorted(self.contacts.values(), key=attrgetter("place", "id")):
            self._contacts[contact.partner].append(contact)
        for endpoint in sorted(self.endpoints.values(), key=attrgetter("id")):
            self._endpoints[endpoint.partner].append(endpoint)
        self._ladders: dict[tuple[str, str, Level, str], Ladder] = {}

    def ladder(self, alert: Alert) -> Ladder:
        """Who is told of an alert."""
        kind = (alert.partner, alert.programme, alert.level, alert.matter)
        if kind not in self._ladders:
            self._ladders[kind] = self._ladder(alert)
        return self._ladders[kind]

    def _ladder(self, alert: Alert) -> Ladder:
        of_partner, systems = self._contacts[alert.partner], self._endpoints[alert.partner]
        wanting = [each for each in of_partner if _wants(each, alert)]
        told = [each for each in wanting if alert.matter == "withdrawal" or not each.unsubscribed_at]
        first = tuple(each for each in told if each.place == told[0].place)
        later = [each for each in wanting if not first or each.place > first[0].place]
        endpoints = [each for each in systems if _wants(each, alert)]
        listening: tuple[Contact | Endpoint, ...] = (
            *(each for each in of_partner if not each.unsubscribed_at),
            *systems,
        )
        return Ladder(
            first=first,
            further=(*_rungs(later), *_rungs([each for each in self._contacts[None] if _wants(each, alert)])),
            endpoints=(*endpoints, *(each for each in self._endpoints[None] if _wants(each, alert))),
            unreached=not first and not endpoints and not any(_covers(each, alert.programme) for each in listening),
        )


def _wants(receiver: Contact | Endpoint, alert: Alert) -> bool:
    return _covers(receiver, alert.programme) and LEVELS.index(alert.level) >= LEVELS.index(receiver.level)


def _covers(receiver: Contact | Endpoint, programme: str) -> bool:
    return not receiver.programmes or programme in receiver.programmes


def _rungs(contacts: Sequence[Contact]) -> Iterable[Rung]:
    return (tuple(some) for _, some in groupby(contacts, key=attrgetter("place")))
