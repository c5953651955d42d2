"""The parts of alerting, by the settings: the alert book, the ways out, and what the dispatcher stands on."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING

from alerting.addresses import networks
from alerting.channels.chat import ChatCarrier
from alerting.channels.email import EmailCarrier
from alerting.channels.smtp import Mailer, mailer
from alerting.dispatcher import DispatcherParts
from alerting.model import Channel
from alerting.outcomes import Carrier
from alerting.preparing import Preparation
from alerting.receivers import Receivers
from alerting.store import AlertStore
from engagement.opened_once import OpenedOnce
from engagement.settings import Settings
from registry.database import Place
from registry.store import PostgresqlDatabase, Registry
from stream_processors.day_clock import utc_now

if TYPE_CHECKING:
    from engagement.wiring import Wiring


def alert_place(settings: Settings) -> Place:
    """Where the alert book is: beside the log, or beside the registry in PostgreSQL."""
    if settings.database is not None:
        return PostgresqlDatabase(settings.database.get_secret_value())
    return settings.data_dir / "alerts.db"


def has_alerts(place: Place) -> bool:
    """Whether there is an alert book in a place; in PostgreSQL there is one as soon as somebody asks for it."""
    return not isinstance(place, Path) or place.exists()


def alerts_if_any(settings: Settings) -> Callable[[], AlertStore | None]:
    """The alert book, opened once it is there; it stays open as long as this process runs."""
    place = alert_place(settings)
    opened = OpenedOnce(lambda: AlertStore(place))
    return lambda: opened.get() if has_alerts(place) else None


def configured_mailer(settings: Settings) -> Mailer | None:
    """What takes email; None: the settings name neither a server nor a folder."""
    url = settings.smtp_url
    return mailer(None if url is None else url.get_secret_value(), settings.mailbox_dir)


def carriers(settings: Settings, registry: Registry) -> Callable[[], Mapping[Channel, Carrier]]:
    """Makes the ways on which messages leave, inside the event loop that uses them."""
    receivers, url = Receivers(registry, utc_now), settings.public_url

    def made() -> Mapping[Channel, Carrier]:
        from alerting.channels.webhook import WebhookCarrier  # noqa: PLC0415 - aiohttp is slow to load; few send

        allowed = networks(settings.webhook_private_networks)
        return {
            "email": EmailCarrier(
                receivers.contact, configured_mailer(settings), sender=settings.mail_from, public_url=url
            ),
            "webhook": WebhookCarrier(receivers.signed_endpoint, public_url=url, clock=utc_now, allowed=allowed),
            "chat": ChatCarrier(receivers.endpoint, public_url=url),
        }

    return made


@contextmanager
def dispatcher_parts(wiring: "Wiring") -> Iterator[DispatcherParts]:
    """What the dispatcher stands on, for the length of the block.

    Raises:
        EngagementError: The registry or the alert book cannot be opened, or a programme has a fault.
    """
    settings = wiring.settings
    log = wiring.log_opened_once()
    with closing(log), wiring.registry() as registry, wiring.alert_store() as store:
        yield DispatcherParts(
            store=store,
            receivers=Receivers(registry, utc_now),
            log=log,
            prepare=Preparation(
                store=store,
                registry=registry,
                live=wiring.live_or_new(),
                terms=wiring.curriculum().calendars["school-terms"],
                dry_run=settings.alerts == "dry-run",
                policy=settings.alert_policy,
            ),
            carriers=carriers(settings, registry),
            chance=SystemRandom().random,
        )
