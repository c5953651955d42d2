"""The demonstration: it deletes only what it made itself, publishes in order, and has a name for everybody."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from engagement.demonstration import MARKER, Demonstration, DemonstrationError, simulation, stream
from engagement.settings import Settings
from engagement.supervising import Supervisor
from engagement.wiring import Wiring
from eventlog.facts import FACTS_TOPIC
from eventlog.locks import worker_lock
from learning.calendar import uk_day
from learning.events import Fact, decode, encode
from learning.facts import DayStarted, Enrolled, ParticipantMerged
from producers.simulation.names import invented
from producers.simulator import simulate
from registry import people
from tests.builders import at, enrolled, make


def start(folder: Path, **settings: str) -> None:
    """Begin a demonstration that is expected to be refused."""
    stream(Wiring(Settings(data_dir=folder, **settings)), simulation(33), lambda _: None)


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """What has no marker of a demonstration is neither deleted nor written to."""
    (tmp_path / "log.db").write_text("precious")
    with pytest.raises(DemonstrationError, match="not made by a demonstration"):
        start(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["log.db"]


def test_a_demonstration_that_is_in_use_is_left_alone(tmp_path: Path) -> None:
    """While a worker runs in the folder, it is not deleted under its feet."""
    (tmp_path / MARKER).touch()
    with worker_lock(tmp_path), pytest.raises(DemonstrationError, match="stop it"):
        start(tmp_path)
    assert (tmp_path / MARKER).exists()


@pytest.mark.parametrize("setting", [{"broker": "kafka://kafka:9092"}, {"database": "postgresql://postgres/live"}])
def test_invented_participants_are_kept_out_of_shared_servers(tmp_path: Path, setting: dict[str, str]) -> None:
    """Where Kafka or a database is configured, the demonstration says so before it does anything."""
    with pytest.raises(DemonstrationError, match="unset ENGAGEMENT_BROKER"):
        start(tmp_path / "demo", **setting)
    assert not (tmp_path / "demo").exists()


FIRST_DAY = date(2025, 10, 13)


@contextmanager
def begun(folder: Path, facts: Iterable[Fact] | None = None) -> Iterator[tuple[Demonstration, Wiring]]:
    """A demonstration of these facts, else of few participants, without a worker; it has published nothing."""
    wiring = Wiring(Settings(data_dir=folder, partitions=1))
    stream = simulate(simulation(33), wiring.curriculum()) if facts is None else iter(facts)
    with wiring.log_to_append() as log, Supervisor(lambda part: pytest.fail(f"{part} is not needed")) as supervisor:
        yield Demonstration(wiring, log, supervisor, stream), wiring


def on_the_log(wiring: Wiring) -> list[Fact]:
    """All facts in their order."""
    with wiring.log() as log:
        end = log.end_offsets(FACTS_TOPIC)[0]
        return [decode(each.value) for each in log.read(FACTS_TOPIC, 0, 0, end)]


def test_days_are_published_one_by_one_as_they_became_known(tmp_path: Path) -> None:
    """A day starts, then comes what became known up to its end, and nothing of the next; nothing comes twice."""
    with begun(tmp_path) as (demonstration, wiring):
        first = demonstration.publish_day(FIRST_DAY)
        second = demonstration.publish_day(FIRST_DAY + timedelta(days=1))
        facts = on_the_log(wiring)
    assert len(facts) == first + second + 2
    days = [place for place, each in enumerate(facts) if isinstance(each.data, DayStarted)]
    assert days == [0, first + 1]
    assert {uk_day(each.recordedtime) for each in facts[first + 1 :]} == {FIRST_DAY + timedelta(days=1)}
    assert max(uk_day(each.recordedtime) for each in facts[: first + 1]) == FIRST_DAY
    assert len({each.identity for each in facts}) == len(facts)


def test_everybody_has_a_name_and_keeps_it_under_another_id(tmp_path: Path) -> None:
    """Each participant has an invented person in the registry; an id that is replaced, even twice, makes no other."""
    facts = [
        enrolled(participant="p-1", enrolment="e-1"),
        enrolled(participant="p-2", enrolment="e-2"),
        make(ParticipantMerged(retired="p-1", into="p-3"), at(8), enrolment="e-1", participant="p-1"),
        make(ParticipantMerged(retired="p-3", into="p-4"), at(15), enrolment="e-1", participant="p-1"),
    ]
    with begun(tmp_path, facts) as (demonstration, wiring):
        for fact in facts:
            demonstration.publish_day(uk_day(fact.recordedtime))
        with wiring.registry() as registry, registry.reading() as connection:
            found = people.profiles(connection, ["p-1", "p-2", "p-3", "p-4"])
    ann, ben = invented("p-1"), invented("p-2")
    assert {each: (one.name, one.email) for each, one in found.items()} == dict.fromkeys(["p-1", "p-3", "p-4"], ann) | {
        "p-2": ben
    }


def test_a_name_is_never_on_the_log(tmp_path: Path) -> None:
    """Only the registry knows it."""
    with begun(tmp_path) as (demonstration, wiring):
        demonstration.publish_day(FIRST_DAY)
        written = b"".join(encode(each) for each in on_the_log(wiring))
        participants = {each.data.participant for each in on_the_log(wiring) if isinstance(each.data, Enrolled)}
    assert len(participants) > 10
    for each in participants:
        assert invented(each).name.encode() not in written
    assert b"@" not in written
