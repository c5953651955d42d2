"""The one module that knows which parts there are and opens them: commands ask here for the log and the projections.

What only reads never makes a file: on an empty data folder it says what to run first.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING

from alerting.store import AlertStore
from engagement.alert_parts import alert_place, alerts_if_any, configured_mailer, has_alerts
from engagement.opened_once import OpenedOnce
from engagement.settings import Settings
from eventlog.base import EventLog
from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC
from eventlog.lake.lake import Lake
from eventlog.locks import WorkerRunningError, worker_lock
from learning.curriculum import Curriculum
from learning.errors import EngagementError
from projections.curriculum_files import load_curriculum
from projections.live import LiveProjections
from projections.rulebook import Rulebook, RulebookFolders, load_rulebook
from projections.store import Checkpoint, Store
from registry.store import PostgresqlDatabase, Registry
from stream_processors.day_clock import utc_now
from stream_processors.deployment import live_projections, opened_log

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from dashboard.parts import Parts
    from producers.register.column_maps import ColumnMap
    from stream_processors.app import Pipeline


class NothingThereError(EngagementError):
    """The data folder does not hold what a command reads; the message says what to run first."""


class Wiring:
    """The parts of the application, for one data folder."""

    def __init__(self, settings: Settings) -> None:
        """Remember the settings; nothing is opened yet."""
        self.settings = settings

    @contextmanager
    def log(self) -> Iterator[EventLog]:
        """The log, to read what is there.

        Raises:
            NothingThereError: There is no log in the data folder.
            LogError: Kafka cannot be reached, or has not got our topics.
        """
        settings = self.settings
        if settings.broker:
            with opened_log(settings) as log:
                yield log
            return
        if settings.log_path.exists():
            with EmbeddedLog(settings.log_path) as log:
                if FACTS_TOPIC in log.topics():
                    yield log
                    return
        raise self._no_log()

    @contextmanager
    def log_to_append(self) -> Iterator[EventLog]:
        """The log, made with its topics when it is a file that is not there."""
        with opened_log(self.settings) as log:
            yield log

    def log_opened_once(self) -> OpenedOnce[EventLog]:
        """The log to append, for whoever needs it again and again; close it at the end."""
        return OpenedOnce(self.log_to_append)

    def live(self) -> LiveProjections:
        """The projections, which are there once a worker has run.

        Raises:
            NothingThereError: Nothing has been processed.
        """
        settings = self.settings
        if not settings.broker and not settings.log_path.exists():
            raise self._no_log()
        if not self.has_projections():
            where = "the database" if settings.database else settings.data_dir
            raise NothingThereError(
                f"nothing has been processed in {where} yet; "
                "run `engagement worker --until-caught-up` first, or name another folder with --data-dir"
            )
        return live_projections(settings)

    def live_or_new(self) -> LiveProjections:
        """The projections, made when they are not there: for a rebuild, which needs only the log."""
        return live_projections(self.settings)

    def has_projections(self) -> bool:
        """Whether a worker has ever run here: then there is a live store."""
        return live_projections(self.settings).exists()

    def positions(self) -> dict[int, Checkpoint]:
        """How far each partition is in the projections; empty when nothing has been processed."""
        if not self.has_projections():
            return {}
        with self.store() as store:
            return store.checkpoints()

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The live projections, to read.

        Raises:
            NothingThereError: Nothing has been processed.
        """
        with self.live().open() as store:
            yield store

    def lake(self) -> Lake:
        """The lake, once a worker has written to it.

        Raises:
            NothingThereError: There is none in its folder.
        """
        lake = Lake(self.settings.lake_path)
        if not lake.partitions():
            raise NothingThereError(
                f"there is no lake in {lake.folder} yet; run `engagement worker --until-caught-up` with "
                "ENGAGEMENT_ARCHIVE on, or name another folder with --data-dir or ENGAGEMENT_LAKE_DIR"
            )
        return lake

    @contextmanager
    def models(self, as_of: date | None = None, known_at: date | None = None) -> "Iterator[DuckDBPyConnection]":
        """The analysts' models over the lake, with what the projections decided about risk, if there are any.

        Args:
            as_of: The day as of which to measure, or a time on it; see `analytics.connect`.
            known_at: The day before which facts were recorded, or a time on it.

        Raises:
            NothingThereError: There is no lake.
            LakeError: It cannot be read.
        """
        from analytics import connect  # noqa: PLC0415 - DuckDB and pandas are slow to load; few commands need them
        from analytics.decisions import decisions_of  # noqa: PLC0415 - as above

        lake, decisions = self.lake(), None
        if self.has_projections():
            with self.store() as store:
                decisions = decisions_of(store)
        connection = connect(
            self.settings.data_dir,
            as_of=_day(as_of),
            known_at=_day(known_at),
            decisions=decisions,
            lake_dir=lake.folder,
        )
        with closing(connection):
            yield connection

    def registry(self, *, to_read: bool = False) -> Registry:
        """The registry of people, accounts and the audit trail, made when it is not there; close it at the end.

        Raises:
            NothingThereError: Only asked `to_read`, and there is none.
            RegistryError: It cannot be opened.
        """
        settings = self.settings
        if settings.database is not None:
            return Registry(PostgresqlDatabase(settings.database.get_secret_value()))
        path = settings.data_dir / "registry.db"
        if to_read and not path.exists():
            raise NothingThereError(
                f"there is no registry in {settings.data_dir} yet; `engagement access grant` and "
                "`engagement people import` make it, or name another folder with --data-dir"
            )
        return Registry(path)

    def alert_store(self, *, to_read: bool = False) -> AlertStore:
        """The alert book, made when it is not there; close it at the end.

        Raises:
            NothingThereError: Only asked `to_read`, and there is none in the data folder.
            RegistryError: It cannot be opened.
        """
        place = alert_place(self.settings)
        if to_read and not has_alerts(place):
            raise NothingThereError(
                f"no alerts have been made in {self.settings.data_dir} yet; run `engagement dispatcher --once`, or "
                "name another folder with --data-dir"
            )
        return AlertStore(place)

    def dashboard_parts(self) -> "Parts":
        """What the dashboard stands on; the registry and the log stay open as long as this process runs.

        Raises:
            RegistryError: The registry cannot be opened.
            EngagementError: A programme or a policy has a fault.
        """
        from dashboard.parts import (  # noqa: PLC0415 - the web framework is slow to load; few commands need it
            AlertTerms,
            Mail,
            Parts,
        )

        settings, mail = self.settings, configured_mailer(self.settings)
        return Parts(
            live=self.live_or_new(),
            registry=self.registry(),
            rulebook=RulebookFolders(settings.programmes_dir, settings.policies_dir).current,
            log=self.log_opened_once(),
            models=self.models,
            now=utc_now,
            public_url=settings.public_url,
            names=settings.names,
            lake=lambda: Lake(settings.lake_path),
            column_map=self.column_map,
            alerts=alerts_if_any(settings),
            alert_terms=AlertTerms(settings.alerts == "on", settings.alert_policy),
            mail=Mail(mail, settings.mail_from) if mail else None,
        )

    def column_map(self, partner: str) -> "ColumnMap":
        """How a delivery partner's sheets say things: by the map that the data folder keeps for it, if it does.

        Raises:
            ColumnMapError: The map is wrong.
        """
        from producers.register.column_maps import ColumnMap, partner_column_map  # noqa: PLC0415 - it loads openpyxl

        folder = self.settings.data_dir / "registers"
        kept = folder / f"{partner}.toml"
        # an id may have a `/`, and then it is no name of a file
        return partner_column_map(self.settings.data_dir, partner) if kept in folder.glob("*.toml") else ColumnMap()

    def curriculum(self) -> Curriculum:
        """The programmes that come with the product and those in the data folder."""
        return load_curriculum(self.settings.programmes_dir)

    def rulebook(self) -> Rulebook:
        """The programmes and policies that come with the product and those in the data folder."""
        return load_rulebook(self.settings.programmes_dir, self.settings.policies_dir)

    def pipeline(self) -> "Pipeline":
        """The Faust app, ready to run.

        Raises:
            WorkerRunningError: Another worker reads this embedded log. Said at once, before Faust is loaded.
        """
        if not self.settings.broker:
            with worker_lock(self.settings.data_dir):
                pass
        from stream_processors.app import Pipeline  # noqa: PLC0415 - Faust takes a second to load; only workers need it

        return Pipeline(self.settings)

    def worker_runs(self) -> bool:
        """Whether a worker, on Kafka at least one, reads this log at the moment."""
        settings = self.settings
        if settings.broker:
            from eventlog.brokers.groups import has_members  # noqa: PLC0415 - its client is slow to load, and rarely needed

            return has_members(settings.kafka_cluster(), settings.group)
        if not (settings.data_dir / "worker.lock").exists():
            return False
        try:
            with worker_lock(settings.data_dir):
                return False
        except WorkerRunningError:
            return True

    def _no_log(self) -> NothingThereError:
        return NothingThereError(
            f"there is no log in {self.settings.data_dir} yet; run `engagement demo`, load data with "
            "`engagement import`, or name another folder with --data-dir"
        )


def _day(day: date | None) -> date | None:
    """The day itself, of an option that is read as a time."""
    return day.date() if isinstance(day, datetime) else day
