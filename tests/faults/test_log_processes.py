"""Many processes on one log, and processes that die: nothing acknowledged is lost, nothing comes twice."""

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from textwrap import dedent

import pytest

from eventlog.base import EventLog
from eventlog.embedded import EmbeddedLog

PARTITIONS = 3
APPENDER = Path(__file__).with_name("appender.py")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log with the topic `facts`."""
    path = tmp_path / "log.db"
    with EmbeddedLog(path) as log:
        log.create_topic("facts", PARTITIONS)
    return path


def start(*command: str | Path) -> subprocess.Popen[str]:
    """Start Python in the project's folder, with its answers readable."""
    return subprocess.Popen(
        [sys.executable, *map(str, command)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def values(log: EventLog) -> Iterator[tuple[int, str]]:
    """The (partition, value) of every record, partition by partition, in order."""
    for partition in range(PARTITIONS):
        offset = 0
        while stored := log.read("facts", partition, offset, 500):
            yield from ((partition, each.value.decode()) for each in stored)
            offset += len(stored)


def test_eight_processes_append_while_one_reads(path: Path) -> None:
    """Of eight appenders at once no record is lost, doubled or out of order, and a reader beside them sees no gap."""
    seen: dict[int, list[bytes]] = {partition: [] for partition in range(PARTITIONS)}
    with ExitStack() as running, EmbeddedLog(path) as log:
        appenders = [running.enter_context(start(APPENDER, path, f"appender-{n}", "25", "20")) for n in range(8)]
        while sum(map(len, seen.values())) < 8 * 25 * 20:
            before = sum(map(len, seen.values()))
            for partition, got in seen.items():
                got += [stored.value for stored in log.read("facts", partition, len(got), 500)]
            if before == sum(map(len, seen.values())) and all(each.poll() is not None for each in appenders):
                break
        outputs = [each.communicate()[0] for each in appenders]
        assert [each.returncode for each in appenders] == [0] * 8, outputs
        assert log.verify() == {"facts": 8 * 25 * 20}
        assert [(partition, value.decode()) for partition in seen for value in seen[partition]] == list(values(log))

    by_appender: dict[tuple[int, str], list[int]] = {}
    for partition, got in seen.items():
        for name, number in (value.decode().split(":") for value in got):
            by_appender.setdefault((partition, name), []).append(int(number))
    assert all(numbers == sorted(set(numbers)) for numbers in by_appender.values())
    assert sum(map(len, by_appender.values())) == 8 * 25 * 20


def test_killed_appenders_lose_and_double_nothing(path: Path) -> None:
    """Killed at random and begun again: each acknowledged record is there once, no append in half, the chains hold."""
    seeded = random.Random(2024)
    acknowledged: set[str] = set()
    for turn in range(6):
        names = [f"appender-{turn % 3}-{n}" for n in range(3)]
        processes = [start(APPENDER, path, name, "100000", "5") for name in names]
        for process in processes:
            assert process.stdout is not None
            for _ in range(seeded.randrange(5, 150)):  # a random moment, counted in acknowledged records
                acknowledged.add(process.stdout.readline().strip())
        for process in processes:
            process.kill()
        for process in processes:
            with process:
                acknowledged.update(process.stdout.read().splitlines())

    with EmbeddedLog(path) as log:
        total = log.verify()["facts"]
        stored = Counter(value for _, value in values(log))

    assert total == len(stored) == stored.total()
    assert acknowledged <= stored.keys()
    assert all(count % 5 == 0 for count in Counter(value.split(":")[0] for value in stored).values())


def test_a_second_worker_is_refused_and_a_killed_one_is_replaced(tmp_path: Path) -> None:
    """A second worker ends at once with one sentence that names the first; after a kill -9 the next one may start."""
    work = "from pathlib import Path; from eventlog.locks import worker_lock\n"
    holding = f"{work}with worker_lock(Path({str(tmp_path)!r})): print('working', flush=True); input()"
    trying = f"{work}with worker_lock(Path({str(tmp_path)!r})): pass"
    with start("-c", holding) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "working\n"

        with start("-c", trying) as second:
            said = second.communicate()[0]
        assert second.returncode == 1
        assert f"Another worker (process {first.pid}) is already reading the log in {tmp_path}; stop it first" in said

        first.kill()
    with start("-c", trying) as third:
        assert third.communicate()[0] == ""
    assert third.returncode == 0


def test_a_full_disk_leaves_exactly_what_was_acknowledged(tmp_path: Path) -> None:
    """A disk that fills, at ten points, fails an append as a whole, in plain words, until there is space again."""
    script = dedent(
        """
        import random, resource, sys
        from pathlib import Path
        from eventlog.base import LogError, Record
        from eventlog.embedded import EmbeddedLog

        seeded = random.Random(5)
        for attempt in range(10):
            with EmbeddedLog(Path(sys.argv[1]) / f"{attempt}.db") as log:
                log.create_topic("facts", 3)
                acknowledged = 0
                resource.setrlimit(resource.RLIMIT_FSIZE, (seeded.randrange(80_000, 700_000), resource.RLIM_INFINITY))
                try:
                    while True:
                        log.append("facts", [Record(b"%d" % n, bytes(300)) for n in range(20)])
                        acknowledged += 20
                except LogError as error:
                    print(error)
                try:
                    log.append("facts", [Record(b"k", bytes(300_000))] * 3)
                except LogError as error:
                    print(error)
                assert sum(log.end_offsets("facts").values()) == acknowledged, acknowledged
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            with EmbeddedLog(Path(sys.argv[1]) / f"{attempt}.db") as log:
                assert log.verify() == {"facts": acknowledged}, acknowledged
                log.append("facts", [Record(b"k", b"after")])
                assert log.verify() == {"facts": acknowledged + 1}
        """
    )

    with start("-c", script, tmp_path) as child:
        said = child.communicate()[0].splitlines()

    assert child.returncode == 0, said
    assert len(said) == 20
    assert all("could not be written: the disk" in line and "free some space" in line for line in said)
