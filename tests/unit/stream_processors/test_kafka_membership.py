"""Workers that come and go, and a Kafka that does, or that asks who is there: work goes on, each record counts once."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from eventlog.base import LogAwayError, LogError
from eventlog.brokers.cluster import KafkaSecurity
from stream_processors.chunks import Chunk
from stream_processors.faust_app import EngagementApp
from tests.kafka_kit import PATIENCE, Checkpoints, Topic, an_app, eventually, running, with_agent
from tests.servers.kafka_server import KafkaNode, SecureKafka

QUICK = {"broker_session_timeout": 3.0, "broker_heartbeat_interval": 0.3, "broker_commit_interval": 0.1}


@pytest.fixture
def group(topic_prefix: str) -> str:
    """A consumer group that no other test uses."""
    return f"{topic_prefix}group"


def a_worker(topic: Topic, group: str, checkpoints: Checkpoints, seconds: float = 0.01) -> EngagementApp:
    """An app that takes a moment for each chunk."""

    async def work(chunk: Chunk) -> None:
        await checkpoints.apply(chunk, seconds)

    return with_agent(an_app(topic, group, checkpoints, **QUICK), topic, work)


async def has_partitions(app: EngagementApp, least: int = 1) -> None:
    """Wait until the app was given partitions."""
    await eventually(lambda: len(app.consumer.assignment()) >= least)


async def test_workers_that_come_and_go_apply_everything_once(
    kafka_servers: str, topic_prefix: str, group: str
) -> None:
    """A second worker that joins and leaves under load, again and again, leaves no gap and crashes nobody."""
    topic = Topic(kafka_servers, f"{topic_prefix}facts", 4)
    checkpoints = Checkpoints(topic)
    async with running(a_worker(topic, group, checkpoints)):
        for _ in range(5):
            await asyncio.to_thread(topic.send_numbers, 4_000)
            second = a_worker(topic, group, checkpoints)
            async with running(second):
                await has_partitions(second)
                goal = checkpoints.count + 500
                await asyncio.to_thread(topic.send_numbers, 1_000)
                await checkpoints.wait(goal)
        await checkpoints.wait(25_000)
        await eventually(lambda: topic.committed(group) == dict.fromkeys(range(4), 6_250))

    assert checkpoints.applied == topic.everything()


async def test_a_spare_worker_takes_over(kafka_servers: str, topic_prefix: str, group: str) -> None:
    """A worker that has no partitions, however long, gets those of one that leaves."""
    topic = Topic(kafka_servers, f"{topic_prefix}facts", 2)
    checkpoints = Checkpoints(topic)
    workers = [a_worker(topic, group, checkpoints) for _ in range(3)]
    async with running(*workers):
        await eventually(lambda: sorted(len(each.consumer.assignment()) for each in workers) == [0, 1, 1])
        topic.send_numbers(1_000)
        await checkpoints.wait(1_000)
        [spare] = [each for each in workers if not each.consumer.assignment()]
        poll_limit = spare.consumer._thread._consumer._max_poll_interval_ms / 1_000
        leaving = next(each for each in workers if each is not spare)
        await leaving.stop()
        await has_partitions(spare)
        await asyncio.to_thread(topic.send_numbers, 1_000)
        await checkpoints.wait(2_000)

    assert checkpoints.applied == topic.everything()
    assert poll_limit > 86_400  # Kafka's client leaves the group, for ever, when nothing was read for so long


async def test_work_goes_on_when_kafka_comes_back(own_kafka: KafkaNode, topic_prefix: str, group: str) -> None:
    """A broker that is away for seconds costs nothing but these: no crash, no gap, and both workers are there again."""
    topic = Topic(own_kafka.servers, f"{topic_prefix}facts", 4)
    checkpoints = Checkpoints(topic)
    workers = [a_worker(topic, group, checkpoints, 0.05) for _ in range(2)]
    async with running(*workers):
        topic.send_numbers(8_000)
        await checkpoints.wait(1_000)
        await asyncio.to_thread(own_kafka.stop)
        await asyncio.sleep(3)  # the outage
        await asyncio.to_thread(own_kafka.start)
        await asyncio.to_thread(topic.send_numbers, 2_000)
        await checkpoints.wait(10_000)
        await eventually(lambda: topic.committed(group) == dict.fromkeys(range(4), 2_500))
        await eventually(lambda: all(len(each.consumer.assignment()) == 2 for each in workers))

    assert checkpoints.applied == topic.everything()


async def test_a_stop_does_not_wait_for_kafka(own_kafka: KafkaNode, topic_prefix: str, group: str) -> None:
    """A worker stops before requests to Kafka give up although its broker is away and its agent hangs."""
    topic = Topic(own_kafka.servers, f"{topic_prefix}facts", 2)
    topic.send_numbers(10)
    at_work = asyncio.Event()

    async def hang(_: Chunk) -> None:
        at_work.set()
        await asyncio.Event().wait()

    app = with_agent(an_app(topic, group, Checkpoints(topic), **QUICK), topic, hang)
    async with running(app):
        async with asyncio.timeout(PATIENCE):
            await at_work.wait()
        await asyncio.to_thread(own_kafka.stop)
        async with asyncio.timeout(30):  # requests to Kafka give up after 40 s
            await app.stop()


def signing_in(secure: SecureKafka, password: str) -> KafkaSecurity:
    """How to speak to the secure door."""
    return KafkaSecurity("SASL_SSL", secure.mechanism, secure.username, password, Path(secure.ca_file))


async def test_chunks_arrive_over_tls_with_a_password(kafka_secure: SecureKafka, topic_prefix: str, group: str) -> None:
    """SASL_SSL with SCRAM-SHA-512 brings what an open door brings."""
    client = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": kafka_secure.mechanism,
        "sasl.username": kafka_secure.username,
        "sasl.password": kafka_secure.password,
        "ssl.ca.location": kafka_secure.ca_file,
    }
    topic = Topic(kafka_secure.servers, f"{topic_prefix}facts", 2, **client)
    topic.send_numbers(100)
    checkpoints = Checkpoints(topic)
    app = an_app(topic, group, checkpoints, signing_in(kafka_secure, kafka_secure.password))
    async with running(with_agent(app, topic, checkpoints.apply)):
        await checkpoints.wait(100)

    assert checkpoints.applied == topic.everything()


class Away:
    """Stands for a topic on servers that cannot be used."""

    name = "facts"

    def __init__(self, servers: str) -> None:
        self.servers = servers


async def start_of(servers: str, security: KafkaSecurity, caplog: pytest.LogCaptureFixture) -> LogError:
    """Why an app does not start there; nothing of it, nor of the log, contains the password."""
    app = an_app(Away(servers), "nobodys", lambda _: {}, security)
    with pytest.raises(LogError) as caught:
        async with asyncio.timeout(PATIENCE), running(app):
            pass
    assert security.password is None or security.password not in f"{caught.value}{caplog.text}"
    assert not [each for each in caplog.records if each.exc_info]
    return caught.value


async def test_a_wrong_password_is_told(kafka_secure: SecureKafka, caplog: pytest.LogCaptureFixture) -> None:
    """Who may not sign in reads which settings to check, and starts nothing."""
    caplog.set_level(logging.INFO)
    error = await start_of(kafka_secure.servers, signing_in(kafka_secure, "guessed-wrongly"), caplog)

    assert "refuses to let us in" in str(error)
    assert "ENGAGEMENT_KAFKA_PASSWORD" in str(error)


async def test_an_unknown_authority_is_told(kafka_secure: SecureKafka, caplog: pytest.LogCaptureFixture) -> None:
    """A server whose certificate nobody vouches for is not trusted."""
    security = replace(signing_in(kafka_secure, "whatever-it-is"), ca_file=None)
    error = await start_of(kafka_secure.servers, security, caplog)

    assert "ENGAGEMENT_KAFKA_CA_FILE" in str(error)


async def test_speaking_tls_to_an_open_door_is_told(kafka_servers: str, caplog: pytest.LogCaptureFixture) -> None:
    """A server that does not speak TLS does not hang a start that does."""
    error = await start_of(kafka_servers, KafkaSecurity("SSL"), caplog)

    assert "ENGAGEMENT_KAFKA_SECURITY_PROTOCOL" in str(error) or isinstance(error, LogAwayError)


async def test_a_broker_that_is_not_there_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody at the address ends the start with one sentence about it."""
    error = await start_of("127.0.0.1:1", KafkaSecurity(), caplog)

    assert isinstance(error, LogAwayError)
    assert "127.0.0.1:1 cannot be reached" in str(error)
