"""What fault tests on real servers share: a deployment, appenders with a ledger, workers that are started again."""

import signal
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from random import Random
from shutil import copytree
from threading import Event

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from pydantic import SecretStr

from eventlog.base import EventLog, LogAwayError
from eventlog.facts import DEFAULT_PARTITIONS, FACTS_TOPIC, record_of
from eventlog.kafka import KafkaLog
from eventlog.rejects import REJECTS_TOPIC
from learning.events import Fact
from projections.curriculum_files import load_curriculum
from projections.decisions import RISK_TOPIC
from stream_processors.settings import WorkerSettings
from tests.fact_lives import lives, own_programmes
from tests.faults_kit import CHUNK_RECORDS, FULL, Worker

WORKERS = 3
UNCLOSED = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
"""For tests in which kafka-python finds nobody at home."""

OUTAGE_SECONDS = 30.0 if FULL else 8.0
PATIENCE_SECONDS = 1_200.0 if FULL else 180.0
LOOK_SECONDS = 0.05
_IMPATIENT_SECONDS = 5.0


def deployment(folder: Path, servers: str, database: str, prefix: str = "", copies: int = 1) -> WorkerSettings:
    """Our topics on Kafka, an empty PostgreSQL, and a folder with programmes of a user's own."""
    own_programmes(folder)
    settings = WorkerSettings(
        data_dir=folder,
        day_clock=False,
        archive=False,
        chunk_records=CHUNK_RECORDS,
        broker=f"kafka://{servers}",
        topic_prefix=prefix,
        database=SecretStr(database),
        replication=copies,
        min_insync_replicas=copies // 2 + 1,
    )
    partitions = {FACTS_TOPIC: DEFAULT_PARTITIONS, RISK_TOPIC: DEFAULT_PARTITIONS, REJECTS_TOPIC: 1}
    admin = AdminClient({"bootstrap.servers": servers, "log_level": 0})
    wanted = [NewTopic(f"{prefix}{topic}", number, copies) for topic, number in partitions.items()]
    for made in admin.create_topics(wanted).values():
        made.result(PATIENCE_SECONDS)
    with KafkaLog(settings.kafka_cluster()) as log:
        while not partitions.keys() <= log.topics().keys():  # the brokers hear of them one after the other
            time.sleep(LOOK_SECONDS)
    return settings


def load(settings: WorkerSettings, facts: int, seed: int) -> list[Fact]:
    """So many facts of the programmes of a deployment."""
    return lives(seed, facts, load_curriculum(settings.programmes_dir))


class Appender:
    """Appends facts in batches of random size, every fifth one again as after a lost answer, and notes each one's id.

    Whatever goes wrong with Kafka, it sends the same batch again until that is acknowledged.
    """

    def __init__(self, settings: WorkerSettings, number: int, facts: Sequence[Fact]) -> None:
        self._settings = settings
        self._number = number
        self._facts = facts
        self._wanted: SimpleQueue[int] = SimpleQueue()
        self._gave_up = Event()
        self.acknowledged: list[str] = []
        self.refused = 0
        """Appends that ended in an error."""

    def release(self, facts: int) -> None:
        """Let it append so many more."""
        self._wanted.put(facts)

    def finish(self, *, give_up: bool = False) -> None:
        """Let it append what is left, or nothing more, and end."""
        if give_up:
            self._gave_up.set()
        self._wanted.put(len(self._facts))

    def run(self) -> None:
        """Append until nothing is left."""
        random, facts = Random(self._number), iter(self._facts)
        identities = self._settings.data_dir / f"appender-{self._number}.db"
        patience = _IMPATIENT_SECONDS if self._number % 2 else 30.0
        with KafkaLog(self._settings.kafka_cluster(), identities, patience=patience) as log:
            while len(self.acknowledged) < len(self._facts) and not self._gave_up.is_set():
                released = islice(facts, self._wanted.get())
                while batch := list(islice(released, random.randint(1, 40))):
                    for _ in range(random.choice((1, 1, 1, 1, 2))):
                        self._append(log, batch)
                    if self._gave_up.is_set():
                        return
                    self.acknowledged += [fact.id for fact in batch]

    def _append(self, log: EventLog, batch: Sequence[Fact]) -> None:
        while not self._gave_up.is_set():
            try:
                log.append(FACTS_TOPIC, map(record_of, batch))
            except LogAwayError:
                self.refused += 1
            else:
                return


class Feed:
    """Two appenders at work, each on its half of the facts."""

    def __init__(self, settings: WorkerSettings, facts: Sequence[Fact]) -> None:
        self.appenders = [Appender(settings, number, facts[number::2]) for number in range(2)]
        self._threads = ThreadPoolExecutor(len(self.appenders), thread_name_prefix="appender")
        self._running: list[Future[None]] = [self._threads.submit(each.run) for each in self.appenders]

    def release(self, facts: int) -> None:
        """Let so many more be appended."""
        for each in self.appenders:
            each.release(facts // len(self.appenders))

    def finish(self) -> None:
        """Let all be appended that are left, and wait until they are acknowledged."""
        for each in self.appenders:
            each.finish()
        for running in self._running:
            running.result(PATIENCE_SECONDS)

    def close(self) -> None:
        """End; nothing is appended any more."""
        for each in self.appenders:
            each.finish(give_up=True)
        self._threads.shutdown()

    @property
    def acknowledged(self) -> Counter[str]:
        """The ledger: every id whose append was acknowledged."""
        return Counter(id_ for each in self.appenders for id_ in each.acknowledged)

    @property
    def refused(self) -> int:
        """How many appends ended in an error, and were repeated."""
        return sum(each.refused for each in self.appenders)


class Fleet:
    """Workers, each with a folder of its own as on a machine of its own, started again when they end by themselves."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._workers: dict[int, Worker] = {}
        self.ended: list[str] = []
        """The last words of workers that ended by themselves."""

    @property
    def numbers(self) -> list[int]:
        """The numbers of the workers that are to run."""
        return sorted(self._workers)

    def __getitem__(self, number: int) -> Worker:
        return self._workers[number]

    def start(self, number: int) -> None:
        """Start a worker."""
        folder = self._settings.data_dir / f"worker-{number}"
        copytree(self._settings.programmes_dir, folder / "programmes", dirs_exist_ok=True)
        self._workers[number] = Worker(self._settings.model_copy(update={"data_dir": folder}))

    def kill(self, number: int) -> None:
        """Kill -9 a worker; it is not started again."""
        self._workers.pop(number).kill()

    def stop(self, *numbers: int) -> list[int]:
        """Stop workers as a service manager does, with SIGTERM; answer their exit codes. They do not start again."""
        with ExitStack() as stopping:
            workers = [stopping.enter_context(self._workers.pop(number)) for number in numbers]
            for worker in workers:
                worker.signal(signal.SIGTERM)
            return [worker.ended() for worker in workers]

    def tend(self) -> None:
        """Start again whoever has ended."""
        for number, worker in list(self._workers.items()):
            if not worker.runs:
                self.ended.append(" ".join(worker.complained().splitlines()[-1:]))
                self.kill(number)
                self.start(number)

    def close(self) -> None:
        """Kill all."""
        for number in self.numbers:
            self.kill(number)
